"""Backlit: dense neural networks, lit from behind.

The public names. Nothing is loaded before it is used, so `import backlit` costs NumPy and little else.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from . import (
        activations,
        callbacks,
        config,
        constraints,
        datasets,
        errors,
        estimators,
        formats,
        initializers,
        inspect,
        layers,
        losses,
        metrics,
        models,
        ops,
        optimizers,
        random,
        regularizers,
    )
    from .config import set_random_seed
    from .errors import BacklitError
    from .inspect import check_gradients, diagnose, explain, numerical_gradient
    from .layers import Input
    from .models import Model, Sequential
    from .ops import abs
    from .tensor import (
        GradientTape,
        Tensor,
        Variable,
        arange,
        eye,
        full,
        linspace,
        ones,
        ones_like,
        zeros,
        zeros_like,
    )

MODULES = (
    "activations", "callbacks", "config", "constraints", "datasets", "errors", "estimators", "formats", "initializers",
    "inspect", "layers", "losses", "metrics", "models", "ops", "optimizers", "random", "regularizers",
)  # fmt: skip
HOMES = {
    **dict.fromkeys(("arange", "eye", "full", "linspace", "ones", "ones_like", "zeros", "zeros_like"), "tensor"),
    "abs": "ops",
    "BacklitError": "errors", "GradientTape": "tensor", "Input": "layers", "Model": "models", "Sequential": "models",
    "Tensor": "tensor", "Variable": "tensor", "check_gradients": "inspect", "diagnose": "inspect",
    "explain": "inspect", "numerical_gradient": "inspect", "set_random_seed": "config",
}  # fmt: skip

__all__ = [
    "BacklitError", "GradientTape", "Input", "Model", "Sequential", "Tensor", "Variable", "__version__", "abs",
    "activations", "arange", "callbacks", "check_gradients", "config", "constraints", "datasets", "diagnose",
    "errors", "estimators", "explain", "eye", "formats", "full", "initializers", "inspect", "layers", "linspace",
    "losses", "metrics", "models", "numerical_gradient", "ones", "ones_like", "ops", "optimizers", "random",
    "regularizers", "set_random_seed", "zeros", "zeros_like",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Load a public module, or the module a public name lives in, when it is first asked for."""
    if name in MODULES:
        return import_module(f".{name}", __name__)
    if name in HOMES:
        return getattr(import_module(f".{HOMES[name]}", __name__), name)
    if name in _ops():
        return getattr(import_module(".ops", __name__), name)
    from .errors import did_you_mean

    raise AttributeError(f"module 'backlit' has no attribute {name!r}.{did_you_mean(name, __all__)}")


def _ops() -> tuple[str, ...]:
    """The NumPy-like functions, which also stand at the top: `backlit.matmul`, `backlit.exp`."""
    return tuple(import_module(".ops", __name__).FUNCTIONS)


def __dir__() -> list[str]:
    return sorted({*__all__, *_ops()})
