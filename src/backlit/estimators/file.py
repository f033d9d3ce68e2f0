"""Estimators in files: a `.keras` file of the network, with notes beside it that say what the estimator is.

Notes are plain JSON over a closed table of kinds; nothing of a file is ever run, and what does not fit is refused.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from .. import formats
from ..arrays import using_floatx
from ..errors import BacklitError, ConfigError, ModelFileError
from ..files import StrPath
from . import frozen, notes
from .classifier import NeuralNetClassifier
from .network import Design, Hidden, dense_layers
from .neural_net import NeuralNet
from .regressor import NeuralNetRegressor
from .targets import Question

KINDS: dict[str, type[NeuralNet]] = {
    "NeuralNetClassifier": NeuralNetClassifier, "NeuralNetRegressor": NeuralNetRegressor,
}  # fmt: skip
NOT_KEPT = ("callbacks",)
UNFIT = (BacklitError, TypeError, ValueError, LookupError, AttributeError, OverflowError, RecursionError)


def save(estimator: Any, path: StrPath) -> None:
    """Write a fitted estimator; see `NeuralNet.save`."""
    if "model_" not in vars(estimator):
        raise ConfigError(f"This {type(estimator).__name__} has nothing to save yet. Call fit first.")
    kind = next((name for name, cls in KINDS.items() if type(estimator) is cls), None)
    if kind is None:
        raise ConfigError(
            f"{type(estimator).__name__} is a class of your own. Expected one of {', '.join(KINDS)}: save its model_, "
            "or pickle it."
        )
    formats.save_model(estimator.model_, path, notes={"estimator": _described(estimator, kind)})


def load(path: StrPath) -> Any:
    """Return the fitted estimator in a file that `save` wrote: same predictions, and training goes on from there.

    A file that is damaged, hostile, or holds no estimator raises `ModelFileError`; no code of a file is run.

    >>> import os, tempfile
    >>> network = NeuralNetRegressor((4,), epochs=1, random_state=0).fit([[0.0], [1.0]], [0.0, 1.0])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     network.save(os.path.join(folder, "line.keras"))
    ...     again = load(os.path.join(folder, "line.keras"))
    >>> bool((again.predict([[0.5]]) == network.predict([[0.5]])).all())
    True
    """
    found = formats.read_notes(path).get("estimator")
    if not isinstance(found, dict) or str(found.get("kind")) not in KINDS:
        raise ModelFileError(f"{path} holds no estimator. Read it as a model: backlit.models.load_model.")
    try:
        with using_floatx(found["design"]["dtype"]):
            return _revived(found, formats.load_model(path))
    except ModelFileError:
        raise
    except UNFIT as error:
        raise ModelFileError(
            f"{path} describes an estimator that cannot be made ({error}). Use an intact copy."
        ) from None


def _described(estimator: Any, kind: str) -> dict[str, Any]:
    """Return what a fitted estimator is, as JSON-able data."""
    params = {name: value for name, value in estimator.get_params(deep=False).items() if name not in NOT_KEPT}
    if isinstance(params["random_state"], (np.random.RandomState, np.random.Generator)):
        params["random_state"] = None
    design = vars(estimator._design) | {"hidden": [list(vars(hidden).values()) for hidden in estimator._design.hidden]}
    about = estimator._question if kind == "NeuralNetClassifier" else estimator._targets
    return {
        "kind": kind,
        "params": {name: notes.written(value, name) for name, value in params.items()},
        "design": {name: notes.written(value, name) for name, value in design.items()},
        "targets": [about.sort, [notes.written(labels) for labels in about.classes]]
        if isinstance(about, Question)
        else about,
        "feature_names": notes.written(getattr(estimator, "feature_names_in_", None)),
        "history": notes.written(estimator.history_),
        "counts": [estimator.n_iter_, estimator.t_, estimator.model_.epochs_trained],
    }


def _revived(found: dict[str, Any], model: Any) -> Any:
    estimator: Any = KINDS[str(found["kind"])](**{name: notes.read(value) for name, value in found["params"].items()})
    fields: dict[str, Any] = {name: notes.read(value) for name, value in found["design"].items()}
    fields["hidden"] = tuple(Hidden(*settings) for settings in fields["hidden"])
    design = Design(**fields)
    _require_same_network(design, model)
    if isinstance(estimator, NeuralNetClassifier):
        sort, classes = found["targets"]
        estimator._question = Question(sort, tuple(notes.read(labels) for labels in classes))
        expected = estimator._question.heads, estimator._question.out_activation
    else:
        estimator._targets = found["targets"]  # type: ignore[attr-defined]
        expected = (found["targets"] or 1,), "linear"
    if (design.heads, design.out_activation) != expected:
        raise ConfigError(f"its outputs are {design.heads} {design.out_activation}, its targets need {expected}")
    iterations, seen, epochs_trained = (int(count) for count in found["counts"])
    slots = [np.array(v.numpy()) for v in model.optimizer.variables] if model.optimizer.built else None
    estimator._design, estimator.n_features_in_ = design, design.features
    estimator.model_ = frozen.thaw(frozen.Frozen(design, model.get_weights(), slots, epochs_trained))
    names = notes.read(found["feature_names"])
    if names is not None:
        estimator.feature_names_in_ = np.asarray(names, object).reshape(design.features)
    estimator.history_, estimator.n_iter_, estimator.t_ = notes.read(found["history"]), iterations, seen
    estimator._describe()
    return estimator


def _require_same_network(design: Design, model: Any) -> None:
    """Refuse notes that speak of other sizes than the network in the file has, before anything is made of them."""
    widths = [design.features, *(hidden.units for hidden in design.hidden)]
    expected = [*pairwise(widths), *((widths[-1], units) for units in design.heads)]
    have = [tuple(layer.kernel.shape) for layer in dense_layers(model)]
    if have != expected:
        raise ModelFileError(
            f"The notes in the file speak of layers {expected}, its network has {have}. Use a good copy."
        )
