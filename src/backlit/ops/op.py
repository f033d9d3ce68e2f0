"""An op is a rule of mathematics: a forward formula and the rule that carries a gradient back through it.

A *primitive* op has a NumPy formula. A *composite* op has a body written with other ops, so the same lines compute
with NumPy, become graph nodes under the recorder, and can be taken apart by a compiler or differentiated again.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ..arrays import Array, DType, Shape, broadcast_shape, floatx, is_float

Value: TypeAlias = Any  # an ndarray, a Python number, or a handle (Node, Tensor, Variable), which records what is done
Rule: TypeAlias = Callable[..., Any]
OneLine: TypeAlias = (  # a rule written as a lambda: told how many inputs it may have, a type checker sees into it
    Callable[[Value], Any]
    | Callable[[Value, Value], Any]
    | Callable[[Value, Value, Value], Any]
    | Callable[[Value, Value, Value, Value], Any]
    | Callable[[Value, Value, Value, Value, Value], Any]
    | Callable[[Value, Value, Value, Value, Value, Value], Any]
)

PLAIN = frozenset({np.ndarray, np.float32, np.float64, float, int})


class Spec(NamedTuple):
    """What is known of a value before it exists: its shape and dtype."""

    shape: Shape
    dtype: DType


class Op:
    """A rule, callable on arrays (computes), on Tensors (computes and may be taped) and on Nodes (records).

    Parameters of the rule without a default are its inputs (`*xs` takes any number), the others its attributes.
    """

    def __init__(self, rule: Rule, *, kind: str, spec: Rule | None, body: bool) -> None:
        self.name = rule.__name__
        self.__doc__ = rule.__doc__
        self.__name__ = rule.__name__
        self.__signature__ = inspect.signature(rule)
        self.kind = kind
        self.body: Rule | None = rule if body else None
        self.forward: Rule = _typed(rule) if body and kind == "elementwise" else rule
        self.ufunc: np.ufunc | None = None  # set where `forward` is one NumPy ufunc: it can write into a given array
        self.backward: Rule | None = None  # backward(dy, y, *inputs, **attrs): a gradient, or None, for each input
        self.derivative: Op | None = None  # of an element-wise rule of one input
        self.derivative_needs = ""
        self.infer: Rule | None = spec
        parameters = self.__signature__.parameters.values()
        self.variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        self.arity = sum(p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters)
        self.attributes = {p.name: p.default for p in parameters if p.default is not p.empty}

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def __deepcopy__(self, memo: dict[int, Any]) -> Op:
        return self  # rules are told apart by identity: the copy of a model has the same ones

    def __call__(self, *values: Value, **attrs: Any) -> Any:
        if len(values) < self.arity:
            values = self._named(values, attrs)
        if self.ufunc is not None and PLAIN.issuperset(map(type, values)):
            return self.ufunc(*values)  # the short way: rule bodies come here with arrays all the time
        count = len(values) if self.variadic else self.arity
        inputs, extra = values[:count], values[count:]
        if extra:
            attrs = dict(zip(self.attributes, extra, strict=False)) | attrs
        return apply(self, inputs, self.attributes | attrs)

    def _named(self, values: tuple[Value, ...], attrs: dict[str, Any]) -> tuple[Value, ...]:
        """Take inputs given by name out of `attrs`; a missing one raises TypeError, as for any function."""
        names = list(self.__signature__.parameters)[len(values) : self.arity]
        missing = [name for name in names if name not in attrs]
        if missing:
            raise TypeError(f"{self.name}() needs its input {missing[0]!r}: {self.name}{self.__signature__}")
        return (*values, *(attrs.pop(name) for name in names))


def apply(op: Op, inputs: Sequence[Value], attrs: dict[str, Any]) -> Any:
    """Compute `op` on arrays, or hand it to the highest-ranking handle among `inputs`."""
    rank, handle = 0, None
    for value in inputs:
        found = getattr(value, "apply_rank", 0)
        if found > rank:
            rank, handle = found, value
    if handle is not None:
        return handle.apply_op(op, inputs, attrs)
    return op.forward(*inputs, **attrs)


def primitive(kind: str, spec: Rule | OneLine, ufunc: np.ufunc | None = None) -> Callable[[Rule], Op]:
    """Make an op of a NumPy function; `spec(*specs, **attrs)` says the result's shape and dtype."""

    def make(rule: Rule) -> Op:
        op = Op(rule, kind=kind, spec=spec, body=False)
        if ufunc is not None:
            op.ufunc = op.forward = ufunc
        return op

    return make


def composite(kind: str, spec: Rule | OneLine | None = None) -> Callable[[Rule], Op]:
    """Make an op of a body written with ops; without `spec` the result is inferred by recording the body."""
    return lambda rule: Op(rule, kind=kind, spec=spec, body=True)


def elementwise(rule: Rule) -> Op:
    """Make an op of an element-wise formula written with ops; the result keeps the inputs' floating dtype."""
    return Op(rule, kind="elementwise", spec=elementwise_spec, body=True)


def backward_of(op: Op) -> Callable[[Rule | OneLine], Rule]:
    """Declare the general rule of `op`: `backward(dy, y, *inputs, **attrs)` gives one gradient (or None) per input."""

    def declare(rule: Rule | OneLine) -> Rule:
        op.backward = rule
        return rule

    return declare


def derivative_of(op: Op, needs: str) -> Callable[[Rule], Op]:
    """Declare the local derivative of an element-wise op of one input: `derivative(x, y, **attrs)`.

    `needs` is `"x"`, `"y"`, `"xy"` or `""`: which of them the formula reads, so that the other may be freed.
    """

    def declare(rule: Rule) -> Op:
        local = elementwise(_reading(rule, needs, op.attributes))

        def backward(dy: Value, y: Value, x: Value, **attrs: Any) -> tuple[Value]:
            read = {"x": (x,), "y": (y,), "xy": (x, y), "": ()}[needs]
            return (dy * apply(local, read, attrs),)

        op.derivative, op.derivative_needs, op.backward = local, needs, backward
        return local

    return declare


def _reading(rule: Rule, needs: str, defaults: dict[str, Any]) -> Rule:
    """Return `rule(x, y, ...)` as a function of only the inputs it reads, with the attributes of its op."""
    attrs = [p.replace(default=defaults[p.name]) for p in list(inspect.signature(rule).parameters.values())[2:]]

    def of_x(x: Value, **attrs: Any) -> Value:
        return rule(x, None, **attrs)

    def of_y(y: Value, **attrs: Any) -> Value:
        return rule(None, y, **attrs)

    formula: Rule = {"x": of_x, "y": of_y}.get(needs, rule)
    inputs = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in needs]
    formula.__signature__ = inspect.Signature([*inputs, *attrs])  # type: ignore[attr-defined]
    formula.__name__, formula.__doc__ = rule.__name__, rule.__doc__
    return formula


def _typed(rule: Rule) -> Rule:
    """Keep the dtype: attributes enter as scalars of the inputs' dtype, and the result leaves in it.

    Without this `np.where(x > 0, 1.0, 0.1)` would be float64 whatever x is.
    """

    def forward(*arrays: Array, **attrs: Any) -> Array:
        if len(arrays) == 1 and type(arrays[0]) is np.ndarray and arrays[0].dtype.kind == "f":
            dtype = arrays[0].dtype
        else:
            dtype = float_result(*(np.asarray(a).dtype for a in arrays))
        return np.asarray(rule(*arrays, **typed_attrs([dtype], attrs)), dtype)

    return forward


def typed_attrs(dtypes: Sequence[DType], attrs: dict[str, Any]) -> dict[str, Any]:
    """Return `attrs` with every float as a scalar of the inputs' floating dtype."""
    if not attrs:
        return attrs
    scalar = float_result(*dtypes).type
    return {name: scalar(value) if isinstance(value, float) else value for name, value in attrs.items()}


def float_result(*dtypes: DType) -> DType:
    """Return the widest floating dtype among `dtypes`, or the default float when all are integers."""
    floats = [d for d in dtypes if is_float(d)]
    return np.result_type(*floats) if floats else np.dtype(floatx())


def elementwise_spec(*specs: Spec, **_: Any) -> Spec:
    """Broadcast shapes; the widest floating dtype."""
    return Spec(broadcast_shape(*(s.shape for s in specs)), float_result(*(s.dtype for s in specs)))


def arithmetic_spec(*specs: Spec, **_: Any) -> Spec:
    """Broadcast shapes; the widest floating dtype if there is one, else NumPy's integer promotion."""
    dtypes = [s.dtype for s in specs]
    dtype = float_result(*dtypes) if any(map(is_float, dtypes)) else np.result_type(*dtypes)
    return Spec(broadcast_shape(*(s.shape for s in specs)), dtype)


def comparison_spec(*specs: Spec, **_: Any) -> Spec:
    """Broadcast shapes; bool."""
    return Spec(broadcast_shape(*(s.shape for s in specs)), np.dtype(bool))


def same_spec(x: Spec, *_: Spec, **__: Any) -> Spec:
    """Return the first input's shape and dtype."""
    return x
