"""Listings: what a kernel is in LLVM's language and in the processor's, and the loop in it where the time goes.

Loops are found as a reader finds them: a jump back to a label, with no other jump back in between.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..execute.native.calls import Code
    from ..execute.native.target import Target

LABEL = re.compile(r"^([.\w$]+):")
JUMP = re.compile(r"^\s+(?:j[a-z]+|b(?:\.[a-z]+)?|t?cbn?z)\s+(?:.*[\s,])?(\.L[\w$]+)\s*$")
VECTOR = re.compile(r"%[xyz]mm\d|\bv\d+\.\d+[bhsd]\b")
SCALAR = re.compile(r"^v?[a-z0-9]+s[sd]$|^v?mov[dq]$|^vzeroupper$")  # one number in a vector register
FMA = re.compile(r"^(?:vf(?:n?m(?:add|sub)|maddsub|msubadd)\d*[ps][sd]|fml[as]|fn?m(?:add|sub))$")
STACK = re.compile(r"\(%r[sb]p\)|\[sp\b|\[x29\b")
SHORTER = (  # the same in fewer letters
    (re.compile(r'([%@])"([A-Za-z._][\w.$-]*)"'), r"\1\2"),
    (re.compile(r"<(\w+ undef)(?:, \1)+>"), "undef"),
    (re.compile(r"<(\w+ (?:0|0\.0|0x0))(?:, \1)+>"), "zeroinitializer"),
)


@dataclass(frozen=True)
class Loop:
    """One loop of an assembly text: its function, its label, its lines, and how many instructions are of which kind.

    `stack` counts accesses to the stack: values that found no register ("spills").
    """

    function: str
    label: str
    lines: tuple[str, ...]

    @property
    def instructions(self) -> int:
        """All instructions of one round."""
        return len(_instructions(self.lines))

    @property
    def vector(self) -> int:
        """Instructions on vectors of numbers."""
        return sum(_is_vector(line) for line in _instructions(self.lines))

    @property
    def fma(self) -> int:
        """Multiply-and-add instructions, on vectors or on single numbers."""
        return sum(bool(FMA.match(_mnemonic(line))) for line in _instructions(self.lines))

    @property
    def vector_fma(self) -> int:
        """Multiply-and-add instructions on vectors."""
        return sum(bool(FMA.match(_mnemonic(line))) and _is_vector(line) for line in _instructions(self.lines))

    @property
    def stack(self) -> int:
        """Accesses to the stack."""
        return sum(bool(STACK.search(line)) for line in self.lines)

    def __str__(self) -> str:
        return "\n".join(self.lines)


def texts_of(codes: Sequence[Code], target: Target) -> tuple[str, str, str]:
    """Return kernels in LLVM's language as they are written and as LLVM has rewritten them, and in assembly."""
    from ..execute.native import machine

    with machine._lock:
        written = machine.module_text(codes, target)
        compiler = machine.machine_for(target)
        module = machine.optimized(written, compiler)
        return shorter(written), str(module), compiler.emit_assembly(module)


def shorter(text: str) -> str:
    """Return LLVM's language without needless quotes, and with its own short forms of long constants."""
    for pattern, short in SHORTER:
        text = pattern.sub(short, text)
    return text


def hot_loop(assembly: str) -> Loop | None:
    """Return the innermost loop with the most multiply-and-adds and vector instructions; None without a loop."""
    return max(loops(assembly), key=_heat, default=None)


def _heat(loop: Loop) -> tuple[int, int, int]:
    return loop.vector_fma, loop.vector, -loop.instructions


def loops(assembly: str) -> Iterator[Loop]:
    """Yield the innermost loops of an assembly text."""
    lines = assembly.splitlines()
    function, places, last_jump = "", {}, -1
    for i, line in enumerate(lines):
        label = LABEL.match(line)
        if label and not label[1].startswith((".L", "L")):
            function, places = label[1], {}
        elif label:
            places[label[1]] = i
        jump = JUMP.match(line)
        if jump and jump[1] in places:
            start = places[jump[1]]
            if start > last_jump:  # no other loop inside
                yield Loop(function, jump[1], tuple(lines[start : i + 1]))
            last_jump = i


def hot_block(text: str) -> str:
    """Return the block of LLVM's language with the most multiply-and-adds, or else the most vectors."""
    blocks: list[list[str]] = [[]]
    for line in text.splitlines():
        if re.match(r"^(?:define|[\w.]+:|\}|\{|declare)", line):
            blocks.append([])
        blocks[-1].append(line)
    looping = [block for block in blocks if block[:1] and block[-1].strip().startswith("br ") and _returns(block)]
    return "\n".join(max(looping or blocks, key=_weight))


def _returns(block: Sequence[str]) -> bool:
    """Say whether a block jumps back to itself."""
    return re.search(rf"label %{re.escape(block[0].partition(':')[0])}(?![\w.])", block[-1]) is not None


def _weight(block: Sequence[str]) -> tuple[int, int, int]:
    return sum("fmuladd" in line for line in block), sum(" x " in line for line in block), -len(block)


def _instructions(lines: Sequence[str]) -> list[str]:
    return [line.strip() for line in lines if line[:1] in " \t" and line.strip()[:1].isalpha()]


def _mnemonic(line: str) -> str:
    return line.split(None, 1)[0]


def _is_vector(line: str) -> bool:
    return VECTOR.search(line) is not None and not SCALAR.match(_mnemonic(line))
