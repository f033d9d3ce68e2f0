"""Handles to work with: Tensor, Variable, GradientTape, and the Trace that records a step."""

from .tape import GradientTape
from .tensor import Tensor, active, as_array, read
from .trace import Trace
from .variable import Variable, as_tensor

__all__ = ["GradientTape", "Tensor", "Trace", "Variable", "active", "as_array", "as_tensor", "read"]
