"""The schedule: which thread computes what, and where all of them meet.

Big kernels are shared by all threads, small ones go to one of them; a segment ends, and all meet at a barrier, where a
kernel reads what another thread has written (or writes over what another still reads).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ...graph.graph import Graph
from ...graph.node import Node
from .fusion import Kernel
from .pieces import PIECES

WIDE = 6000  # cycles from which on a kernel is worth sharing: a barrier costs several hundred
COSTS = {
    "divide": 8, "sqrt": 8, "exp": 16, "expm1": 20, "log": 20, "log1p": 24, "tanh": 24, "sin": 24, "cos": 24,
    "arctan": 24, "power": 50,
}  # fmt: skip
LANES = 16  # numbers a vector holds, to estimate with


@dataclass
class Schedule:
    """For each kernel: the segment it runs in, and its thread (None: all of them)."""

    segment: dict[Kernel, int] = field(default_factory=dict)
    thread: dict[Kernel, int | None] = field(default_factory=dict)


def cycles(kernel: Kernel) -> float:
    """Return a rough estimate of the cycles one thread needs."""
    elements = math.prod(kernel.shape)
    each = sum(COSTS.get(node.op.name, 1) for node in kernel.nodes) + len(kernel.reads)
    total = elements / LANES * each
    if kernel.product is not None:
        total += math.prod(kernel.product.shape) * _shared(kernel.product) / LANES
    if kernel.sink is not None:
        total += elements * (0.2 if kernel.sink.op.kind == "reduce" else 2)
    if kernel.scan is not None:
        total += elements / 8
    return total


def _shared(product: Node) -> int:
    """Return the length of the axis a product sums over."""
    return product.inputs[0].shape[-2 if product.attrs["transpose_a"] else -1]


def scheduled(graph: Graph, kernels: Sequence[Kernel], in_place: Mapping[str, Node]) -> Schedule:
    """Return the schedule of kernels that run in the given order."""
    plan = Schedule()
    home = {node: kernel for kernel in kernels for node in kernel.members()}
    before = _waits(graph, kernels, in_place)
    load = [0.0, 0.0]
    segment = 0
    for kernel in kernels:
        near = [home[n] for n in kernel.bases if n in home] + before.get(kernel, [])
        threads = {plan.thread[k] for k in near if plan.segment.get(k) == segment}
        own = _owner(kernel)
        wide = own is None and _is_wide(kernel)
        if threads and (wide or len(threads) > 1 or None in threads or (own is not None and own not in threads)):
            segment += 1
            load = [0.0, 0.0]
            threads = set()
        plan.segment[kernel] = segment
        if wide:
            plan.thread[kernel] = None
            continue
        thread = next(iter(threads), own)
        thread = load.index(min(load)) if thread is None else thread
        load[thread] += cycles(kernel)
        plan.thread[kernel] = thread
    return plan


def _waits(graph: Graph, kernels: Sequence[Kernel], in_place: Mapping[str, Node]) -> dict[Kernel, list[Kernel]]:
    """Return for kernels that write over state the others that read the old value."""
    readers: dict[Node, list[Kernel]] = {}
    for kernel in kernels:
        for base in kernel.bases:
            readers.setdefault(base, []).append(kernel)
    home = {node: kernel for kernel in kernels for node in kernel.members()}
    waits: dict[Kernel, list[Kernel]] = {}
    for name, node in in_place.items():
        writer = home[node]
        waits.setdefault(writer, []).extend(k for k in readers.get(graph.inputs[name], []) if k is not writer)
    return waits


def _owner(kernel: Kernel) -> int | None:
    """Return the thread that owns the rows of weights a piece of a product reads, or None."""
    name = "" if kernel.product is None else kernel.product.name
    if kernel.scan is not None and kernel.bits is not None:
        name = kernel.bits.name
    return PIECES.index(name) if name in PIECES else None


def _is_wide(kernel: Kernel) -> bool:
    """Say whether threads share a kernel. A scan down columns always is: each has gathered some of them."""
    down = kernel.scan is not None and kernel.bits is not None and kernel.bits.shape[1] == kernel.shape[1]
    return (cycles(kernel) >= WIDE or down) and _can_share(kernel)


def _can_share(kernel: Kernel) -> bool:
    """Say whether threads may share a kernel: what folds everything into one number has one writer."""
    sink = kernel.sink
    if sink is None:
        return True
    if sink.op.kind == "reduce" and "axes" in sink.attrs:
        return math.prod(sink.shape) > 1
    return sink.op.name in (
        "uniform",
        "one_hot",
        "argmax",
        "argmin",
        "concatenate",
        "reshape",
        "cumsum",
        "sort",
        "gather",
        "resample",
        "resample_adjoint",
        "uniform_rows",
    )
