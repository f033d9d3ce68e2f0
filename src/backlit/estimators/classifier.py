"""NeuralNetClassifier: a network that chooses between classes, with the face of a scikit-learn classifier.

Its neighbor `regressor` predicts numbers; what they share is in `neural_net`, what labels mean in `targets`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Array
from ..errors import ConfigError
from . import targets
from .neural_net import NeuralNet
from .scikit import ClassifierMixin, accuracy_score, check_is_fitted, compute_sample_weight


class NeuralNetClassifier(ClassifierMixin, NeuralNet):
    """A network of dense layers that learns classes by cross-entropy.

    Labels may be numbers or text. Two classes end in one sigmoid unit, more in a softmax; a `y` (n, labels) of 0 and 1
    asks yes or no for each label (multilabel), a `y` (n, outputs) with more classes ends in a softmax for each output.

    hidden_layer_sizes: units of each hidden layer, or one number; () for none, which is logistic regression.
    activation: of the hidden layers, a name or function of `backlit.activations`, or one for each layer.
    dropout: share of units dropped after each hidden layer in training, or one for each layer.
    batch_norm: whether to normalize by batch before each activation, or one answer for each layer.
    kernel_initializer, kernel_regularizer: as in `backlit.layers.Dense`.
    optimizer: a name, a class or an object of `backlit.optimizers`; the object is copied, never changed.
    learning_rate: a number or a schedule; None is the optimizer's own.
    batch_size: rows of a step; "auto" is 200, or all rows if there are fewer.
    epochs: at most so many times through the data in a `fit`.
    shuffle: whether each epoch takes the rows in another order.
    class_weight: a dict from label to weight, "balanced" for weights against the frequency of each class, or None.
    early_stopping: whether to set `validation_fraction` of the rows aside (in the same proportion of classes) and stop
        when their loss does not fall any more, with the weights of the best epoch.
    n_iter_no_change, tol: stop after so many epochs without a loss at least `tol` smaller: of the validation rows with
        `early_stopping`, else of the training. None never stops.
    callbacks: callbacks of `backlit.callbacks`; each `fit` works on copies, kept in `callbacks_`.
    warm_start: whether `fit` goes on with the weights of the last one.
    random_state: an integer makes `fit` repeat to the last bit, on any number of threads.
    dtype: "float32", "float64", or "auto": float64 for float64 data, float32 for all other.
    verbose: 0 silent, 1 a progress bar, 2 a line for each epoch.

    After `fit`: `classes_`, `n_features_in_`, `feature_names_in_`, `model_` (the network), `callbacks_`, `history_`
    (all curves by name), and the attributes of `MLPClassifier`: `coefs_`, `intercepts_`, `loss_`, `best_loss_` (None
    with validation), `loss_curve_`, `validation_scores_`, `best_validation_score_`, `n_iter_` (epochs), `t_` (rows
    seen), `n_layers_`, `n_outputs_`, `out_activation_`.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> network = NeuralNetClassifier(hidden_layer_sizes=(16,), learning_rate=0.01, random_state=0).fit(X, y)
    >>> network.score(X, y) > 0.95
    True
    """

    _supervised = "classifier"

    def __init__(
        self, hidden_layer_sizes: Any = (100,), activation: Any = "relu", *, dropout: Any = 0.0,
        batch_norm: Any = False, kernel_initializer: Any = "glorot_uniform", kernel_regularizer: Any = None,
        optimizer: Any = "adam", learning_rate: Any = None, batch_size: Any = "auto", epochs: int = 200,
        shuffle: bool = True, class_weight: Any = None, early_stopping: bool = False, validation_fraction: float = 0.1,
        n_iter_no_change: int | None = 10, tol: float = 1e-4, callbacks: Any = None, warm_start: bool = False,
        random_state: Any = None, dtype: str = "auto", verbose: Any = 0,
    ) -> None:  # fmt: skip
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.batch_norm = batch_norm
        self.kernel_initializer = kernel_initializer
        self.kernel_regularizer = kernel_regularizer
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.epochs = epochs
        self.shuffle = shuffle
        self.class_weight = class_weight
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.random_state = random_state
        self.dtype = dtype
        self.verbose = verbose

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> NeuralNetClassifier:
        """Train one epoch on these rows; the first call names all `classes` there will be (for several outputs a list).

        A first call without them raises `ConfigError`, unless `y` is multilabel; so does class_weight="balanced".
        """
        if classes is None and not hasattr(self, "model_") and targets.sort_of(y) != targets.MULTILABEL:
            raise ConfigError(
                "classes must be passed on the first call to partial_fit: all labels that will ever come."
            )
        if isinstance(self.class_weight, str):
            raise ConfigError(
                f"class_weight is {self.class_weight!r}, which needs all rows at once. Expected a dict from label to "
                "weight for partial_fit, or sample_weight."
            )
        return self._partial_fit(X, y, sample_weight, classes)

    def predict(self, X: Any) -> Array:
        """Return the most likely label of each row, (n,) or (n, outputs)."""
        outputs = self._forward(X)
        return self._question.decoded(outputs)

    def predict_proba(self, X: Any) -> Any:
        """Return the probability of each class, (n, classes) in the order of `classes_`.

        Multilabel: (n, labels), the probability of each label. Several outputs: a list of (n, classes).
        """
        outputs = self._forward(X)
        return self._question.probabilities(outputs)

    def predict_log_proba(self, X: Any) -> Any:
        """Return the logarithm of `predict_proba`; -inf where that is 0."""
        found = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            return [np.log(p) for p in found] if isinstance(found, list) else np.log(found)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the share of rows whose label, or whose labels all together, are right."""
        predicted = self.predict(X)
        if self._question.sort != targets.MULTIOUTPUT:
            return float(accuracy_score(y, predicted, sample_weight=sample_weight))
        return float(np.average((np.asarray(y) == predicted).all(axis=1), weights=sample_weight))

    @property
    def classes_(self) -> Any:
        """The labels in sorted order, (classes,); for several outputs a list of such arrays."""
        check_is_fitted(self, "_question", msg="This %(name)s instance is not fitted yet.")
        found = self._question.classes
        return list(found) if self._question.sort == targets.MULTIOUTPUT else found[0]

    def _checked_targets(self, y: Array) -> Array:
        return targets.checked(y)

    def _learn_targets(self, y: Array, classes: Any) -> None:
        self._question = targets.asked(y, classes)

    def _encoded(self, y: Array, dtype: str) -> Any:
        return self._question.encoded(y, dtype)

    def _outputs(self) -> tuple[tuple[int, ...], str, Any]:
        return self._question.heads, self._question.out_activation, None

    def _class_weights(self, y: Array) -> Array | None:
        return None if self.class_weight is None else compute_sample_weight(self.class_weight, y)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
