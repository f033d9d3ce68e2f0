"""How each primitive op is said in NumPy: a table from the names of ops to expressions.

A word takes the printer, the node and the texts of its inputs. Composite ops have no words: they become functions, and
these are printed from their own bodies.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ...arrays import Array, DType
from ...graph import Node
from ...graph.node import constant
from .expressions import Text, infix, number, prefix, within

if TYPE_CHECKING:
    from .python_file import Printer

Word: TypeAlias = "Callable[[Printer, Node, list[Text]], Text]"

OPERATORS = (
    "add", "subtract", "multiply", "divide", "power", "mod", "floor_divide", "greater", "greater_equal", "less",
    "less_equal", "equal", "not_equal",
)  # fmt: skip
CALLS = {
    "maximum": "np.maximum", "minimum": "np.minimum", "absolute": "np.abs", "square": "np.square", "sqrt": "np.sqrt",
    "exp": "np.exp", "expm1": "np.expm1", "log": "np.log", "log1p": "np.log1p", "sin": "np.sin", "cos": "np.cos",
    "tanh": "np.tanh", "arctan": "np.arctan", "sign": "np.sign", "floor": "np.floor", "ceil": "np.ceil",
    "round": "np.rint", "logical_and": "np.logical_and", "logical_or": "np.logical_or", "logical_not": "np.logical_not",
    "isnan": "np.isnan", "isfinite": "np.isfinite",
}  # fmt: skip
REDUCTIONS = ("sum", "mean", "max", "min", "prod", "any", "all")


def dtype_text(dtype: DType) -> str:
    """Return `np.float32`; truth values are `bool`."""
    return "bool" if dtype.kind == "b" else f"np.{dtype.name}"


def literal(array: Array) -> Text:
    """Return a constant: a number where it has no axes, else an array."""
    if array.ndim:
        return Text(f"np.array({_digits(array)}, {dtype_text(array.dtype)})")
    return number(_digits(array))


def _digits(array: Array) -> str:
    if array.ndim:
        return f"[{', '.join(_digits(one) for one in array)}]"
    value = array[()]
    if array.dtype.kind != "f":
        return str(value.item())
    if not np.isfinite(value):
        return "np.nan" if np.isnan(value) else "np.inf" if value > 0 else "-np.inf"
    return str(value)  # the shortest text that is this number in its dtype


def _call(name: str, *inputs: Text, **settings: Any) -> Text:
    words = [one.text for one in inputs] + [f"{key}={value}" for key, value in settings.items()]
    return Text(f"{name}({', '.join(words)})")


def _operator(p: Printer, node: Node, x: list[Text]) -> Text:
    return infix(node.op.name, x[0], x[1])


def _function(p: Printer, node: Node, x: list[Text]) -> Text:
    return _call(CALLS[node.op.name], *x)


def _where(p: Printer, node: Node, x: list[Text]) -> Text:
    choices = list(zip(node.inputs[1:], x[1:], strict=True))
    if all(below.op is constant for below, _ in choices):  # two plain numbers do not say which dtype is meant
        x = [x[0], *(_call(dtype_text(node.dtype), text) for _, text in choices)]
    return _call("np.where", *x)


def _cast(p: Printer, node: Node, x: list[Text]) -> Text:
    return Text(f"{within(x[0], 9)}.astype({dtype_text(node.dtype)})")


def _reduction(p: Printer, node: Node, x: list[Text]) -> Text:
    axes = node.attrs["axes"]
    settings: dict[str, Any] = {"axis": axes[0] if len(axes) == 1 else axes}
    if node.attrs["keepdims"]:
        settings["keepdims"] = True
    if node.inputs[0].dtype.kind != "f" and node.op.name in ("sum", "mean", "prod"):
        settings["dtype"] = dtype_text(node.dtype)
    return _call(f"np.{node.op.name}", x[0], **settings)


def _along(p: Printer, node: Node, x: list[Text]) -> Text:
    return _call(f"np.{node.op.name}", x[0], axis=node.attrs["axis"])


def _cumsum(p: Printer, node: Node, x: list[Text]) -> Text:
    axis = node.attrs["axis"]
    if not node.attrs["reverse"]:
        return _call("np.cumsum", x[0], axis=axis)
    return _call("np.flip", _call("np.cumsum", _call("np.flip", x[0], axis=axis), axis=axis), axis=axis)


def _matmul(p: Printer, node: Node, x: list[Text]) -> Text:
    for i, side in enumerate(("a", "b")):
        if node.attrs[f"transpose_{side}"]:
            flat = len(node.inputs[i].shape) == 2
            x[i] = Text(f"{within(x[i], 9)}.T") if flat else Text(f"np.swapaxes({x[i].text}, -1, -2)")
    return infix("matmul", x[0], x[1])


def _sizes(p: Printer, node: Node, open_size: str) -> str:
    sizes = [open_size if size is None else str(size) for size in node.shape]
    return f"({', '.join(sizes)}{',' * (len(sizes) == 1)})"


def _reshape(p: Printer, node: Node, x: list[Text]) -> Text:
    return Text(f"{within(x[0], 9)}.reshape{_sizes(p, node, '-1')}")


def _broadcast_to(p: Printer, node: Node, x: list[Text]) -> Text:
    return Text(f"np.broadcast_to({x[0].text}, {_sizes(p, node, p.batch_size())})")


def _transpose(p: Printer, node: Node, x: list[Text]) -> Text:
    return _call("np.transpose", x[0], Text(str(node.attrs["axes"])))


def _concatenate(p: Printer, node: Node, x: list[Text]) -> Text:
    return _call("np.concatenate", Text(f"[{', '.join(one.text for one in x)}]"), axis=node.attrs["axis"])


def _take_slice(p: Printer, node: Node, x: list[Text]) -> Text:
    return Text(f"{within(x[0], 9)}[{', '.join(_key(key) for key in node.attrs['key'])}]")


def _key(key: Any) -> str:
    if key is Ellipsis or not isinstance(key, tuple):
        return "..." if key is Ellipsis else str(key)
    start, stop, step = ("" if part is None else str(part) for part in key[1:])
    return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"


def _gather(p: Printer, node: Node, x: list[Text]) -> Text:
    return _call("np.take", *x, axis=node.attrs["axis"])


def _one_hot(p: Printer, node: Node, x: list[Text]) -> Text:
    same = f"({within(x[0], 9)}[..., None] == np.arange({node.attrs['num_classes']}))"
    return Text(f"{same}.astype({dtype_text(node.dtype)})")


def _length(p: Printer, node: Node, x: list[Text]) -> Text:
    counted = " * ".join(f"{within(x[0], 9)}.shape[{axis}]" for axis in node.attrs["axes"])
    return Text(f"{dtype_text(node.dtype)}({counted or '1'})")


WORDS: dict[str, Word] = {
    **dict.fromkeys(OPERATORS, _operator),
    **dict.fromkeys(CALLS, _function),
    **dict.fromkeys(REDUCTIONS, _reduction),
    **dict.fromkeys(("argmax", "argmin", "sort"), _along),
    "negative": lambda p, node, x: prefix("-", x[0]), "stop_gradient": lambda p, node, x: x[0], "where": _where,
    "cast": _cast, "cumsum": _cumsum, "matmul": _matmul, "reshape": _reshape, "broadcast_to": _broadcast_to,
    "transpose": _transpose, "concatenate": _concatenate, "take_slice": _take_slice, "gather": _gather,
    "one_hot": _one_hot, "length": _length,
}  # fmt: skip
