"""The report of `native_code` as text: mathematics, nodes, kernels, LLVM's language, assembly.

Short by default: listings show the innermost loop of the kernel that does most of the layer's forward pass.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from ..graph import show

if TYPE_CHECKING:
    from .listings import Loop
    from .machine_code import NativeCode, NativeKernel

MOST_PHIS, MOST_LINES = 4, 48  # lines of a short listing
KEPT = "\N{NO-BREAK SPACE}"


def report(code: NativeCode, width: int, full: bool) -> str:
    """Return the whole report."""
    return "\n\n".join([head(code), *(part(code, width, full) for part in PARTS.values())])


def _none(code: NativeCode) -> list[str]:
    return [] if code.kernels else ["    None: the layer has no kernel."]


def head(code: NativeCode) -> str:
    """Return the first lines: which layer, and for which processor."""
    target = code.target
    return (
        f"{code.layer.name} ({type(code.layer).__name__}), from the formula to the instruction\n"
        f"for {target.cpu}: vectors of {target.vector_bytes} bytes, {target.registers} vector registers"
    )


def _mathematics(code: NativeCode, width: int, full: bool) -> str:
    lines = ["1. MATHEMATICS: what the layer computes in one training step."]
    for part, formulas in code.mathematics.items():
        lines.append(f"  {part}")
        lines += [line for formula in formulas for line in _wrapped(formula, width, 4)]
    return "\n".join(lines)


def _nodes(code: NativeCode, width: int, full: bool) -> str:
    every = [node for nodes in code.nodes.values() for node in nodes]
    lines = [f"2. NODES: the same in primitives, {_several(len(every), 'node')} of the step's graph."]
    labels = max((len(code.graph.labels[node]) for node in every), default=0)
    types = max((len(show.type_text(node)) for node in every), default=0)
    for part, nodes in code.nodes.items():
        lines.append(f"  {part}")
        for node in nodes:
            label, name = code.graph.labels[node], code.names[node]
            side = f"  # {name}" if name != label else ""
            expression = f"{show.expression(code.graph, node)}{side}"
            lines.append(_clipped(f"    {label:<{labels}}  {show.type_text(node):<{types}}  = {expression}", width))
    return "\n".join(lines)


def _kernels(code: NativeCode, width: int, full: bool) -> str:
    data = "the data given" if code.given else "random numbers"
    lines = [f"3. KERNELS: fused into {_several(len(code.kernels), 'kernel')}, each timed on one core with {data}."]
    if code.given and code.kernels:
        lines.append("    Products skip zeros in the data; the FLOPs count them.")
    if not code.kernels:
        lines.append("    No code of its own: its nodes only look at memory another way, or there are none.")
    for i, kernel in enumerate(code.kernels, 1):
        lines += _wrapped(kernel.title, width, 6, f"  ({i}) ")
        for name, words in _facts(code, kernel):
            lines += _wrapped(words, width, 14, f"      {name:<8}")
    return "\n".join(lines)


def _facts(code: NativeCode, kernel: NativeKernel) -> Iterator[tuple[str, str]]:
    own = {node for nodes in code.nodes.values() for node in nodes}
    foreign = sum(node not in own for node in kernel.nodes if node.op.kind != "source")
    yield "reads", ", ".join(one.replace(" ", KEPT) for one in kernel.reads)
    yield "writes", ", ".join(one.replace(" ", KEPT) for one in kernel.writes)
    yield "by", f"{kernel.threads}, segment {kernel.segment} of the step"
    if foreign:
        yield "shared", f"with {_several(foreign, 'node')} of other layers"
    yield "speed", speed(kernel)


def speed(kernel: NativeKernel) -> str:
    """Say how long a kernel takes, and how that stands to the processor's peak."""
    work = f"{kernel.flops:,} FLOPs" if kernel.flops else f"{kernel.bytes:,} bytes"
    if math.isnan(kernel.microseconds):
        return f"{work}, not timed"
    taken, traffic = f"{kernel.microseconds:.3g} us for {work}", f"{kernel.bytes / kernel.microseconds / 1e3:.3g} GB/s"
    if not kernel.flops:
        return f"{taken}: {traffic}"
    return (
        f"{taken}: {kernel.gflops:.3g} GFLOP/s, {kernel.share:.0%} of the {kernel.peak:.3g} this core can do; {traffic}"
    )


def _ir(code: NativeCode, width: int, full: bool) -> str:
    lines = ["4. LLVM IR: as it is written, before LLVM optimizes it.", *_none(code)]
    for number, kernel in _chosen(code, full):
        lines.append(f"  {_which(number, full)}:")
        text = kernel.ir if full else kernel.hot_ir
        lines += text.splitlines() if full else [_clipped(f"    {line}", width) for line in _elided(text.splitlines())]
    return "\n".join(lines)


def _assembly(code: NativeCode, width: int, full: bool) -> str:
    lines = ["5. ASSEMBLY: what the processor runs; > marks the hot loop.", *_none(code)]
    for number, kernel in _chosen(code, full):
        loop = kernel.hot_loop
        told = "no loop" if loop is None else f"in {loop.function}: {counts(loop)}"
        lines += _wrapped(f"{_which(number, full)}, {told}", width, 4, "  ")
        text = _marked(kernel, full)
        lines += text if full else [_clipped(line, width) for line in _elided(text)]
    return "\n".join(lines)


def _chosen(code: NativeCode, full: bool) -> Iterator[tuple[int, NativeKernel]]:
    for number, kernel in enumerate(code.kernels, 1):
        if full or kernel is code.hottest:
            yield number, kernel


def _which(number: int, full: bool) -> str:
    return f"Kernel ({number})" if full else f"The innermost loop of kernel ({number})"


def counts(loop: Loop) -> str:
    """Say what a loop is made of."""
    spills = "no spills" if not loop.stack else f"{loop.stack} accesses to the stack (spills)"
    return f"{loop.instructions} instructions, {loop.vector} on vectors, {loop.fma} multiply-and-add, {spills}."


def _marked(kernel: NativeKernel, full: bool) -> list[str]:
    """Return the assembly of a kernel, or of its hot loop alone, with `>` before each line of the hot loop."""
    lines = kernel.assembly.splitlines()
    loop = kernel.hot_loop
    size = 0 if loop is None else len(loop.lines)
    places = range(len(lines)) if loop is not None else range(0)
    start = next((i for i in places if loop is not None and tuple(lines[i : i + size]) == loop.lines), 0)
    inside = range(start, start + size)
    shown = [(i in inside, line) for i, line in enumerate(lines) if full or loop is None or i in inside]
    return [f"  {'>' if hot else ' '} {_instruction(line)}" for hot, line in shown]


def _instruction(line: str) -> str:
    """Return a line of assembly in columns: labels, mnemonics, operands."""
    words = line.split(None, 1)
    if not words or line[:1] not in " \t":
        return line
    return f"    {words[0]:<13}{' '.join(words[1:])}".rstrip().expandtabs(1)


def _elided(lines: Sequence[str]) -> list[str]:
    """Return a listing without the middle of long runs that are alike."""
    phis = [line for line in lines if " = phi " in line]
    if len(phis) > MOST_PHIS:
        rest = phis[MOST_PHIS - 1 :]
        lines = [
            line if line is not rest[0] else f"  ... {len(rest)} more phis" for line in lines if line not in rest[1:]
        ]
    if len(lines) > MOST_LINES:
        left = len(lines) - MOST_LINES + 1
        lines = [*lines[: MOST_LINES - 5], f"  ... {left} more lines", *lines[-4:]]
    return list(lines)


def _several(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"


def _clipped(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: width - 1]}…"


def _wrapped(text: str, width: int, indent: int, first: str = "") -> list[str]:
    wrapped = textwrap.wrap(
        text, width, initial_indent=first or " " * indent, subsequent_indent=" " * (indent + 2 * (not first)),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return [line.replace(KEPT, " ") for line in wrapped]


PARTS: dict[str, Callable[[NativeCode, int, bool], str]] = {
    "mathematics": _mathematics, "nodes": _nodes, "kernels": _kernels, "ir": _ir, "assembly": _assembly,
}  # fmt: skip
