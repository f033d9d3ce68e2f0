"""Random numbers that are a pure function of (seed, stream, step, position).

Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) hashes a counter, so any
executor can make any number at any time, in any order and on any thread, and get the same bits.
"""

from __future__ import annotations

import math
import os
import threading

import numpy as np

from .arrays import Array, Shape
from .errors import ConfigError

SHUFFLE = 0  # streams 0..15 belong to the library, the random ops of a step count from 16
INITIAL = 1
STROKES = 2
AUGMENT = 3
BLOCKS = 4  # in what order the blocks of a big file are read
WINDOWS = 5  # and the rows of those in memory taken
HELD_OUT = 6
FIRST_OP_STREAM = 16

MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
WEYL = (0x9E3779B9, 0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_MASK32 = 0xFFFFFFFF


def philox(counter: tuple[Array, Array, Array, Array], key: tuple[int, int]) -> tuple[Array, Array, Array, Array]:
    """Return the four 32-bit words of Philox4x32-10, as uint64 arrays, for counters given as uint64 arrays."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = c0 * MULTIPLIERS[0], c2 * MULTIPLIERS[1]
        c0, c1, c2, c3 = (p1 >> _HALF) ^ c1 ^ np.uint64(k0), p1 & _LOW, (p0 >> _HALF) ^ c3 ^ np.uint64(k1), p0 & _LOW
        k0, k1 = (k0 + WEYL[0]) & _MASK32, (k1 + WEYL[1]) & _MASK32
    return c0, c1, c2, c3


def bits_at(seed: int, stream: int, step: int, positions: Array) -> Array:
    """Return the uint32 word at each of `positions` (integers, any shape).

    Word p is lane p % 4 of the block with counter (p // 4, stream, low half of step, high half of step), under the
    key (low half of seed, high half of seed).
    """
    where = np.asarray(positions, np.uint64)
    words = philox(_counter(where >> np.uint64(2), stream, step), _key(seed))
    return np.choose((where & np.uint64(3)).astype(np.intp), words).astype(np.uint32)


def bits(seed: int, stream: int, step: int, count: int, start: int = 0) -> Array:
    """Return `count` uint32 words from position `start` on: the same words as `bits_at(..., arange(...))`, faster."""
    first, last = start // 4, (start + count + 3) // 4
    words = philox(_counter(np.arange(first, last, dtype=np.uint64), stream, step), _key(seed))
    flat = np.stack(words, axis=1).astype(np.uint32).reshape(-1)
    return flat[start - 4 * first :][:count]


def uniform(seed: int, stream: int, step: int, shape: Shape, dtype: str = "float32") -> Array:
    """Return numbers in [0, 1): multiples of 2**-24 in float32 (one word each), of 2**-53 in float64 (two words each).

    float16 gets multiples of 2**-11, from one word each.
    """
    return _fractions(bits(seed, stream, step, math.prod(shape) * _words(dtype)), dtype).reshape(shape)


def uniform_rows(seed: int, stream: int, steps: Array, count: int, dtype: str = "float32") -> Array:
    """Return `uniform(seed, stream, step, (count,))` for each of `steps` (integers, any shape), in a new last axis."""
    size = count * _words(dtype)
    where = np.asarray(steps).astype(np.uint64)[..., None]
    block = np.broadcast_to(np.arange((size + 3) // 4, dtype=np.uint64), (*where.shape[:-1], (size + 3) // 4))
    like = np.ones_like(block)
    words = philox(
        (block, like * np.uint64(stream & _MASK32), like * (where & _LOW), like * (where >> _HALF)), _key(seed)
    )
    flat = np.stack(words, axis=-1).astype(np.uint32).reshape(*where.shape[:-1], -1)[..., :size]
    return _fractions(flat.reshape(-1), dtype).reshape(*where.shape[:-1], count)


def _words(dtype: str) -> int:
    """Return how many words a number is made of."""
    return 2 if np.dtype(dtype) == np.float64 else 1


def _fractions(words: Array, dtype: str) -> Array:
    """Return numbers in [0, 1) made of uint32 words; see `uniform`."""
    if np.dtype(dtype) == np.float64:
        pair = words.reshape(-1, 2).astype(np.uint64)
        whole = ((pair[:, 0] << _HALF) | pair[:, 1]) >> np.uint64(11)
        return whole.astype(np.float64) * 2.0**-53
    digits = 11 if np.dtype(dtype) == np.float16 else 24  # as many as the dtype holds: more would round up to 1
    kept = words >> np.uint32(32 - digits)
    return (kept.astype(np.float32) * np.float32(2.0**-digits)).astype(dtype, copy=False)


def normal(seed: int, stream: int, step: int, shape: Shape) -> Array:
    """Return standard normal numbers in float64: Box-Muller (1958) over two uniforms each, none of them at zero."""
    u = uniform(seed, stream, step, (2, *shape), "float64")
    return np.sqrt(-2.0 * np.log1p(-u[0])) * np.cos((2.0 * np.pi) * u[1])


def truncated_normal(seed: int, stream: int, shape: Shape) -> Array:
    """Return standard normal numbers, those beyond two deviations drawn again (each position on its own, by step)."""
    values = normal(seed, stream, 0, shape)
    step = 0
    while (outside := np.abs(values) > 2.0).any():
        step += 1
        values = np.where(outside, normal(seed, stream, step, shape), values)
    return values


def permutation(seed: int, step: int, count: int, stream: int = SHUFFLE) -> Array:
    """Return 0..count-1 in random order: the indices that sort `count` random 64-bit words (ties keep their order)."""
    words = philox(_counter(np.arange((count + 1) // 2, dtype=np.uint64), stream, step), _key(seed))
    keys = np.empty((len(words[0]), 2), np.uint64)
    keys[:, 0], keys[:, 1] = words[0] << _HALF | words[1], words[2] << _HALF | words[3]
    keys = keys.reshape(-1)[:count]
    low = np.uint64(max(count - 1, 0).bit_length())  # sorting plain numbers, with the index in the low bits, is faster
    packed = np.sort(keys >> low << low | np.arange(count, dtype=np.uint64))
    upper = packed >> low
    if (upper[1:] == upper[:-1]).any():  # once in 100,000 epochs of MNIST: the bits given up would have decided
        return np.argsort(keys, kind="stable")
    return (packed & ((np.uint64(1) << low) - np.uint64(1))).astype(np.intp)


def _counter(block: Array, stream: int, step: int) -> tuple[Array, Array, Array, Array]:
    like = np.ones_like(block)
    halves = (stream & _MASK32, step & _MASK32, (step >> 32) & _MASK32)
    return (block, *(like * np.uint64(half) for half in halves))  # type: ignore[return-value]


def _key(seed: int) -> tuple[int, int]:
    seed = int(seed) & (2**64 - 1)
    return seed & _MASK32, seed >> 32


class _Global(threading.local):
    """The seed that unseeded layers and initializers draw from; one per thread, so two threads do not race."""

    def __init__(self) -> None:
        self.seed = int.from_bytes(os.urandom(6), "little")
        self.drawn = 0


_global = _Global()


def set_random_seed(seed: int) -> None:
    """Make everything after this call repeatable: `random`, NumPy's global generator, and in this thread Backlit's."""
    import random

    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise ConfigError(f"The seed must be an integer, got {seed!r}.")
    random.seed(int(seed))
    np.random.seed(seed % 2**32)
    _global.seed, _global.drawn = int(seed), 0


def fresh_seed() -> int:
    """Return the next seed of this thread's global stream, a 48-bit integer."""
    high, low = bits(_global.seed, INITIAL, _global.drawn, 2)
    _global.drawn += 1
    return int(high) << 16 | int(low) >> 16
