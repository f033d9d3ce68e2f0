"""`keras` itself: models, `Input`, and what stands at the top."""

from __future__ import annotations

from ..layers import Input, Layer
from ..losses import Loss
from ..metrics import Metric
from ..models import Model, Sequential
from ..optimizers import Optimizer
from ..regularizers import Regularizer
from ..tensor import Variable

__all__ = ["Input", "Layer", "Loss", "Metric", "Model", "Optimizer", "Regularizer", "Sequential", "Variable"]
