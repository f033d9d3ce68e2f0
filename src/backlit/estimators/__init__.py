"""Estimators for scikit-learn: a network with `fit`, `predict` and `score`, for pipelines and searches.

They need the extra `sklearn`, which is loaded when one of these names is first used; the networks inside are models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from .classifier import NeuralNetClassifier
    from .file import load
    from .regressor import NeuralNetRegressor

__all__ = ["NeuralNetClassifier", "NeuralNetRegressor", "load"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'backlit.estimators' has no attribute {name!r}.{did_you_mean(name, __all__)}")
    try:
        from . import classifier, file, regressor
    except ImportError as error:
        raise ConfigError(
            f"backlit.estimators.{name} needs scikit-learn 1.6 or newer ({error}). "
            'Run `pip install "backlit[sklearn]"`.'
        ) from error
    found: dict[str, Any] = {
        "NeuralNetClassifier": classifier.NeuralNetClassifier,
        "NeuralNetRegressor": regressor.NeuralNetRegressor,
        "load": file.load,
    }
    return found[name]


def __dir__() -> list[str]:
    return sorted(__all__)
