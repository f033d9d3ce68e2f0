"""Writing loops and memory accesses in LLVM's language: what every kernel is made of.

A vector access has a count of lanes that are alive; the others read zero and write nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
from llvmlite import ir

from ...arrays import DType
from .lanes import ADDRESS, BIT, BYTE, INDEX, index, register_type, stored_type
from .views import View


@contextmanager
def loop(b: Any, count: int | Any, step: int = 1) -> Iterator[Any]:
    """Write a loop with the builder `b`: the block runs for 0, step, 2 * step, ... below `count`; yields the index."""
    limit = index(count) if isinstance(count, int) else count
    before, body, after = b.block, b.append_basic_block("loop"), b.append_basic_block("done")
    b.cbranch(b.icmp_signed(">", limit, index(0)), body, after)
    b.position_at_end(body)
    i = b.phi(INDEX)
    i.add_incoming(index(0), before)
    yield i
    following = b.add(i, index(step))
    i.add_incoming(following, b.block)
    b.cbranch(b.icmp_signed("<", following, limit), body, after)
    b.position_at_end(after)


class Writer:
    """Writes one kernel: an LLVM function of the table of addresses."""

    def __init__(self, module: ir.Module, name: str) -> None:
        self.module = module
        self.function = ir.Function(module, ir.FunctionType(ir.VoidType(), [ADDRESS]), name)
        self.function.attributes.add(
            "noinline"
        )  # a kernel stays a function of its own: compiled once, named in profiles
        self.function.args[0].add_attribute("noalias")
        self.builder: Any = ir.IRBuilder(self.function.append_basic_block("entry"))
        self._bases: dict[tuple[int, int, DType], Any] = {}

    def finish(self) -> None:
        """End the function."""
        self.builder.ret_void()

    def loop(self, count: int | Any, step: int = 1) -> AbstractContextManager[Any]:
        """Repeat the block for 0, step, 2 * step, ... below `count`; gives the index."""
        return loop(self.builder, count, step)

    @contextmanager
    def loops(self, shape: Sequence[int]) -> Iterator[list[Any]]:
        """Nest one loop an axis; yields the indices. An axis of size 1 is no loop."""
        indices: list[Any] = []
        open_loops = []
        for size in shape:
            if size == 1:
                indices.append(index(0))
                continue
            entered = self.loop(size)
            indices.append(entered.__enter__())
            open_loops.append(entered)
        yield indices
        for entered in reversed(open_loops):
            entered.__exit__(None, None, None)

    def base(self, view: View) -> Any:
        """Return the address of a buffer, read from the table once, at the start of the kernel."""
        buffer = view.buffer
        key = (buffer.slot, buffer.offset, buffer.dtype)
        if key not in self._bases:
            with self.builder.goto_entry_block():
                b = self.builder
                entry = b.gep(self.function.args[0], [index(buffer.slot)], source_etype=ADDRESS)
                address = b.load(entry, typ=ADDRESS)
                self._bases[key] = b.gep(address, [index(buffer.offset)], source_etype=BYTE)
        return self._bases[key]

    def address(self, view: View, indices: Sequence[Any]) -> Any:
        """Return the address of one number."""
        b = self.builder
        place = index(view.offset)
        for i, stride in zip(indices, view.strides, strict=True):
            if stride and not (isinstance(i, ir.Constant) and i.constant == 0):
                place = b.add(place, i if stride == 1 else b.mul(i, index(stride)))
        return b.gep(self.base(view), [place], source_etype=stored_type(view.buffer.dtype))

    def load(self, view: View, indices: Sequence[Any]) -> Any:
        """Read one number."""
        dtype = view.buffer.dtype
        value = self.builder.load(self.address(view, indices), typ=stored_type(dtype), align=dtype.itemsize)
        return self._to_register(value, dtype, 1)

    def store(self, value: Any, view: View, indices: Sequence[Any]) -> None:
        """Write one number."""
        self.builder.store(self._to_memory(value, view.buffer.dtype, 1), self.address(view, indices))

    def load_vector(self, view: View, indices: Sequence[Any], lanes: int, alive: int) -> Any:
        """Read `lanes` numbers along the last axis from `indices` on, of which the first `alive` exist."""
        stride = view.strides[-1] if view.strides else 0
        dtype = view.buffer.dtype
        if stride == 0:
            return self.splat(self.load(view, indices), lanes)
        if stride != 1:
            return self._gathered(view, indices, lanes, alive)
        kind = ir.VectorType(stored_type(dtype), lanes)
        pointer = self.address(view, indices)
        if alive == lanes:
            value = self.builder.load(pointer, typ=kind, align=dtype.itemsize)
        else:
            value = self._masked_load(pointer, kind, dtype, alive)
        return self._to_register(value, dtype, lanes)

    def store_vector(self, value: Any, view: View, indices: Sequence[Any], lanes: int, alive: int) -> None:
        """Write the first `alive` of `lanes` numbers along the last axis, whose stride must be 1."""
        dtype = view.buffer.dtype
        kind = ir.VectorType(stored_type(dtype), lanes)
        pointer = self.address(view, indices)
        value = self._to_memory(value, dtype, lanes)
        if alive == lanes:
            self.builder.store(value, pointer, align=dtype.itemsize)
            return
        name = f"llvm.masked.store.v{lanes}{_suffix(dtype)}.p0"
        mask = ir.VectorType(BIT, lanes)
        kinds = ir.FunctionType(ir.VoidType(), [kind, pointer.type, ir.IntType(32), mask])
        self.call(name, kinds, [value, pointer, ir.Constant(ir.IntType(32), dtype.itemsize), _mask(lanes, alive)])

    def splat(self, value: Any, lanes: int) -> Any:
        """Return a vector with `value` in every lane."""
        if lanes == 1:
            return value
        kind = ir.VectorType(value.type, lanes)
        one = self.builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)
        return self.builder.shuffle_vector(one, ir.Constant(kind, ir.Undefined), zeros)

    def call(self, name: str, kind: ir.FunctionType, arguments: Sequence[Any], fastmath: tuple[str, ...] = ()) -> Any:
        """Call a function of LLVM's or of the C library by name."""
        function = self.module.globals.get(name) or ir.Function(self.module, kind, name)
        return self.builder.call(function, arguments, fastmath=fastmath)

    def _masked_load(self, pointer: Any, kind: Any, dtype: DType, alive: int) -> Any:
        lanes = kind.count
        name = f"llvm.masked.load.v{lanes}{_suffix(dtype)}.p0"
        mask = ir.VectorType(BIT, lanes)
        kinds = ir.FunctionType(kind, [pointer.type, ir.IntType(32), mask, kind])
        nothing = ir.Constant(kind, None)
        return self.call(
            name, kinds, [pointer, ir.Constant(ir.IntType(32), dtype.itemsize), _mask(lanes, alive), nothing]
        )

    def _gathered(self, view: View, indices: Sequence[Any], lanes: int, alive: int) -> Any:
        """Read lane by lane where numbers do not lie side by side."""
        vector = ir.Constant(register_type(view.buffer.dtype, lanes), None)
        for lane in range(alive):
            place = [*indices[:-1], self.builder.add(indices[-1], index(lane))]
            one = self.load(view, place)
            vector = self.builder.insert_element(vector, one, ir.Constant(ir.IntType(32), lane))
        return vector

    def _to_register(self, value: Any, dtype: DType, lanes: int) -> Any:
        if dtype.kind != "b":
            return value
        zero = ir.Constant(BYTE if lanes == 1 else ir.VectorType(BYTE, lanes), 0 if lanes == 1 else [0] * lanes)
        return self.builder.icmp_unsigned("!=", value, zero)

    def _to_memory(self, value: Any, dtype: DType, lanes: int) -> Any:
        if dtype.kind != "b":
            return value
        return self.builder.zext(value, BYTE if lanes == 1 else ir.VectorType(BYTE, lanes))


def _mask(lanes: int, alive: int) -> ir.Constant:
    return ir.Constant(ir.VectorType(BIT, lanes), [int(i < alive) for i in range(lanes)])


def _suffix(dtype: DType) -> str:
    if dtype.kind == "f":
        return f"f{8 * dtype.itemsize}"
    return "i8" if dtype.kind == "b" else f"i{8 * np.dtype(dtype).itemsize}"
