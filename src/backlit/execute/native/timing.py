"""Timing: how long one kernel of a step takes, and how fast one core multiplies and adds at best.

Kernels are run where the step left its numbers, in the runner's own memory; what they write is thrown away.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from llvmlite import ir

from ...arrays import Array, DType
from .assembly import Item
from .calls import Call, Code
from .lanes import index, number, register_type
from .programs import Program
from .runner import NativeRunner
from .target import Target
from .writer import LIST, Running, Writer

SAMPLES = 9
SAMPLE_SECONDS = 1e-3
MOST_STEPS = 20_000
ROUNDS = 20_000  # rounds of independent sums: about 100 microseconds
PEAK_SAMPLES = 40


def seconds_of(runner: NativeRunner, inputs: Mapping[str, Array], items: Sequence[Item]) -> list[float]:
    """Return the seconds one core takes for the whole of each of `items`: the median of several samples.

    All kernels before it are run first, so that it finds what it reads.
    """
    every = runner.assembly.items
    with runner._lock:
        held = runner._taken(inputs)
        results = [pool.take() for pool in runner._pools]
        table = runner.table(held, results)
        found = []
        for item in items:
            before = runner.program(every[: every.index(item) + 1])
            before.wire(table)
            before.run_alone(1)
            found.append(_seconds(runner.program([item]), table))
    return found


def peak(runner: NativeRunner, dtype: DType) -> float:
    """Return the most multiplications and additions a second that one core does on numbers in registers."""
    lanes = runner.target.vector_bytes // dtype.itemsize
    bits = [int(np.array(value, dtype).view(f"i{dtype.itemsize}")) for value in (0.5, 1.0)]
    item = Item(None, [Call(peak_code(dtype, runner.target), [ROUNDS, *bits])], 0, 0)
    program = runner.program([item])
    with runner._lock:
        best = min(_run(program, 1) for _ in range(PEAK_SAMPLES))
    return 2.0 * ROUNDS * _sums(runner.target) * lanes / best


def _seconds(program: Program, table: Array) -> float:
    program.wire(table, table)
    steps = 1
    while (taken := _run(program, steps)) < SAMPLE_SECONDS and steps < MOST_STEPS:
        steps = min(MOST_STEPS, max(2 * steps, int(steps * SAMPLE_SECONDS / max(taken, 1e-7))))
    return statistics.median(_run(program, steps) for _ in range(SAMPLES)) / steps


def _run(program: Program, steps: int) -> float:
    """Run a program's steps in one call, on this thread alone, and return the seconds."""
    start = time.perf_counter()
    program.run_alone(steps)
    return time.perf_counter() - start


def peak_code(dtype: DType, target: Target) -> Code:
    """Return the kernel that multiplies and adds as fast as it goes: so many sums that none waits for another.

    Its arguments: the rounds, and the bits of the two factors whose product is added.
    """
    return Code(f"peak {dtype.str} {_sums(target)}", lambda module, name: _write(Writer(module, name), dtype, target))


def _sums(target: Target) -> int:
    return target.registers * 3 // 4


def _write(w: Writer, dtype: DType, target: Target) -> None:
    b, lanes = w.builder, target.vector_bytes // dtype.itemsize
    rounds = w.argument()
    a, c = (w.splat(_float(b, w.argument(), dtype), lanes) for _ in range(2))
    sums = [Running(w, register_type(dtype, lanes)) for _ in range(_sums(target))]
    with w.loop(*w.function.args[2:4]):
        for i, one in enumerate(sums):
            one.set(number(dtype, i, lanes))
        with w.loop(index(0), rounds):
            for one in sums:
                one.set(w.fma(a, c, one.get(), dtype, lanes))
        total = sums[0].get()
        for one in sums[1:]:
            total = b.fadd(total, one.get())
        first = b.extract_element(total, ir.Constant(ir.IntType(32), 0)) if lanes > 1 else total
        w.store(first, w.bytes_behind(w.function.args[1], index(LIST)), dtype)
    w.finish()


def _float(b: Any, bits: Any, dtype: DType) -> Any:
    """Return an argument's bits as the number they are."""
    if dtype.itemsize < 8:
        bits = b.trunc(bits, ir.IntType(8 * dtype.itemsize))
    return b.bitcast(bits, register_type(dtype, 1))
