"""Many steps in one call: every thread walks its list of kernels, again and again, and meets the others at barriers.

A list is data: entries of eight integers (kernel, arguments, the box of four, whether to meet the others first). So
another batch size, or another number of threads, is another list, not another compilation.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from llvmlite import ir

from ...arrays import DType
from ...ops.op import Spec
from .calls import Code
from .formulas import convert
from .lanes import ADDRESS, INDEX, index
from .passes import in_vectors
from .target import Target
from .writer import FOUND, KERNEL, LEFT, STEP, WORD, Running, Writer

AHEAD = 2  # rows that are asked for before they are copied, where they are scattered
ENTRY = 8  # integers in an entry of a list
FIELDS = ("first", "rest", "count", "scratch", "meeting", "threads", "begin", "steps", "pause", "looks", "patience")
LATE, OVER, PAGE = 16, 24, 64  # places in the memory of the barrier: how many long waits, whether all leave, the page
DRIVE = ir.FunctionType(ir.VoidType(), [ADDRESS])


def drive_code(target: Target) -> Code:
    """Return the function that runs the steps of one thread. Its argument is a table of the `FIELDS`.

    `first` and `rest` are the lists of the first step and of all others (the state moves after the first one), `count`
    their entries, `begin` to `steps` the steps to run; `meeting` is the memory of the barrier, `pause` the address of a
    function that gives up the core, called when the others have not come after so many `looks`. That was a long wait:
    after more than `patience` of them all threads leave before the next step, whose number then stands in their memory.
    """
    key = f"drive {target.triple}"
    return Code(key, lambda module, name: _write_drive(Writer(module, name, DRIVE), target))


def _write_drive(w: Writer, target: Target) -> None:
    b = w.builder
    kinds = {"first": ADDRESS, "rest": ADDRESS, "scratch": ADDRESS, "meeting": ADDRESS, "pause": ADDRESS}
    given = {name: w.argument(kinds.get(name, INDEX)) for name in FIELDS}
    kept = _flush_denormals(w, target)
    over = Running(w, INDEX)
    over.set(index(0))
    with w.loop(given["begin"], given["steps"]) as step, b.if_then(b.icmp_signed("==", over.get(), index(0))):
        b.store(step, given["scratch"])
        left = b.sub(b.sub(given["steps"], index(1)), step)
        b.store(left, w.bytes_behind(given["scratch"], index(LEFT)))
        table = b.select(b.icmp_signed("==", step, index(0)), given["first"], given["rest"])
        with w.loop(index(0), given["count"]) as i, b.if_then(b.icmp_signed("==", over.get(), index(0))):
            entry = b.gep(table, [b.mul(i, index(ENTRY))], source_etype=INDEX)
            meet = b.icmp_unsigned("!=", w.entry(entry, 6), index(0))
            with b.if_then(b.and_(meet, b.icmp_signed(">", given["threads"], index(1)))):
                first = b.icmp_signed("==", i, index(0))
                _meet(w, given, target, first)
                with b.if_then(first):
                    over.set(b.load(w.bytes_behind(given["meeting"], index(OVER)), typ=INDEX, align=8))
            kernel = w.entry(entry, 0, ADDRESS)
            there = b.icmp_unsigned("!=", b.ptrtoint(kernel, INDEX), index(0))
            with b.if_then(b.and_(there, b.icmp_signed("==", over.get(), index(0)))):
                w.call_at(
                    kernel,
                    KERNEL,
                    [w.entry(entry, 1, ADDRESS), given["scratch"], *(w.entry(entry, n) for n in range(2, 6))],
                )
    _restore(w, target, kept)
    w.finish()


def _meet(w: Writer, given: Mapping[str, Any], target: Target, first: Any) -> None:
    """Wait until all threads are here: the last to arrive turns the page, the others watch for it.

    At the `first` meeting of a step the last one also says whether all leave: so all do, or none.
    """
    b = w.builder
    page = w.typed(w.bytes_behind(given["meeting"], index(PAGE)), INDEX)  # on a cache line of its own
    meeting, late = w.typed(given["meeting"], INDEX), w.typed(w.bytes_behind(given["meeting"], index(LATE)), INDEX)
    before = b.load_atomic(page, "monotonic", 8)
    arrived = b.atomic_rmw("add", meeting, index(1), "acq_rel")
    last = b.icmp_signed("==", arrived, b.sub(given["threads"], index(1)))
    with b.if_else(last) as (then, otherwise):
        with then:
            with b.if_then(first):
                enough = b.icmp_signed(">", b.load_atomic(late, "monotonic", 8), given["patience"])
                b.store(b.zext(enough, INDEX), w.bytes_behind(given["meeting"], index(OVER)), align=8)
            b.store_atomic(index(0), meeting, "monotonic", 8)
            b.store_atomic(b.add(before, index(1)), page, "release", 8)
        with otherwise:
            looks = Running(w, INDEX)
            looks.set(index(0))
            waiting, turned = b.append_basic_block("waiting"), b.append_basic_block("turned")
            b.branch(waiting)
            b.position_at_end(waiting)
            _breathe(w, target)
            looks.set(b.add(looks.get(), index(1)))
            with b.if_then(b.icmp_signed(">", looks.get(), given["looks"])):
                w.call_at(given["pause"], ir.FunctionType(WORD, []), [])
            now = b.load_atomic(page, "acquire", 8)
            b.cbranch(b.icmp_signed("==", now, before), waiting, turned)
            b.position_at_end(turned)
            with b.if_then(b.icmp_signed(">", looks.get(), given["looks"])):
                b.atomic_rmw("add", late, index(1), "monotonic")


def _breathe(w: Writer, target: Target) -> None:
    if target.is_x86:
        w.call("llvm.x86.sse2.pause", ir.FunctionType(ir.VoidType(), []), [])
    elif target.triple.startswith("aarch64"):
        w.call("llvm.aarch64.hint", ir.FunctionType(ir.VoidType(), [WORD]), [ir.Constant(WORD, 1)])


FLUSH_X86 = 0x8040  # flush results to zero, read denormals as zero
FLUSH_ARM = 1 << 24


def _flush_denormals(w: Writer, target: Target) -> Any:
    """Switch denormals off, which make some processors a hundred times slower; return the state to restore."""
    b = w.builder
    if target.is_x86:
        with b.goto_entry_block():
            before, during = b.alloca(WORD), b.alloca(WORD)
        kind = ir.FunctionType(ir.VoidType(), [ADDRESS])
        w.call("llvm.x86.sse.stmxcsr", kind, [before])
        b.store(b.or_(b.load(before, typ=WORD), ir.Constant(WORD, FLUSH_X86)), during)
        w.call("llvm.x86.sse.ldmxcsr", kind, [during])
        return before
    if target.triple.startswith("aarch64"):
        before = w.call("llvm.aarch64.get.fpcr", ir.FunctionType(INDEX, []), [])
        w.call("llvm.aarch64.set.fpcr", ir.FunctionType(ir.VoidType(), [INDEX]), [b.or_(before, index(FLUSH_ARM))])
        return before
    return None


def _restore(w: Writer, target: Target, before: Any) -> None:
    if target.is_x86:
        w.call("llvm.x86.sse.ldmxcsr", ir.FunctionType(ir.VoidType(), [ADDRESS]), [before])
    elif before is not None:
        w.call("llvm.aarch64.set.fpcr", ir.FunctionType(ir.VoidType(), [INDEX]), [before])


def gather_code(spec: Spec, dtype: DType, target: Target) -> Code:
    """Return the kernel that copies rows order[step * rows], ... of a column into the batch, in the dtype of the step.

    Its arguments: the column, the order, the batch, the size of a row, how far rows of the batch are apart, how many
    they are, and how many rows ahead of the one it copies it asks for (0: none, for a processor sees by itself that one
    row follows the other). It looks out for NaN and infinity on the way.
    """
    lanes = target.vector_bytes // max(spec.dtype.itemsize, 1) if spec.dtype.kind == "f" else 1
    key = f"rows {dtype.str} {spec.dtype.str} {lanes}"
    return Code(key, lambda module, name: _write_gather(Writer(module, name), dtype, spec.dtype, lanes))


def _write_gather(w: Writer, have: DType, want: DType, lanes: int) -> None:
    b = w.builder
    column, order, batch = (w.argument(ADDRESS) for _ in range(3))
    size, stride, rows, ahead = (w.argument() for _ in range(4))
    first = b.mul(w.noted(STEP), rows)
    low, high, left, right = w.function.args[2:]
    lookout = Lookout(w, want, lanes)
    with w.loop(low, high) as r:
        with b.if_then(b.icmp_signed(">", ahead, index(0))):
            next_row = w.minimum(b.add(r, ahead), b.sub(high, index(1)))
            later = w.at(column, b.mul(w.entry(order, b.add(first, next_row)), size), have)
            w.prefetch(w.at(later, left, have), b.mul(b.sub(right, left), index(have.itemsize)))
        here = w.entry(order, b.add(first, r))
        source, target = w.at(column, b.mul(here, size), have), w.at(batch, b.mul(r, stride), want)

        def move(j: Any, lanes: int, mask: Any, alive: Any) -> None:
            value = convert(b, w.load(w.at(source, j, have), have, lanes, mask), have, want, lanes)
            w.store(value, w.at(target, j, want), want, lanes, mask)
            lookout.see(value)

        in_vectors(w, left, right, lanes, move)
    lookout.report()
    w.finish()


def check_code(dtype: DType, target: Target) -> Code:
    """Return the kernel that looks for NaN and infinity in an array, in the last step only. Its argument: the array."""
    lanes = target.vector_bytes // dtype.itemsize
    return Code(f"check {dtype.str} {lanes}", lambda module, name: _write_check(Writer(module, name), dtype, lanes))


def _write_check(w: Writer, dtype: DType, lanes: int) -> None:
    b = w.builder
    array = w.argument(ADDRESS)
    lookout = Lookout(w, dtype, lanes)
    with b.if_then(b.icmp_signed("==", w.noted(LEFT), index(0))):

        def look(j: Any, lanes: int, mask: Any, alive: Any) -> None:
            lookout.see(w.load(w.at(array, j, dtype), dtype, lanes, mask))

        in_vectors(w, w.function.args[4], w.function.args[5], lanes, look)
        lookout.report()
    w.finish()


class Lookout:
    """Inside a kernel: notes whether a number it is shown is NaN or infinite, with all bits of the exponent set.

    On the way only the largest exponent of each lane is kept; it is asked about at the end.
    """

    def __init__(self, w: Writer, dtype: DType, lanes: int) -> None:
        self.w, self.lanes = w, lanes
        exponent = {4: 0x7F800000, 8: 0x7FF0000000000000}.get(dtype.itemsize, 0) if dtype.kind == "f" else 0
        self.looks = exponent > 0
        if self.looks:
            word = ir.IntType(8 * dtype.itemsize)
            self.kind = word if lanes == 1 else ir.VectorType(word, lanes)
            self.all_set = ir.Constant(self.kind, exponent if lanes == 1 else [exponent] * lanes)
            self.largest = Running(w, self.kind)
            with w.builder.goto_entry_block():
                self.largest.set(ir.Constant(self.kind, 0 if lanes == 1 else None))

    def see(self, value: Any) -> None:
        """Look at a register."""
        if self.looks:
            b: Any = self.w.builder
            exponents, largest = b.and_(b.bitcast(value, self.kind), self.all_set), self.largest.get()
            self.largest.set(b.select(b.icmp_unsigned(">", exponents, largest), exponents, largest))

    def report(self) -> None:
        """Leave a note in the thread's memory."""
        if not self.looks:
            return
        b: Any = self.w.builder
        found = b.icmp_unsigned("==", self.largest.get(), self.all_set)
        if self.lanes > 1:
            bits = ir.IntType(self.lanes)
            found = b.icmp_unsigned("!=", b.bitcast(found, bits), ir.Constant(bits, 0))
        with b.if_then(found):
            self.w.note(FOUND, index(1))


def keep_code(dtype: DType) -> Code:
    """Return the kernel that copies an output behind those before. Arguments: output, where they are kept, its size."""
    return Code(f"keep {dtype.str}", lambda module, name: _write_keep(Writer(module, name), dtype))


def _write_keep(w: Writer, dtype: DType) -> None:
    b = w.builder
    source, kept, size = w.argument(ADDRESS), w.argument(ADDRESS), w.argument()
    start = b.mul(w.noted(STEP), size)
    with w.loop(*w.function.args[4:6]) as i:
        w.store(w.load(w.at(source, i, dtype), dtype), w.at(kept, b.add(start, i), dtype), dtype)
    w.finish()


def row_size(spec: Spec) -> int:
    """Return how many numbers a row holds."""
    return math.prod(spec.shape[1:])
