"""What the two estimators share: `fit`, `partial_fit`, the outputs of the network, and how a fitted one is kept.

A subclass says what its targets mean; the network is made by `network`, and trained by the model it is.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ..arrays import Array, using_floatx
from ..errors import DataError
from ..files import StrPath
from ..lints import passing_over
from . import frozen, network, settings
from .arithmetic import arithmetic
from .rows import Rows, dense, split, validation_rows, weighted
from .scikit import BaseEstimator, check_is_fitted, check_random_state, validate_data

PREDICT_ROWS = 256  # a row has the same outputs in a batch of any size


class NeuralNet(BaseEstimator):
    """The base of `NeuralNetClassifier` and `NeuralNetRegressor`, which document all arguments."""

    _supervised = "regressor"

    # What a subclass says

    def _learn_targets(self, y: Array, classes: Any) -> None:
        """Keep what the first targets say: labels, number of outputs."""
        raise NotImplementedError

    def _encoded(self, y: Array, dtype: str) -> Any:
        """Return the targets as the network takes them."""
        raise NotImplementedError

    def _outputs(self) -> tuple[tuple[int, ...], str, Any]:
        """Return the widths of the outputs, their activation, and the loss."""
        raise NotImplementedError

    def _class_weights(self, y: Array) -> Array | None:
        """Return a weight for each row by its class, or None."""
        return None

    # Fitting

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Any:  # fmt: skip
        """Train for `epochs` epochs, or until there is no more progress, and return the estimator.

        X: (n, features), an array, a sparse matrix or a DataFrame. y: (n,) or (n, outputs). `sample_weight` (n,):
        only the proportions matter, and rows of weight 0 are left out. `X_val`, `y_val` are rows to validate with;
        with `early_stopping` and without them `validation_fraction` of the rows are set aside.

        Arguments of the constructor that make no sense raise `ConfigError`, data that cannot be used `ValueError`
        (`DataError`, `LabelError` or scikit-learn's own).
        """
        goes_on = self.warm_start and hasattr(self, "model_")
        rows = self._checked(X, y, sample_weight, first=not goes_on)
        given = None
        if X_val is not None or y_val is not None:
            if X_val is None or y_val is None:
                raise DataError("X_val and y_val belong together. Expected both, or neither.")
            given = validation_rows(self, X_val, y_val, sample_weight_val)
        return self._train(rows, given, goes_on, self.epochs)

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, classes: Any = None) -> Any:
        """Train one epoch on these rows, going on where the last call ended."""
        goes_on = hasattr(self, "model_")
        rows = self._checked(X, y, sample_weight, first=not goes_on, classes=classes)
        return self._train(rows, None, goes_on, 1, stop=False)

    def _checked(self, X: Any, y: Any, sample_weight: Any, first: bool, classes: Any = None) -> Rows:
        settings.check(self)
        X, y = validate_data(
            self, X, y, reset=first, accept_sparse="csr", dtype="numeric", multi_output=True,
            y_numeric=self._supervised == "regressor",
        )  # fmt: skip
        y = self._checked_targets(y)
        weight = weighted(sample_weight, X)
        if first:
            self._learn_targets(y, classes)
        by_class = self._class_weights(y)
        if by_class is not None:
            weight = by_class if weight is None else weight * by_class
        return Rows(X, y, weight).without_zero_weights()

    def _checked_targets(self, y: Array) -> Array:
        return y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y

    def _train(self, rows: Rows, validation: Rows | None, goes_on: bool, epochs: int, stop: bool = True) -> Any:
        random = check_random_state(self.random_state)
        seed, split_seed = (int(n) for n in random.randint(2**31 - 1, size=2))
        if stop and self.early_stopping and validation is None:
            rows, validation = split(rows, self.validation_fraction, split_seed, self._supervised == "classifier")
        if not goes_on:
            self._begin(rows.X, seed, scored=self.early_stopping or validation is not None)
        dtype = self._design.dtype
        with arithmetic(dtype), passing_over("softmax-of-one"):  # data with one class are scikit-learn's habit
            x, target = dense(rows.X, dtype), self._encoded(rows.y, dtype)
            given = None
            if validation is not None:
                given = (dense(validation.X, dtype), self._encoded(validation.y, dtype), validation.weight)
            self.callbacks_ = self._callbacks(validation is not None, stop)
            history = self.model_.fit(
                x, target, batch_size=settings.batch_size(self, len(x)), epochs=epochs, verbose=self.verbose,
                callbacks=self.callbacks_, validation_data=given, validation_batch_size=PREDICT_ROWS,
                shuffle=self.shuffle, sample_weight=self._for_each_output(rows.weight),
            )  # fmt: skip
        self._keep(history.history, len(x))
        return self

    def _begin(self, X: Any, seed: int, scored: bool) -> None:
        """Make a new network and forget what was learned."""
        heads, out_activation, loss = self._outputs()
        dtype = settings.dtype(self, X)
        with using_floatx(dtype):
            self._design = network.Design(
                X.shape[1], settings.hidden_layers(self), heads, out_activation, loss, settings.optimizer(self),
                self.kernel_initializer, self.kernel_regularizer, bool(scored), dtype, seed,
            )  # fmt: skip
        self.model_ = network.built(self._design)
        self.history_: dict[str, list[float]] = {}
        self.n_iter_ = self.t_ = 0

    def _callbacks(self, validated: bool, stop: bool) -> list[Any]:
        """Return copies of the user's callbacks, and the one that ends the training."""
        from ..callbacks import EarlyStopping

        own = self.callbacks if isinstance(self.callbacks, (list, tuple)) else [self.callbacks]
        found = [copy.deepcopy(callback) for callback in own if callback is not None]
        if stop and self.n_iter_no_change is not None:
            watches = "val_loss" if validated and self.early_stopping else "loss"
            found.append(
                EarlyStopping(watches, self.tol, self.n_iter_no_change, restore_best_weights=watches == "val_loss")
            )
        return found

    def _for_each_output(self, weight: Array | None) -> Any:
        heads = len(self._design.heads)
        return weight if weight is None or heads == 1 else [weight] * heads

    def _keep(self, history: dict[str, list[float]], rows: int) -> None:
        """Add an account of this training to what is known of those before."""
        for name, values in history.items():
            self.history_[name] = [*self.history_.get(name, []), *values]
        epochs = len(history["loss"])
        self.n_iter_ += epochs
        self.t_ += epochs * rows
        self._describe()

    def _describe(self) -> None:
        """Set the attributes of scikit-learn's networks that follow from the design and the history."""
        design = self._design
        self.n_outputs_, self.n_layers_ = sum(design.heads), len(design.hidden) + 2
        self.out_activation_ = network.OUT_ACTIVATIONS[design.out_activation]
        self.loss_curve_ = self.history_["loss"]
        self.loss_ = self.loss_curve_[-1]
        self.validation_scores_ = self._validation_scores()
        self.best_validation_score_ = max(self.validation_scores_) if self.validation_scores_ else None
        self.best_loss_ = None if self.validation_scores_ else float(min(self.loss_curve_))

    def _validation_scores(self) -> list[float] | None:
        """Return accuracy or R² of the validation rows after each epoch (of several outputs the mean)."""
        curves = [v for k, v in self.history_.items() if k.startswith("val_") and k.endswith(("accuracy", "r2_score"))]
        return [float(np.mean(values)) for values in zip(*curves, strict=True)] if curves else None

    # Using

    def _forward(self, X: Any) -> list[Array]:
        """Return the outputs of the network for each head, (n, units)."""
        check_is_fitted(self, "model_")
        X = validate_data(self, X, reset=False, accept_sparse="csr", dtype="numeric")
        size = PREDICT_ROWS * 16 if hasattr(X, "toarray") else max(len(X), 1)
        with arithmetic(self._design.dtype):
            parts = [self._forward_rows(X[start : start + size]) for start in range(0, X.shape[0], size)]
        return [np.concatenate(columns) for columns in zip(*parts, strict=True)] if len(parts) > 1 else parts[0]

    def _forward_rows(self, X: Any) -> list[Array]:
        outputs = self.model_.predict(dense(X, self._design.dtype), batch_size=PREDICT_ROWS, verbose=0)
        return outputs if isinstance(outputs, list) else [outputs]

    @property
    def coefs_(self) -> list[Array]:
        """The kernel of each dense layer, (inputs, units); those of several outputs come last, in order."""
        return [layer.kernel.numpy() for layer in network.dense_layers(self._fitted_model())]

    @property
    def intercepts_(self) -> list[Array]:
        """The bias of each dense layer, (units,)."""
        return [layer.bias.numpy() for layer in network.dense_layers(self._fitted_model())]

    def _fitted_model(self) -> Any:
        if "model_" not in vars(self):
            raise AttributeError(f"This {type(self).__name__} is not fitted yet: call fit first.")
        return self.model_

    # Keeping

    def save(self, path: StrPath) -> None:
        """Write the fitted estimator to `path`, which ends in `.keras`: its network is a model that Keras opens, too.

        The file holds numbers and names, no code: `backlit.estimators.load` reads it. Callbacks and a random
        generator given as `random_state` are not kept. A function of your own raises `ConfigError`, a disk that
        refuses `ModelFileError`.
        """
        from .file import save

        save(self, path)

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())
        state.pop("callbacks_", None)  # they hold the model
        if "model_" in state:
            state["model_"] = frozen.freeze(self._design, self.model_)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if isinstance(state.get("model_"), frozen.Frozen):
            self.model_ = frozen.thaw(state["model_"])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = True
        return tags
