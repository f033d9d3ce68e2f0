"""The formula of an op, read off the op itself: its body is run on a name instead of a number.

Arithmetic on a name writes it down, so what is printed is what is computed; ops without a body print their docstring.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..arrays import DType, Shape
from ..ops.op import Op
from ..ops.operand import Operand

INFIX = {
    "add": ("+", 4), "subtract": ("-", 4), "multiply": ("*", 5), "divide": ("/", 5), "floor_divide": ("//", 5),
    "mod": ("%", 5), "power": ("**", 7), "greater": (">", 3), "greater_equal": (">=", 3), "less": ("<", 3),
    "less_equal": ("<=", 3), "equal": ("==", 3), "not_equal": ("!=", 3), "logical_and": ("and", 2),
    "logical_or": ("or", 1), "matmul": ("@", 5),
}  # fmt: skip
PREFIX = {"negative": ("-", 6), "logical_not": ("not ", 2)}
RANK = 2  # what bodies see that ask for the number of axes
WIDEST = 100


class Name(Operand):
    """A value that is only a name: what is done to it becomes text. `binds` is how strongly its last operator binds."""

    __slots__ = ("binds", "dtype", "shape", "text")
    apply_rank = 3

    def __init__(self, text: str, binds: int = 9) -> None:
        self.text = text
        self.binds = binds
        self.shape: Shape = (2,) * RANK
        self.dtype: DType = np.dtype(np.float64)

    def apply_op(self, op: Op, inputs: Sequence[Any], attrs: dict[str, Any]) -> Name:
        """Write the op down (called by `ops.apply`)."""
        return applied(op, [as_name(value) for value in inputs], attrs)

    def __bool__(self) -> bool:
        raise TypeError(f"{self.text} is a name: it is neither true nor false")

    def __iter__(self) -> Iterator[Any]:
        raise TypeError(f"{self.text} is a name, not a sequence")

    def __float__(self) -> float:
        raise TypeError(f"{self.text} is a name, it has no number")

    def __repr__(self) -> str:
        return self.text


def formula(op: Op, attrs: Mapping[str, Any] | None = None, names: Sequence[str] = ()) -> str:
    """Return the formula of `op` in one line, with the values of `attrs` where they are given, else their names.

    >>> from backlit.activations import leaky_relu
    >>> formula(leaky_relu)
    'where(x > 0, x, negative_slope * x)'
    >>> formula(leaky_relu, {"negative_slope": 0.1}, ["z"])
    'where(z > 0, z, 0.1 * z)'
    """
    if op.body is not None:
        values = {name: Name(name) for name in op.attributes} if attrs is None else dict(attrs)
        for given in (values, dict(op.attributes)):  # a body that branches on an attribute wants its value
            text = _of_body(op, given, names)
            if text is not None and len(text) <= WIDEST:
                return text
    return in_words(op)


def in_words(op: Op) -> str:
    """Return the docstring of an op without its `y =`."""
    words = " ".join((op.__doc__ or "").split())
    head, equals, rest = words.partition(" = ")
    return rest if equals and head.replace("/", "").isidentifier() else words


def applied(op: Op, inputs: Sequence[Name], attrs: Mapping[str, Any]) -> Name:
    """Return the text of `op` on inputs: with operators where Python has them, else as a call."""
    if op.name in INFIX and len(inputs) == 2 and not any(attrs.values()):
        sign, binds = INFIX[op.name]
        left, right = inputs
        tight = op.name in ("subtract", "divide", "power", "floor_divide", "mod")
        return Name(f"{_within(left, binds)} {sign} {_within(right, binds + tight)}", binds)
    if op.name in PREFIX and len(inputs) == 1:
        sign, binds = PREFIX[op.name]
        return Name(f"{sign}{_within(inputs[0], binds)}", binds)
    if op.name == "absolute":
        return Name(f"|{inputs[0].text}|")
    if op.name == "square":
        return Name(f"{_within(inputs[0], 8)}²", 8)
    if op.name in ("cast", "stop_gradient", "broadcast_to", "expand_dims") and len(inputs) == 1:
        return inputs[0]
    return Name(call(op, [one.text for one in inputs], attrs))


def call(op: Op, inputs: Sequence[str], attrs: Mapping[str, Any]) -> str:
    """Return an op as a call: `sum(%3, axes=(0,))`, with the attributes that differ from their defaults."""
    if op.name == "matmul":
        a, b = (f"{name}ᵀ" if attrs.get(f"transpose_{side}") else name for name, side in zip(inputs, "ab", strict=True))
        return f"matmul({a}, {b})"
    if op.name == "take_slice":
        return f"{inputs[0]}[{', '.join(map(_key_text, attrs['key']))}]"
    if op.kind == "elementwise":  # few and telling: clip(x, 0, 6), leaky_relu(x, 0.1)
        settings = [_attr_text(value) for value in attrs.values()]
    else:
        settings = [f"{name}={_attr_text(v)}" for name, v in attrs.items() if _differs(v, op.attributes.get(name))]
    return f"{op.name}({', '.join([*inputs, *settings])})"


def as_name(value: Any) -> Name:
    """Return a number, an array or a name as a name."""
    if isinstance(value, Name):
        return value
    array = np.asarray(value)
    if array.size != 1:
        return Name(f"[{array.size} numbers]")
    text = number(array.reshape(())[()])
    return Name(text, 6 if text.startswith("-") else 9)


def number(value: Any) -> str:
    """Return a number as short as it can be read back to six digits: 1, 0.5, 1e-07."""
    if np.asarray(value).dtype.kind == "b":
        return str(bool(value))
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e6 else f"{float(value):.6g}"


def _of_body(op: Op, attrs: Mapping[str, Any], names: Sequence[str]) -> str | None:
    parameters = inspect.signature(op.body).parameters.values() if op.body is not None else ()
    found = [p.name for p in parameters if p.default is p.empty]
    try:
        result = op.body(*(Name(text) for text in names or found), **attrs)  # type: ignore[misc]
    except (TypeError, ValueError, AttributeError, IndexError):
        return None  # the body looks at sizes or numbers, which a name has not
    return as_name(result).text if isinstance(result, Name) else None


def _within(name: Name, binds: int) -> str:
    return name.text if name.binds >= binds else f"({name.text})"


def _differs(value: Any, default: Any) -> bool:
    return isinstance(value, Name) or value != default


def _attr_text(value: Any) -> str:
    return number(value) if isinstance(value, (float, np.floating)) else repr(value).replace("'", "")


def _bound(key: Any, place: int) -> str:
    return "" if key[place] is None else str(key[place])


def _key_text(key: Any) -> str:
    if key is Ellipsis:
        return "..."
    if not isinstance(key, tuple):
        return str(key)
    start, stop, step = (_bound(key, i) for i in (1, 2, 3))
    return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"
