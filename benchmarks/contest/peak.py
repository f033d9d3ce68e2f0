"""The most this processor can multiply and add: independent `fma` on its widest vectors, on one thread and on two.

`python -m benchmarks.contest.peak` prints GFLOP/s of float32. A step's share of the peak is its dense FLOPs (see
`networks.dense_flops`) / its time / the peak of as many threads; where zeros are skipped it can exceed 100 %.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from llvmlite import binding, ir

ACCUMULATORS = 12  # enough for two units of five cycles, and with the factors no more than AVX2 has registers
BEST_OF = 5


def lanes() -> int:
    """Return how many float32 the widest vector holds."""
    features = dict(binding.get_host_cpu_features())
    return 16 if features.get("avx512f") else 8 if features.get("avx2") or features.get("avx") else 4


def written(width: int) -> ir.Module:
    """Return `peak(count, values)`: `count` rounds of values[i] = values[i] * values[0] + values[1], i by i."""
    module = ir.Module("peak")
    vector, index = ir.VectorType(ir.FloatType(), width), ir.IntType(64)
    fma = ir.Function(module, ir.FunctionType(vector, [vector] * 3), f"llvm.fma.v{width}f32")
    kind = ir.FunctionType(ir.VoidType(), [index, vector.as_pointer()])
    function = ir.Function(module, kind, "peak")
    count, values = function.args
    entry, loop, done = (function.append_basic_block(name) for name in ("entry", "loop", "done"))
    b: Any = ir.IRBuilder(entry)
    places = [b.gep(values, [index(i)]) for i in range(ACCUMULATORS + 2)]
    first = [b.load(place, align=64) for place in places]
    b.branch(loop)
    b.position_at_end(loop)
    turn = b.phi(index)
    turn.add_incoming(index(0), entry)
    running = [b.phi(vector) for _ in range(ACCUMULATORS)]
    after = [b.call(fma, [value, *first[:2]]) for value in running]
    for value, start, left in zip(running, first[2:], after, strict=True):
        value.add_incoming(start, entry)
        value.add_incoming(left, loop)
    following = b.add(turn, index(1))
    turn.add_incoming(following, loop)
    b.cbranch(b.icmp_signed("<", following, count), loop, done)
    b.position_at_end(done)
    for place, left in zip(places[2:], after):
        b.store(left, place, align=64)
    b.ret_void()
    return module


@cache
def compiled() -> tuple[Any, Callable[[int, int], None]]:
    """Return the compiled module, which must be kept, and its function."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    features = binding.get_host_cpu_features().flatten() + (",-prefer-256-bit" if lanes() == 16 else "")
    machine = binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(), features=features, opt=3
    )
    engine = binding.create_mcjit_compiler(binding.parse_assembly(str(written(lanes()))), machine)
    engine.finalize_object()
    kind = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_void_p)
    return engine, kind(engine.get_function_address("peak"))


def gigaflops(threads: int, count: int = 3_000_000) -> float:
    """Return 10⁹ FLOP/s on this many threads at once, the best of several tries of some milliseconds."""
    return max(_once(threads, count) for _ in range(BEST_OF))


def _once(threads: int, count: int) -> float:
    _, function = compiled()
    places = [_values() for _ in range(threads)]
    started = [threading.Thread(target=function, args=(count, place.ctypes.data)) for place in places]
    start = time.perf_counter()
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    seconds = time.perf_counter() - start
    return 2 * ACCUMULATORS * lanes() * count * threads / seconds / 1e9


def _values() -> Any:
    """Return 64-byte aligned vectors: a factor below one, a summand, and a start for each accumulator."""
    whole = np.zeros((ACCUMULATORS + 2) * lanes() + 16, np.float32)
    start = -whole.ctypes.data % 64 // 4
    values = whole[start : start + (ACCUMULATORS + 2) * lanes()].reshape(-1, lanes())
    values[:] = np.linspace(0.5, 0.9, ACCUMULATORS + 2)[:, None]
    return values


def main() -> None:
    """Print the peak of one and of two threads."""
    for threads in (1, 2):
        print(f"{threads} thread{'s' * (threads > 1)}: {gigaflops(threads):8.1f} GFLOP/s (float32)")


if __name__ == "__main__":
    main()
