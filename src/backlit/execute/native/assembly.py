"""Assembly: from a recorded step to calls in order, with their memory; what is left is to compile and to run them.

A lowered graph is fused into kernels, these are scheduled, given memory, and turned into calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...graph.graph import Graph
from ...graph.node import Node, constant, given
from ...ops.op import Spec
from .calls import Call
from .draws import uniform, uniform_rows
from .forms import Product
from .fusion import Kernel, fused, is_known, is_view
from .images import resample, spread
from .indexed import add_at, take
from .memory import Memory, base_of, written_in_place
from .moves import copy_call, join, one_hot, place_of_extreme, put_slice, reshape, running_sum
from .passes import Body, body_of, pass_call
from .pieces import PIECES
from .product_calls import product_calls
from .reductions import REDUCTIONS, Fold, fold_call, result_view
from .schedule import scheduled
from .sorting import sort
from .target import Target
from .views import View, swapped
from .zeros import scan_call, words_of

OTHERS: dict[str, Callable[[Node, Mapping[Node, View], Target], list[Call]]] = {
    "argmax": place_of_extreme, "argmin": place_of_extreme, "cumsum": running_sum, "concatenate": join,
    "put_slice": put_slice, "one_hot": one_hot, "uniform": uniform, "reshape": reshape,
    "gather": take, "scatter_add": add_at, "sort": sort, "resample": resample, "resample_adjoint": spread,
    "uniform_rows": uniform_rows,
}  # fmt: skip
FLAGGING = ("gather", "scatter_add", "power")
ACROSS, DOWN = "bits of rows", "bits of columns"
LEAST_WIDTH = 48  # columns from which on skipping steps row by row can pay
FAIR = 4  # products a thread from which on one more for some of them hardly matters
KEEP_ZEROS = {"resample": slice(1), "multiply": slice(2)}  # ops that leave 0 where one of these inputs has it: mostly
LEAST_SHARED = 32  # steps along the shared axis from which on looking for zeros can pay


@dataclass
class Item:
    """The calls of one kernel (None: the copies at the end), and when and by whom they are made."""

    kernel: Kernel | None
    calls: list[Call]
    segment: int
    thread: int | None


@dataclass
class Assembly:
    """A step made ready: its items in order, and the memory they work in."""

    graph: Graph
    items: list[Item]
    memory: Memory
    threads: int

    @property
    def may_flag(self) -> bool:
        """Whether a call may come upon something that the interpreter refuses."""
        return any(node.op.name in FLAGGING for node in self.graph.operations)

    def calls(self) -> list[Call]:
        """Return every call there is, those made through others too."""
        return calls_of(self.items)


def calls_of(items: Sequence[Item]) -> list[Call]:
    """Return the calls of items, and those that are made through them, each once."""
    return list(dict.fromkeys(c for item in items for call in item.calls for c in (call, *call.also)))


def assembled(graph: Graph, target: Target, threads: int, *, skip_zeros: bool = True, spread: int = 0) -> Assembly:
    """Return the assembly of a lowered graph for at most so many threads."""
    if any(node.dtype == np.float16 for node in graph.nodes):
        raise NotImplementedError("there is no machine code for float16")
    kernels = fused(graph)
    if skip_zeros:
        kernels = _with_scans(graph, kernels)
    in_place = written_in_place(graph, kernels)
    schedule = scheduled(graph, kernels, in_place)
    memory = Memory(graph, kernels, schedule.segment, in_place, spread)
    calls = _Calls(memory, target, threads)
    items = [Item(k, calls.of(k, schedule.thread[k]), schedule.segment[k], schedule.thread[k]) for k in kernels]
    items = [item for item in items if item.calls]
    last = max((item.segment for item in items), default=-1)
    items += _copies(memory, target, last + 1)
    return Assembly(graph, items, memory, threads)


def _copies(memory: Memory, target: Target, segment: int) -> list[Item]:
    """Return the copies into outputs that no kernel writes; state that changes places goes by way of the arena."""
    graph = memory.graph
    moved = {n for name, n in graph.outputs.items() if base_of(n).op is given and graph.inputs.get(name) is not n}
    first, second = [], []
    for node, place in memory.copies():
        source = memory.views[node]
        if 0 in node.shape:
            continue
        if node in moved:
            between = memory.temporary(node)
            first.append(copy_call(node, source, between, target))
            source = between
        second.append(copy_call(node, source, place, target))
    items = [Item(None, calls, segment + i, 0) for i, calls in enumerate((first, second)) if calls]
    for item in items:
        for call in item.calls:
            call.whole = True
    return items


def _with_scans(graph: Graph, kernels: Sequence[Kernel]) -> list[Kernel]:
    """Put a scan for zeros before the first product whose left factor may hold many."""
    data = _data(graph)
    scans: dict[tuple[Node, bool], Node] = {}
    found: list[Kernel] = []
    for kernel in kernels:
        product = kernel.product
        if product is not None and _may_skip(product, data):
            a, down = product.inputs[0], bool(product.attrs["transpose_a"])
            if (a, down) not in scans:
                rows, columns = a.shape
                shape = (words_of(rows), columns) if down else (rows, words_of(columns))
                name = product.name if product.name in PIECES else DOWN if down else ACROSS
                bits = Node(given, (), {}, Spec(shape, np.dtype(np.int32)), name)
                scans[a, down] = bits
                found.append(Kernel(a.shape, bits=bits, scan=a))
            kernel.bits = scans[a, down]
            kernel.together = 2 if a in data else 1
        found.append(kernel)
    return found


def _may_skip(product: Node, data: set[Node]) -> bool:
    """Say whether looking for zeros may pay: in the user's data always, in activations where rows are long enough."""
    a = product.inputs[0]
    if len(product.shape) != 2 or len(a.shape) != 2 or product.shape[0] < 2 or not _lies_in_rows(a):
        return False
    shared = a.shape[0] if product.attrs["transpose_a"] else a.shape[1]
    if a in data:
        return shared >= LEAST_SHARED
    return shared >= 2 * LEAST_SHARED and product.shape[1] >= LEAST_WIDTH and _half_zero(a)


def _lies_in_rows(node: Node) -> bool:
    """Say whether the numbers of each row lie side by side, as the scan reads them."""
    while is_view(node):
        steps = [part[3] for part in node.attrs.get("key", ()) if isinstance(part, tuple)]
        whole = len(steps) == len(node.attrs.get("key", ()))
        if node.op.name in ("transpose", "broadcast_to") or not whole or any(step not in (None, 1) for step in steps):
            return False
        node = node.inputs[0]
    return True


def _half_zero(node: Node) -> bool:
    """Say whether about half of the numbers will be zero: behind relu or dropout, and behind their derivatives."""
    name, inputs = node.op.name, node.inputs
    if name == "where":
        return any(_is_zero(n) for n in inputs[1:])
    if name == "maximum":
        return any(_is_zero(n) for n in inputs)
    return name == "multiply" and any(n.dtype.kind == "b" or _is_mask(n) for n in inputs)


def _is_zero(node: Node) -> bool:
    return node.op is constant and node.value.size == 1 and not node.value.any()


def _is_mask(node: Node) -> bool:
    return node.op.name == "cast" and node.inputs[0].dtype.kind == "b"


def _data(graph: Graph) -> set[Node]:
    """Return what may hold as many zeros as the inputs of the model do: nobody knows how many the user's data has.

    That is what is computed from them alone, and images that were moved or multiplied by what was drawn for them.
    """
    data = set(graph.data.values())
    for node in graph.operations:
        keeps = any(n in data for n in node.inputs[KEEP_ZEROS.get(node.op.name, slice(0))])
        if keeps or (any(n in data for n in node.inputs) and all(n in data or is_known(n) for n in node.inputs)):
            data.add(node)
    return data


class _Calls:
    """Turns kernels into calls."""

    def __init__(self, memory: Memory, target: Target, threads: int) -> None:
        self.memory, self.target, self.threads = memory, target, threads
        self.views = memory.views

    def of(self, kernel: Kernel, thread: int | None) -> list[Call]:
        """Return the calls of a kernel, for all threads or for one."""
        if kernel.scan is not None:
            return self._scan(kernel)
        if kernel.product is not None:
            return [] if 0 in kernel.shape else self._product(kernel, self.threads if thread is None else 1)
        sink = kernel.sink
        if sink is not None and sink.op.name in ("max", "min", "argmax", "argmin") and 0 in sink.inputs[0].shape:
            raise NotImplementedError(f"there is no {sink.op.name} of nothing")
        if sink is not None and sink.op.name in REDUCTIONS:
            return [] if 0 in sink.shape else [self._fold(kernel, sink)]
        if sink is not None:
            if sink.op.name not in OTHERS:
                raise NotImplementedError(
                    f"there is no machine code for the op {sink.op.name!r} (layer {sink.scope or 'none'})"
                )
            return [] if 0 in sink.shape else OTHERS[sink.op.name](sink, self.views, self.target)
        if 0 in kernel.shape:
            return []
        body, _ = body_of(kernel.nodes, self.views, self._written(kernel), kernel.shape, self.target)
        return [pass_call(body)]

    def _written(self, kernel: Kernel) -> dict[Node, View]:
        return {n: self.views[n] for n in kernel.members() if n in self.memory.stored and n is not kernel.sink}

    def _fold(self, kernel: Kernel, sink: Node) -> Call:
        source = sink.inputs[0]
        shape, out = source.shape, result_view(sink, self.views[sink])
        if kernel.nodes:
            body, seen = body_of(kernel.nodes, self.views, self._written(kernel), shape, self.target, result=out)
        else:
            body, seen = body_of([sink], self.views, {}, shape, self.target, result=out)
            body = body._replace(nodes=())
        assert seen is not None
        return fold_call(Fold(sink, source, body, seen))

    def _scan(self, kernel: Kernel) -> list[Call]:
        assert kernel.scan is not None and kernel.bits is not None
        data, bits = self.views[kernel.scan], self.views[kernel.bits]
        return [scan_call(data, bits, kernel.bits.name == DOWN, self.target.vector_bytes // data.dtype.itemsize)]

    def _product(self, kernel: Kernel, threads: int) -> list[Call]:
        node = kernel.product
        assert node is not None
        if node.dtype.kind != "f":
            raise NotImplementedError(f"there is no machine code for products of {node.dtype.name}")
        if any(below.dtype != node.dtype for below in node.inputs):
            raise NotImplementedError(f"there is no machine code for products of mixed dtypes (layer {node.scope})")
        a, b = (self.views[below] for below in node.inputs)
        a = swapped(a) if node.attrs["transpose_a"] else a
        b = swapped(b) if node.attrs["transpose_b"] else b
        if len(node.shape) > 2:
            out = self.views[node]
            parts = [[_matrix(v, i) for v in (a, b, out)] for i in np.ndindex(*node.shape[:-2])]
            return self._many(node, parts, threads)
        bits = None if kernel.bits is None else _by_row(self.views[kernel.bits], kernel.bits)
        if not kernel.nodes:
            return self._plain(node, Product(a, b, bits, kernel.together), self.views[node], threads)
        body, _ = body_of(kernel.nodes, self.views, self._written(kernel), kernel.shape, self.target, tile=node)
        return product_calls(Product(a, b, bits, kernel.together), pass_call(body), self.target, threads)

    def _many(self, node: Node, parts: Sequence[Sequence[View]], threads: int) -> list[Call]:
        """Return the calls of many products: each is one thread's own, unless there are too few of them."""
        own = threads > 1 and (len(parts) >= FAIR * threads or len(parts) % threads == 0)
        calls: list[Call] = []
        for i, (a, b, out) in enumerate(parts):
            found = self._plain(node, Product(a, b), out, 1 if own else threads)
            for call in found if own else ():
                call.owner = i * threads // len(parts)
            calls += found
        return calls

    def _plain(self, node: Node, product: Product, out: View, threads: int) -> list[Call]:
        """Return the calls of a product that nothing is computed behind: its tiles are copied to where they belong."""
        lanes = self.target.vector_bytes // node.dtype.itemsize if out.shape[-1] > 1 else 1
        body = Body((), {node: out}, {node: out}, out.shape, lanes, node)
        return product_calls(product, pass_call(body), self.target, threads)


def _matrix(view: View, place: tuple[int, ...]) -> View:
    """Return one of many matrices; axes that are missing or of size 1 are repeated."""
    lead = len(view.shape) - 2
    at = sum(
        i * s for i, s, n in zip(place[len(place) - lead :], view.strides, view.shape[:lead], strict=False) if n > 1
    )
    return View(view.buffer, view.shape[-2:], view.strides[-2:], view.offset + at)


def _by_row(view: View, bits: Node) -> View:
    """Return the view of bits as (rows of the left factor, words), however they lie."""
    return swapped(view) if bits.name == DOWN else view
