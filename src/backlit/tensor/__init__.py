"""Handles to work with: Tensor, Variable, GradientTape, and the Trace that records a step."""

from .creation import arange, eye, full, linspace, ones, ones_like, zeros, zeros_like
from .tape import GradientTape
from .tensor import Tensor, active, as_array, read
from .trace import Trace
from .variable import Variable, as_tensor

__all__ = [
    "GradientTape", "Tensor", "Trace", "Variable", "active", "arange", "as_array", "as_tensor", "eye", "full",
    "linspace", "ones", "ones_like", "read", "zeros", "zeros_like",
]  # fmt: skip
