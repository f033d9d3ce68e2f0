"""NeuralNetRegressor: a network that predicts numbers, with the face of a scikit-learn regressor.

Its neighbor `classifier` chooses between classes; what they share is in `neural_net`.
"""

from __future__ import annotations

from typing import Any

from ..arrays import Array
from ..errors import ShapeError
from .neural_net import NeuralNet
from .scikit import RegressorMixin


class NeuralNetRegressor(RegressorMixin, NeuralNet):
    """A network of dense layers that learns one number for each row, or several (`y` of shape (n, outputs)).

    loss: a name, a function or an object of `backlit.losses`, one value per row.

    The other arguments and the attributes after `fit` are those of `NeuralNetClassifier`, but for the classes;
    `validation_scores_` are R². Bring inputs and targets to a scale of about 1 first: `StandardScaler`,
    `TransformedTargetRegressor`.

    >>> import numpy as np
    >>> X = np.linspace(-1, 1, 200)[:, None]
    >>> y = np.sin(3 * X[:, 0])
    >>> network = NeuralNetRegressor((32, 32), "tanh", learning_rate=0.01, batch_size=20, random_state=0).fit(X, y)
    >>> network.score(X, y) > 0.95
    True
    """

    _supervised = "regressor"

    def __init__(
        self, hidden_layer_sizes: Any = (100,), activation: Any = "relu", *, loss: Any = "mean_squared_error",
        dropout: Any = 0.0, batch_norm: Any = False, kernel_initializer: Any = "glorot_uniform",
        kernel_regularizer: Any = None, optimizer: Any = "adam", learning_rate: Any = None, batch_size: Any = "auto",
        epochs: int = 200, shuffle: bool = True, early_stopping: bool = False, validation_fraction: float = 0.1,
        n_iter_no_change: int | None = 10, tol: float = 1e-4, callbacks: Any = None, warm_start: bool = False,
        random_state: Any = None, dtype: str = "auto", verbose: Any = 0,
    ) -> None:  # fmt: skip
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.loss = loss
        self.dropout = dropout
        self.batch_norm = batch_norm
        self.kernel_initializer = kernel_initializer
        self.kernel_regularizer = kernel_regularizer
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.epochs = epochs
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.random_state = random_state
        self.dtype = dtype
        self.verbose = verbose

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> NeuralNetRegressor:
        """Train one epoch on these rows, going on where the last call ended."""
        return self._partial_fit(X, y, sample_weight)

    def predict(self, X: Any) -> Array:
        """Return the prediction for each row, (n,), or (n, outputs) if it was fitted with a `y` of two axes."""
        found = self._forward(X)[0]
        return found[:, 0] if self._targets is None else found

    def _learn_targets(self, y: Array, classes: Any) -> None:
        self._targets = None if y.ndim == 1 else y.shape[1]

    def _encoded(self, y: Array, dtype: str) -> Any:
        columns = y.reshape(len(y), -1)
        if columns.shape[1] != (self._targets or 1):
            raise ShapeError(f"y has shape {y.shape}. Expected {self._targets or 1} targets for each row, as before.")
        return columns.astype(dtype)

    def _outputs(self) -> tuple[tuple[int, ...], str, Any]:
        return (self._targets or 1,), "linear", self.loss
