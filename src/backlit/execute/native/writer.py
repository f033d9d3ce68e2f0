"""Writing one kernel in LLVM's language: its arguments, its loops, its memory accesses.

Every kernel is a function of (arguments, scratch, low 0, high 0, low 1, high 1): a table of integers and addresses, the
thread's own memory, and the box of rows and columns to compute. Sizes and strides are arguments, so that one compiled
kernel serves every shape.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

from ...arrays import DType
from .lanes import ADDRESS, BIT, BYTE, INDEX, index, register_type, stored_type
from .target import Target

WORD = ir.IntType(32)
# Places in a thread's own memory, in bytes: the number of the step, where the tile in front of a pass lies and how far
# its rows are apart, how many steps are left, whether NaN or infinity was found, whether something is wrong.
STEP, TILE, ACROSS, LEFT, FOUND, FLAG, LIST, LINES = range(0, 64, 8)
HEAD = 64  # bytes at the start of a thread's own memory that are spoken for: what stands above
LINE = 64  # bytes of a cache line
KERNEL = ir.FunctionType(ir.VoidType(), [ADDRESS, ADDRESS, INDEX, INDEX, INDEX, INDEX])
DENORMALS = '"denormal-fp-math"="dynamic,dynamic"'  # LLVM may not take for granted that the processor keeps them


@contextmanager
def loop(b: Any, low: Any, high: Any, step: int | Any = 1) -> Iterator[Any]:
    """Write a loop with the builder `b`: the block runs for low, low + step, ... below `high`; yields the index."""
    low, high, step = (index(v) if isinstance(v, int) else v for v in (low, high, step))
    before, body, after = b.block, b.append_basic_block("loop"), b.append_basic_block("done")
    b.cbranch(b.icmp_signed("<", low, high), body, after)
    b.position_at_end(body)
    i = b.phi(INDEX)
    i.add_incoming(low, before)
    yield i
    following = b.add(i, step)
    i.add_incoming(following, b.block)
    b.cbranch(b.icmp_signed("<", following, high), body, after)
    b.position_at_end(after)


class Module(ir.Module):
    """A module of LLVM's that knows the processor it is written for."""

    def __init__(self, target: Target) -> None:
        super().__init__("backlit")
        self.triple = target.triple
        self.target = target


class Attributes(ir.values.FunctionAttributes):
    """What LLVM may assume of a function; llvmlite's own list lacks one."""

    _known = ir.values.FunctionAttributes._known | {DENORMALS}


class Running:
    """A value that changes in a loop: a place on the stack that LLVM turns into a register."""

    def __init__(self, writer: Writer, kind: Any) -> None:
        self._b, self._kind = writer.builder, kind
        with self._b.goto_entry_block():
            self._place = self._b.alloca(kind)

    def get(self) -> Any:
        """Return what it is now."""
        return self._b.load(self._place, typ=self._kind)

    def set(self, value: Any) -> None:
        """Change it."""
        self._b.store(value, self._place)


class Writer:
    """Writes one function of the kind above; others may be given with `kind`."""

    def __init__(self, module: Module, name: str, kind: ir.FunctionType = KERNEL) -> None:
        self.module = module
        self.function = ir.Function(module, kind, name)
        self.function.attributes = Attributes(("nounwind", DENORMALS))
        self.builder: Any = ir.IRBuilder(self.function.append_basic_block("entry"))
        self.estimates: bool = module.target.has_avx512
        self._arguments = 0
        self._alive: dict[Any, Any] = {}

    def argument(self, kind: Any = INDEX) -> Any:
        """Return the next entry of the table of arguments, read at the start of the kernel."""
        with self.builder.goto_entry_block():
            return self.entry(self.function.args[0], self._count(), kind)

    def _count(self) -> int:
        self._arguments += 1
        return self._arguments - 1

    def entry(self, table: Any, place: int | Any, kind: Any = INDEX) -> Any:
        """Read entry `place` of a table of 8-byte values."""
        place = index(place) if isinstance(place, int) else place
        return self.builder.load(self.builder.gep(table, [place], source_etype=INDEX), typ=kind, align=8)

    def flag(self, wrong: Any) -> None:
        """Where `wrong` holds, tell the runner that the interpreter must run this step and say what is wrong."""
        with self.builder.if_then(wrong, likely=False):
            self.note(FLAG, index(1))

    def noted(self, place: int, kind: Any = INDEX) -> Any:
        """Read a place in the thread's own memory, in a kernel."""
        return self.builder.load(self.bytes_behind(self.function.args[1], index(place)), typ=kind, align=8)

    def note(self, place: int, value: Any) -> None:
        """Write a place in the thread's own memory, in a kernel."""
        self.builder.store(value, self.bytes_behind(self.function.args[1], index(place)), align=8)

    def finish(self) -> None:
        """End the function."""
        self.builder.ret_void()

    def loop(self, low: Any, high: Any, step: int | Any = 1) -> Any:
        """Repeat the block for low, low + step, ... below `high`; gives the index."""
        return loop(self.builder, low, high, step)

    @contextmanager
    def loops(self, sizes: Sequence[Any]) -> Iterator[list[Any]]:
        """Nest a loop for each size; gives the indices."""
        indices: list[Any] = []
        open_loops = []
        for size in sizes:
            entered = self.loop(0, size)
            indices.append(entered.__enter__())
            open_loops.append(entered)
        yield indices
        for entered in reversed(open_loops):
            entered.__exit__(None, None, None)

    def at(self, base: Any, place: Any, dtype: DType) -> Any:
        """Return the address of number `place` behind `base`."""
        return self.builder.gep(base, [place], source_etype=stored_type(dtype))

    def bytes_behind(self, base: Any, count: Any) -> Any:
        """Return the address so many bytes behind `base`."""
        return self.builder.gep(base, [count], source_etype=BYTE)

    def minimum(self, a: Any, b: Any) -> Any:
        """Return the smaller of two integers."""
        return self.builder.select(self.builder.icmp_signed("<", a, b), a, b)

    def maximum(self, a: Any, b: Any) -> Any:
        """Return the larger of two integers."""
        return self.builder.select(self.builder.icmp_signed(">", a, b), a, b)

    def mask(self, alive: Any, lanes: int) -> Any:
        """Return which of `lanes` lanes are alive: the first `alive`, from 0 to all where such lanes are stored."""
        kind = ir.VectorType(WORD, lanes)
        count = self.splat(self.builder.trunc(alive, WORD), lanes)
        mask = self.builder.icmp_signed(">", count, ir.Constant(kind, list(range(lanes))))
        self._alive[mask] = alive
        return mask

    def load(self, pointer: Any, dtype: DType, lanes: int = 1, mask: Any = None) -> Any:
        """Read `lanes` numbers side by side; those outside `mask` are 0 and not touched."""
        kind = stored_type(dtype) if lanes == 1 else ir.VectorType(stored_type(dtype), lanes)
        if mask is None or lanes == 1:
            value = self.builder.load(pointer, typ=kind, align=dtype.itemsize)
        else:
            name = f"llvm.masked.load.v{lanes}{suffix(dtype)}.p0"
            kinds = ir.FunctionType(kind, [ADDRESS, WORD, ir.VectorType(BIT, lanes), kind])
            value = self.call(name, kinds, [pointer, ir.Constant(WORD, dtype.itemsize), mask, ir.Constant(kind, None)])
        return self._to_register(value, dtype, lanes)

    def store(self, value: Any, pointer: Any, dtype: DType, lanes: int = 1, mask: Any = None) -> None:
        """Write `lanes` numbers side by side; those outside `mask` stay as they are."""
        value = self._to_memory(value, dtype, lanes)
        if mask is None or lanes == 1:
            self.builder.store(value, pointer, align=dtype.itemsize)
            return
        if not self.module.target.has_avx512:
            self._store_halves(value, pointer, dtype, lanes, self._alive[mask])
            return
        name = f"llvm.masked.store.v{lanes}{suffix(dtype)}.p0"
        kinds = ir.FunctionType(ir.VoidType(), [value.type, ADDRESS, WORD, ir.VectorType(BIT, lanes)])
        self.call(name, kinds, [value, pointer, ir.Constant(WORD, dtype.itemsize), mask])

    def _store_halves(self, value: Any, pointer: Any, dtype: DType, lanes: int, alive: Any) -> None:
        """Write the first `alive` lanes: half of them if there are so many, a quarter of the others, and so on.

        Where the processor has no registers for masks it writes lane by lane, or is as slow as if it did.
        """
        b = self.builder
        with b.if_else(b.icmp_unsigned("==", alive, index(lanes))) as (whole, part):
            with whole:
                b.store(value, pointer, align=dtype.itemsize)
            with part:
                while lanes > 1:
                    lanes //= 2
                    there = b.icmp_unsigned("!=", b.and_(alive, index(lanes)), index(0))
                    low, high = (self._lanes_of(value, start, lanes) for start in (0, lanes))
                    with b.if_then(there):
                        b.store(low, pointer, align=dtype.itemsize)
                    pointer = b.select(there, self.at(pointer, index(lanes), dtype), pointer)
                    value = b.select(there, high, low)

    def _lanes_of(self, value: Any, start: int, count: int) -> Any:
        """Return some lanes of a vector: a shorter vector, or one number."""
        if count == 1:
            return self.builder.extract_element(value, ir.Constant(WORD, start))
        return self.shuffle(value, value, range(start, start + count))

    def gather(self, pointer: Any, stride: Any, dtype: DType, lanes: int, alive: Any = None) -> Any:
        """Read numbers that lie `stride` apart, lane by lane; lanes that are not alive read the first one again."""
        vector = ir.Constant(register_type(dtype, lanes), ir.Undefined)
        for lane in range(lanes):
            place = self.builder.mul(stride, index(lane))
            if alive is not None:
                place = self.builder.select(self.builder.icmp_signed("<", index(lane), alive), place, index(0))
            one = self.load(self.at(pointer, place, dtype), dtype)
            vector = self.builder.insert_element(vector, one, ir.Constant(WORD, lane))
        return vector

    def pick(self, base: Any, places: Any, dtype: DType, lanes: int, mask: Any = None) -> Any:
        """Read the numbers at `places` behind `base`, one for each lane; those outside `mask` are not touched."""
        pointers = self._pointers(base, places, dtype, lanes)
        if lanes == 1:
            return self.load(pointers, dtype)
        kind, truth = register_type(dtype, lanes), ir.VectorType(BIT, lanes)
        name = f"llvm.masked.gather.v{lanes}{suffix(dtype)}.v{lanes}p0"
        kinds = ir.FunctionType(kind, [pointers.type, WORD, truth, kind])
        mask = ir.Constant(truth, [1] * lanes) if mask is None else mask
        return self.call(name, kinds, [pointers, ir.Constant(WORD, dtype.itemsize), mask, ir.Constant(kind, None)])

    def scatter(self, value: Any, start: Any, stride: Any, dtype: DType, lanes: int, mask: Any = None) -> None:
        """Write numbers `stride` apart; those outside `mask` stay as they are."""
        truth, steps = ir.VectorType(BIT, lanes), ir.Constant(ir.VectorType(INDEX, lanes), list(range(lanes)))
        pointers = self._pointers(start, self.builder.mul(self.splat(stride, lanes), steps), dtype, lanes)
        name = f"llvm.masked.scatter.v{lanes}{suffix(dtype)}.v{lanes}p0"
        kinds = ir.FunctionType(ir.VoidType(), [value.type, pointers.type, WORD, truth])
        mask = ir.Constant(truth, [1] * lanes) if mask is None else mask
        self.call(name, kinds, [value, pointers, ir.Constant(WORD, dtype.itemsize), mask])

    def _pointers(self, base: Any, places: Any, dtype: DType, lanes: int) -> Any:
        """Return the addresses of numbers behind `base`, one for each lane."""
        pointers = self.at(base, places, dtype)
        if lanes > 1:
            pointers.type = ir.VectorType(ADDRESS, lanes)  # llvmlite takes it for the type of `base`
        return pointers

    def prefetch(self, start: Any, size: Any) -> None:
        """Ask memory for `size` bytes before they are needed."""
        with self.loop(index(0), size, LINE) as i:
            self.fetch(self.bytes_behind(start, i))

    def fetch(self, pointer: Any, near: int = 3) -> None:
        """Ask memory for the cache line at `pointer`: 3 brings it into the L1 cache, 2 into the L2."""
        kind = ir.FunctionType(ir.VoidType(), [ADDRESS, WORD, WORD, WORD])
        read, keep, data = (ir.Constant(WORD, n) for n in (0, near, 1))
        self.call("llvm.prefetch.p0", kind, [pointer, read, keep, data])

    def splat(self, value: Any, lanes: int) -> Any:
        """Return a vector with `value` in every lane."""
        if lanes == 1:
            return value
        kind = ir.VectorType(value.type, lanes)
        one = self.builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(WORD, 0))
        return self.shuffle(one, one, [0] * lanes)

    def shuffle(self, a: Any, b: Any, picks: Sequence[int]) -> Any:
        """Return lanes picked from two vectors laid end to end."""
        return self.builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(WORD, len(picks)), list(picks)))

    def call(self, name: str, kind: ir.FunctionType, arguments: Sequence[Any], fastmath: tuple[str, ...] = ()) -> Any:
        """Call a function of LLVM's or of the C library by name."""
        function = self.module.globals.get(name) or ir.Function(self.module, kind, name)
        return self.builder.call(function, arguments, fastmath=fastmath)

    def call_at(self, pointer: Any, kind: ir.FunctionType, arguments: Sequence[Any]) -> Any:
        """Call the function at an address."""
        return self.builder.call(self.typed(pointer, kind), arguments)

    def typed(self, pointer: Any, kind: Any) -> Any:
        """Return an address that says what lies there: llvmlite asks for it at atomic accesses and calls."""
        return self.builder.inttoptr(self.builder.ptrtoint(pointer, INDEX), kind.as_pointer())

    def fma(self, a: Any, b: Any, c: Any, dtype: DType, lanes: int) -> Any:
        """Return a * b + c, rounded once where the processor can."""
        kind = register_type(dtype, lanes)
        name = f"llvm.fmuladd.{'' if lanes == 1 else f'v{lanes}'}{suffix(dtype)}"
        return self.call(name, ir.FunctionType(kind, [kind] * 3), [a, b, c])

    def _to_register(self, value: Any, dtype: DType, lanes: int) -> Any:
        if dtype.kind != "b":
            return value
        zero = ir.Constant(BYTE, 0) if lanes == 1 else ir.Constant(ir.VectorType(BYTE, lanes), None)
        return self.builder.icmp_unsigned("!=", value, zero)

    def _to_memory(self, value: Any, dtype: DType, lanes: int) -> Any:
        if dtype.kind != "b":
            return value
        return self.builder.zext(value, BYTE if lanes == 1 else ir.VectorType(BYTE, lanes))


def suffix(dtype: DType) -> str:
    """Return how LLVM writes a dtype in the names of its functions."""
    return f"{'f' if dtype.kind == 'f' else 'i'}{8 * dtype.itemsize}"


def lanes_for(target: Target, *dtypes: DType) -> int:
    """Return how many numbers a vector of the target holds: of the widest float there is, else 8-byte integers."""
    floats = [d.itemsize for d in dtypes if d.kind == "f"]
    return target.vector_bytes // max(floats or [8])
