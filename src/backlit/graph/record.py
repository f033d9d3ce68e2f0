"""Recording: ops applied to nodes become new nodes, with shapes and dtypes inferred and checked on the way.

Inside `Recorder` equal computations are recorded once: the gradient of softmax cross-entropy reads the very
probabilities of the forward pass.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..arrays import Array, DType, Shape, floatx, is_float
from ..ops.op import Op, Spec, elementwise_spec, float_result, typed_attrs
from .node import Node, constant, given

HARMONIZED = ("elementwise", "matrix", "softmax")  # kinds whose inputs must agree on a floating dtype


class _Place(threading.local):
    """Where this thread is recording: the layer, the part of the step, and what was recorded before."""

    def __init__(self) -> None:
        self.scope = ""
        self.phase = ""
        self.floats: DType | None = None  # the dtype of bare numbers inside a rule: that of the values it works on
        self.recorder: Recorder | None = None


_place = _Place()


class Recorder:
    """Remembers the nodes recorded inside its `with` block, so that an equal computation is the same node.

    Inside another one it shares what that one remembers.
    """

    def __init__(self) -> None:
        self.known: dict[Any, Node] = {}
        self._outer: Recorder | None = None

    def __enter__(self) -> Recorder:
        self._outer, _place.recorder = _place.recorder, self
        if self._outer is not None:
            self.known = self._outer.known
        return self

    def __exit__(self, *_: object) -> None:
        _place.recorder = self._outer


@contextmanager
def scope(name: str) -> Generator[None]:
    """Label the nodes recorded inside with a layer's name, nested with `/`."""
    before = _place.scope
    _place.scope = f"{before}/{name}" if before else name
    try:
        yield
    finally:
        _place.scope = before


@contextmanager
def phase(name: str, within: str | None = None) -> Generator[None]:
    """Label the nodes recorded inside with a part of the step: forward, loss, backward, update or metrics."""
    before, before_scope = _place.phase, _place.scope
    _place.phase = name
    if within is not None:
        _place.scope = within
    try:
        yield
    finally:
        _place.phase, _place.scope = before, before_scope


@contextmanager
def bare_numbers(dtype: DType) -> Generator[None]:
    """Give numbers that meet no floating value, as both branches of `where(x > 0, 1.0, 0.1)`, this dtype inside."""
    before = _place.floats
    _place.floats = dtype
    try:
        yield
    finally:
        _place.floats = before


def current_place() -> tuple[str, str]:
    """Return the part of the step and the layer that new nodes are labeled with."""
    return _place.phase, _place.scope


def current_scope() -> str:
    """Return the label new nodes get."""
    return _place.scope


def input_node(name: str, shape: Shape, dtype: DType) -> Node:
    """Make a named input of a graph."""
    return Node(given, (), {}, Spec(tuple(shape), dtype), name, _place.scope, _place.phase)


def constant_node(value: Any, dtype: DType | None = None) -> Node:
    """Make a node of a number or an array; inside `Recorder` equal numbers are one node."""
    array = np.asarray(value, dtype)
    if array.size != 1 or _place.recorder is None:
        return _constant(array.copy())  # what was recorded does not change with the caller's array
    key = (constant, array.dtype, array.shape, array.tobytes())
    if key not in _place.recorder.known:
        _place.recorder.known[key] = _constant(array.copy())
    return _place.recorder.known[key]


def _constant(array: Array) -> Node:
    array.flags.writeable = False
    return Node(constant, (), {"value": array}, Spec(array.shape, array.dtype), "", _place.scope, _place.phase)


def common_float(op: Op, values: Sequence[Any]) -> DType | None:
    """Return the floating dtype the numeric inputs of `op` are brought to, or None to leave them as they are.

    Handles decide (the widest floating one wins); numbers and arrays that meet a floating handle take its dtype.
    """
    if op.kind not in HARMONIZED or op.name == "cast":
        return None
    handles = [v.dtype for v in values if hasattr(v, "apply_rank")]
    if any(is_float(d) for d in handles):
        return float_result(*handles)
    plain = [v for v in values if not hasattr(v, "apply_rank")]
    if op.infer is elementwise_spec or any(np.asarray(v).dtype.kind == "f" for v in plain):
        return _place.floats or np.dtype(floatx())
    return None


def record(op: Op, inputs: Sequence[Any], attrs: dict[str, Any]) -> Node:
    """Return the node of `op` on nodes, arrays and numbers. Shapes that do not fit raise `ShapeError`."""
    target = common_float(op, inputs)
    nodes = tuple(_lift(value, target, inputs) for value in inputs)
    if op.kind != "random" and all(node.op is constant for node in nodes):
        return constant_node(compute(op, [node.value for node in nodes], attrs))
    if op.name == "cast" and nodes[0].dtype == np.dtype(attrs["dtype"]):
        return nodes[0]
    return _shared(op, nodes, attrs)


def compute(op: Op, arrays: Sequence[Array], attrs: dict[str, Any]) -> Array:
    """Return `op` of arrays. Shapes that do not fit raise the `ShapeError` of recording, not NumPy's own error."""
    try:
        with np.errstate(all="ignore"):
            return op.forward(*arrays, **attrs)
    except (ValueError, IndexError):
        infer(op, [Spec(np.shape(a), np.asarray(a).dtype) for a in arrays], attrs)
        raise


def expand(op: Op, inputs: Sequence[Any], attrs: dict[str, Any]) -> Node:
    """Record the body of a composite op instead of the op itself: the same value out of simpler nodes."""
    if op.body is None:
        raise TypeError(f"{op!r} is primitive: there is nothing below it")
    dtypes = [v.dtype for v in inputs]
    with bare_numbers(float_result(*dtypes)):
        return op.body(*inputs, **(typed_attrs(dtypes, attrs) if op.kind == "elementwise" else attrs))


def infer(op: Op, specs: Sequence[Spec], attrs: dict[str, Any]) -> Spec:
    """Return the shape and dtype of `op` on values of the given shapes and dtypes."""
    if op.infer is not None:
        return op.infer(*specs, **attrs)
    return expand(op, [Node(given, (), {}, spec) for spec in specs], attrs).spec


def _shared(op: Op, nodes: tuple[Node, ...], attrs: dict[str, Any]) -> Node:
    recorder = _place.recorder
    key = (op, nodes, tuple(attrs.items())) if recorder is not None else None
    if recorder is not None and key in recorder.known:
        return recorder.known[key]
    spec = infer(op, [node.spec for node in nodes], attrs)
    node = Node(op, nodes, attrs, spec, "", _place.scope, _place.phase)
    if recorder is not None:
        recorder.known[key] = node
    return node


def _lift(value: Any, target: DType | None, inputs: Sequence[Any]) -> Node:
    """Make a node of one input; numeric inputs are brought to `target`, truth values stay as they are."""
    if isinstance(value, Node):
        if target is None or value.dtype == target or value.dtype.kind == "b":
            return value
        from ..ops.elementwise import cast

        return record(cast, (value,), {"dtype": target.name})
    array = np.asarray(value)
    if target is not None and array.dtype.kind != "b":
        return constant_node(array, target)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        partner = next((v.dtype for v in inputs if isinstance(v, Node) and v.dtype.kind in "iuf"), None)
        return constant_node(value, partner if isinstance(value, int) else None)
    return constant_node(array)
