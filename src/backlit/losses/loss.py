"""A loss gives one value per sample; weights and the mean come after it, and are written here once.

The formulas are functions in the neighboring modules, the classes around them carry their options.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias

from .. import ops
from ..arrays import Array, Shape, is_float
from ..errors import ConfigError, ShapeError, did_you_mean
from ..tensor import Tensor, as_tensor
from .targets import check_numbers

LossFunction: TypeAlias = Callable[..., Any]

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none")


class Loss:
    """The base of all losses: subclass it and write `call(y_true, y_pred)` with ops, one value per sample.

    `reduction`: "sum_over_batch_size" or "mean" (the sum of the weighted values divided by how many there are),
    "mean_with_sample_weight" (divided by the sum of the weights), "sum", or "none"/None (the values themselves).
    An unknown reduction raises `ConfigError`.
    """

    integer_targets: ClassVar[bool] = False  # targets are class numbers: they keep their dtype

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: str | None = None
    ) -> None:
        if reduction is not None and reduction not in REDUCTIONS:
            raise ConfigError(f"Unknown reduction {reduction!r}.{did_you_mean(reduction, REDUCTIONS)}")
        self.name = name or snake_case(type(self).__name__)
        self.reduction = reduction
        self.dtype = dtype

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """Return the reduced loss; `sample_weight` has the shape of the values or of their first axes."""
        y_pred = as_float(y_pred, self.dtype)
        y_true = as_tensor(y_true) if self.integer_targets else as_tensor(y_true, y_pred.dtype.name)
        values = as_tensor(self.call(y_true, y_pred))
        return reduced(values, self._weights(y_true, values, sample_weight), self.reduction)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return one value per sample, shape y_pred.shape[:-1] for most losses."""
        raise NotImplementedError(f"{type(self).__name__} must define call(y_true, y_pred).")

    def check_targets(self, y_true: Array, output_shape: Shape, name: str = "y") -> None:
        """Look once at all targets before training: those that do not fit raise `LabelError` or `ShapeError`.

        `output_shape` is the shape of the model's output, batch axis included (its size is not read); `name` is what
        the user calls the targets.
        """
        check_numbers(y_true, self.name, name)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        config: dict[str, Any] = {"name": self.name, "reduction": self.reduction}
        return config if self.dtype is None else config | {"dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """Return the loss that `get_config` described."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name} reduction={self.reduction}>"

    def _weights(self, y_true: Any, values: Tensor, sample_weight: Any) -> Tensor | None:
        """Return the weight of each value, or None where all count the same."""
        return None if sample_weight is None else as_tensor(sample_weight, values.dtype.name)


class FunctionLoss(Loss):
    """A loss that is a function `fn(y_true, y_pred, **options)`, yours or one of this package."""

    def __init__(
        self,
        fn: LossFunction,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(name or getattr(fn, "__name__", None), reduction, dtype)
        require_options(type(self).__name__, fn, options)
        self.fn = fn
        self.options = options

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return what the function gives."""
        return self.fn(y_true, y_pred, **self.options)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments without the function."""
        return super().get_config() | self.options


def require_options(owner: str, fn: Any, options: dict[str, Any]) -> None:
    """Raise `ConfigError` unless `fn(y_true, y_pred, **options)` can be called, as far as its signature is known."""
    if not callable(fn):
        raise ConfigError(
            f"{owner} has the function {fn!r}. Expected a function of (y_true, y_pred) or the name of one."
        )
    try:
        signature = inspect.signature(fn)
    except ValueError:  # one written in C may not say
        return
    try:
        signature.bind(None, None, **options)
    except TypeError as error:
        raise ConfigError(f"{owner} cannot call {getattr(fn, '__name__', fn)} with {options}: {error}.") from None


class RuleLoss(FunctionLoss):
    """A loss of this package: its function is the class attribute `rule`, its fit of targets the attribute `fits`."""

    rule: ClassVar[LossFunction]
    fits: ClassVar[Callable[[Array, Shape, str, str], None]]

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = None, dtype: str | None = None
    ) -> None:
        self._set(reduction, name, dtype)

    def _set(self, reduction: str | None, name: str | None, dtype: str | None, **options: Any) -> None:
        FunctionLoss.__init__(self, type(self).rule, reduction, name, dtype, **options)

    def check_targets(self, y_true: Array, output_shape: Shape, name: str = "y") -> None:
        """Look once at all targets before training: those that do not fit raise `LabelError` or `ShapeError`."""
        type(self).fits(y_true, output_shape, self.name, name)


def snake_case(name: str) -> str:
    """Return `MeanSquaredError` as `mean_squared_error`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def as_float(value: Any, dtype: str | None = None) -> Tensor:
    """Return a Tensor of floats: of `dtype`, else of its own floating dtype, else of the default one."""
    tensor = as_tensor(value, dtype)
    return tensor if is_float(tensor.dtype) else ops.cast(tensor, dtype=None)


def aligned(x: Any, y: Any) -> tuple[Any, Any]:
    """Bring two ranks that differ by one together, as in Keras: (n,) meets (n, 1), or a last axis of 1 is dropped."""
    if len(x.shape) == len(y.shape) + 1 and x.shape[-1] == 1:
        return (x, ops.expand_dims(y, -1)) if len(y.shape) == 1 else (ops.squeeze(x, -1), y)
    if len(y.shape) == len(x.shape) + 1 and y.shape[-1] == 1:
        return (ops.expand_dims(x, -1), y) if len(x.shape) == 1 else (x, ops.squeeze(y, -1))
    return x, y


def matched(y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Return both as Tensors of y_pred's floating dtype and of one shape; shapes that differ raise `ShapeError`."""
    p = as_float(y_pred)
    t, p = aligned(as_tensor(y_true, p.dtype.name), p)
    if t.shape != p.shape:
        raise ShapeError(
            f"y_true has shape {t.shape} and y_pred has shape {p.shape}. Expected one target for each output, in equal "
            "shapes; only a missing last axis of 1 is added. Reshape the targets, or change the last layer's units."
        )
    return t, p


def reduced(values: Tensor, weight: Tensor | None = None, reduction: str | None = "sum_over_batch_size") -> Tensor:
    """Return the weighted values reduced to one number (or not, for "none")."""
    if weight is not None:
        values, weight = spread(values, weight)
        values = values * weight
    if reduction in (None, "none") or values.shape == ():
        return values
    if reduction == "mean_with_sample_weight" and weight is not None:
        return divide_no_nan(ops.sum(values), ops.sum(weight))
    return ops.sum(values) if reduction == "sum" or math.prod(values.shape) == 0 else ops.mean(values)


def divide_no_nan(x: Any, y: Any) -> Any:
    """Return x / y, and 0 where y is 0."""
    empty = ops.equal(y, 0)
    return ops.where(empty, 0.0, x / ops.where(empty, 1.0, y))


def spread(values: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Return values and their weights in one shape: a weight per sample counts for all values of the sample."""
    if weight.shape == ():
        return values, ops.broadcast_to(weight, values.shape)
    values, weight = aligned(values, weight)
    if weight.shape != values.shape[: len(weight.shape)]:
        raise ShapeError(
            f"sample_weight has shape {weight.shape}, the loss has one value per sample in shape {values.shape}. "
            "Expected one weight for each of them, or for each along the first axes."
        )
    inner = (1,) * (len(values.shape) - len(weight.shape))
    return values, ops.broadcast_to(ops.reshape(weight, (*weight.shape, *inner)), values.shape)
