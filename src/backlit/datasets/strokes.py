"""The built-in data set: handwritten digits drawn by a program, for when no file and no network is there.

Image i of seed s is a pure function of (s, i): a hand chooses a way of writing the digit (`strokes_shapes`), bends,
slants and presses, and the pen leaves ink on 28x28 pixels (`strokes_ink`) in MNIST's frame.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .. import seeds
from ..arrays import Array
from ..errors import ConfigError
from . import cache
from .strokes_ink import BOX, CENTER, HALF_WIDTH, NIB, PENS, SIDE, blur, develop, drop
from .strokes_shapes import MOST_POINTS, MOST_STROKES, SAMPLES, Glyph, glyphs, habits

VERSION = 1  # part of the cache file's name: raise it whenever a pixel changes
TEST_START = 2**40  # test images are numbered from here, whatever the size of the training set
_CHUNK = 1024
_WAVES = 4  # slow bends along the pen's way

_GLYPHS = glyphs()
_FIRST, _SHARES = habits()
_DIGIT = np.array([glyph.digit for glyph in _GLYPHS], np.uint8)

# The random words of one image, in this order: two choices, then numbers close to a normal distribution.
_SIZES = {
    "choice": 2,
    "waves_x": _WAVES,
    "waves_y": _WAVES,
    "lift_x": MOST_STROKES,
    "lift_y": MOST_STROKES,
    "point_x": MOST_POINTS,
    "point_y": MOST_POINTS,
    "pose": 3,  # slant, rotation, aspect
    "warp": 8,
    "pen": 8,  # width, ink, three of pressure, two of endings, one spare
}
WORDS = sum(_SIZES.values())
_ENDS = np.cumsum(list(_SIZES.values()))
_PLACE = {name: slice(int(end) - size, int(end)) for (name, size), end in zip(_SIZES.items(), _ENDS, strict=True)}


def load_data(train: int = 60000, test: int = 10000, seed: int = 0) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Return `(x_train, y_train), (x_test, y_test)`: uint8 (n, 28, 28) with ink 255 on 0, labels uint8 (n,).

    Training images are numbers 0, 1, ... of `seed`, test images numbers `TEST_START`, ...: more of either never
    changes the others. The result is kept in the cache folder. Negative sizes raise `ConfigError`.
    """
    for name, value in (("train", train), ("test", test)):
        if value < 0:
            raise ConfigError(f"{name} must be 0 or more images, got {value!r}.")
    path = cache.folder() / "strokes" / f"strokes-v{VERSION}-seed{seed}-{train}-{test}.npz"
    kept = _read_cache(path, train, test, seed)
    if kept is None:
        kept = {}
        for part, start, count in (("train", 0, train), ("test", TEST_START, test)):
            kept[f"x_{part}"], kept[f"y_{part}"] = draw(np.arange(start, start + count), seed)
        cache.write_npz(path, kept)
    return (kept["x_train"], kept["y_train"]), (kept["x_test"], kept["y_test"])


def draw(indices: npt.ArrayLike, seed: int = 0) -> tuple[Array, Array]:
    """Return images uint8 (n, 28, 28) and labels uint8 (n,) with the given numbers (integers >= 0, below 2**48)."""
    index = np.atleast_1d(np.asarray(indices))
    if index.ndim != 1 or (index.size and (index.dtype.kind not in "iu" or index.min() < 0 or index.max() >= 2**48)):
        raise ConfigError(
            f"indices must be integers from 0 to 2**48 - 1 in one dimension, got {index.dtype} of shape {index.shape}."
        )
    index = index.astype(np.uint64)
    chunks = [index[k : k + _CHUNK] for k in range(0, len(index), _CHUNK)]
    images, labels = np.empty((len(index), SIDE, SIDE), np.uint8), np.empty(len(index), np.uint8)

    def one(k: int) -> None:
        rows = slice(k * _CHUNK, k * _CHUNK + len(chunks[k]))
        images[rows], labels[rows] = _draw_chunk(chunks[k], seed)

    if len(chunks) < 4:
        for k in range(len(chunks)):
            one(k)
    else:
        with ThreadPoolExecutor(max_workers=2) as pool:
            list(pool.map(one, range(len(chunks))))
    return images, labels


def _read_cache(path: Path, train: int, test: int, seed: int) -> dict[str, Array] | None:
    """Return the kept arrays when they have the right shapes and a sample of them agrees with fresh drawings."""
    kept = cache.read_npz(path)
    if kept is None:
        return None
    for part, start, count in (("train", 0, train), ("test", TEST_START, test)):
        x, y = kept.get(f"x_{part}"), kept.get(f"y_{part}")
        if x is None or y is None or x.shape != (count, SIDE, SIDE) or y.shape != (count,):
            return None
        sample = np.unique(np.linspace(0, max(count - 1, 0), min(count, 12)).astype(np.int64))
        fresh_x, fresh_y = draw(sample + start, seed)
        if x.dtype != np.uint8 or not (np.array_equal(x[sample], fresh_x) and np.array_equal(y[sample], fresh_y)):
            return None
    return kept


def _words(index: Array, seed: int) -> Array:
    """Return (WORDS, images) uint32: word w of image i is word i * WORDS + w of the stream."""
    count = len(index)
    if count and int(index[-1]) - int(index[0]) == count - 1 and (np.diff(index.astype(np.int64)) == 1).all():
        flat = seeds.bits(seed, seeds.STROKES, 0, count * WORDS, start=int(index[0]) * WORDS).reshape(count, WORDS)
    else:
        positions = index[:, None] * np.uint64(WORDS) + np.arange(WORDS, dtype=np.uint64)
        flat = seeds.bits_at(seed, seeds.STROKES, 0, positions)
    return np.ascontiguousarray(flat.T)


def _normals(words: Array) -> Array:
    """Return numbers of mean 0 and deviation 1, within 3.5: the sum of a word's four bytes (central limit theorem)."""
    pairs = (words & np.uint32(0x00FF00FF)) + ((words >> np.uint32(8)) & np.uint32(0x00FF00FF))
    total = (pairs & np.uint32(0xFFFF)) + (pairs >> np.uint32(16))
    return (total.astype(np.float32) - np.float32(510)) * np.float32(1 / 147.797)


def _draw_chunk(index: Array, seed: int) -> tuple[Array, Array]:
    words = _words(index, seed)
    glyph = _choose(words[0], words[1])
    order = np.argsort(glyph, kind="stable")
    words, glyph = words[:, order], glyph[order]
    noise = {name: _normals(words[place]) for name, place in _PLACE.items() if name != "choice"}
    x, y, time, pen_down = _write(glyph, noise)
    pen = _pen(noise["pen"][0])
    x, y = _pose(x, y, noise["pose"], noise["warp"])
    x, y, length = _frame(x, y, pen_down, HALF_WIDTH[pen])
    row = np.empty(len(pen), np.intp)
    sorted_pens = np.argsort(NIB[pen], kind="stable")
    row[sorted_pens] = np.arange(len(pen))
    grids = drop(x, y, length * _pressure(time, noise["pen"]), row)
    density = blur(grids, NIB[pen][sorted_pens])
    drawn = develop(density, pen[sorted_pens], _ink(noise["pen"][1])[sorted_pens])
    images = np.empty_like(drawn)
    images[order] = drawn[row]
    return images, _DIGIT[glyph][np.argsort(order)]


def _choose(first: Array, second: Array) -> Array:
    """Return glyph numbers (images,): the digit evenly from one word, the way of writing by its share from another."""
    digit = (first.astype(np.uint64) * np.uint64(10) >> np.uint64(32)).astype(np.intp)
    draw16 = (second >> np.uint32(16)).astype(np.int64)
    return _FIRST[digit] + (draw16[:, None] >= _SHARES[digit]).sum(axis=1)


def _write(glyph: Array, noise: dict[str, Array]) -> tuple[Array, Array, Array, Array]:
    """Return pen positions x, y (SAMPLES, images), their time in the stroke and whether the pen is down."""
    x, y, time, pen_down = (np.empty((SAMPLES, len(glyph)), np.float32) for _ in range(4))
    bounds = np.searchsorted(glyph, np.arange(len(_GLYPHS) + 1))
    for shape, start, stop in zip(_GLYPHS, bounds[:-1], bounds[1:], strict=True):
        if start < stop:
            here = slice(int(start), int(stop))
            x[:, here] = _spline(shape, 0, noise["waves_x"], noise["lift_x"], noise["point_x"], here)
            y[:, here] = _spline(shape, 1, noise["waves_y"], noise["lift_y"], noise["point_y"], here)
            time[:, here], pen_down[:, here] = shape.time[:, None], shape.pen_down[:, None]
    return x, y, time, pen_down


def _spline(shape: Glyph, axis: int, waves: Array, lifts: Array, points: Array, here: slice) -> Array:
    """Move the glyph's points (slowly along the way, per stroke, each for itself) and pass a spline through them."""
    moved = shape.points[:, axis, None] + np.float32(0.028) * points[: len(shape.points), here]
    moved += np.float32(0.026) * lifts[shape.stroke_of_point, here]
    for m in range(_WAVES):
        bend = np.cos(np.pi * (m + 1) * shape.along).astype(np.float32)
        moved += bend[:, None] * (np.float32(0.056 / (m + 1)) * waves[m, here])
    placed = moved[shape.corners[:, 0]] * shape.blend[:, 0, None]
    for c in (1, 2, 3):
        placed += moved[shape.corners[:, c]] * shape.blend[:, c, None]
    return placed


def _pose(x: Array, y: Array, pose: Array, warp: Array) -> tuple[Array, Array]:
    """Warp by a random cubic, then stretch, slant and turn; all about the middle of the digit."""
    x, y = x - np.float32(0.33), y - np.float32(0.5)
    xx, yy, xy = x * x, y * y, x * y
    a = np.float32(0.2) * warp
    bent_x = x + a[0] * yy + a[1] * xy + a[2] * xx + a[3] * (yy * y)
    bent_y = y + a[4] * xx + a[5] * xy + a[6] * yy + a[7] * (xx * x)
    bent_x *= np.float32(1.15) + np.float32(0.21) * pose[2]
    bent_x -= (np.float32(0.16) + np.float32(0.22) * pose[0]) * bent_y
    half = np.float32(0.075) * pose[1]  # tangent of half the angle: a rotation without a sine
    cos, sin = (1 - half * half) / (1 + half * half), 2 * half / (1 + half * half)
    return cos * bent_x - sin * bent_y, sin * bent_x + cos * bent_y


def _frame(x: Array, y: Array, pen_down: Array, half_width: Array) -> tuple[Array, Array, Array]:
    """Scale, ink included, to the box and put the center of mass at (14, 14); return step lengths too."""
    x, y = x - x.min(axis=0), y - y.min(axis=0)
    scale = (np.float32(BOX) - 2 * half_width) / np.maximum(np.maximum(x.max(axis=0), y.max(axis=0)), np.float32(0.1))
    x, y = x * scale, y * scale
    length = np.zeros_like(x)
    length[1:] = np.sqrt((x[1:] - x[:-1]) ** 2 + (y[1:] - y[:-1]) ** 2) * pen_down[1:]
    total = _sum_in_order(length)
    x += np.float32(CENTER) - _sum_in_order(length * x) / total
    y += np.float32(CENTER) - _sum_in_order(length * y) / total
    return x, y, length


def _sum_in_order(values: Array) -> Array:
    """Sum over the positions one by one: `sum` takes another order, and rounds otherwise, when there is one image."""
    return np.add.accumulate(values, axis=0)[-1]


def _pen(noise: Array) -> Array:
    """Return a pen number per image: half widths around 1.1 pixels, rarely much thicker or thinner."""
    width = np.float32(1.15) + np.float32(0.27) * noise + np.float32(0.04) * noise * noise
    step = (HALF_WIDTH[-1] - HALF_WIDTH[0]) / np.float32(PENS - 1)
    return np.clip(np.rint((width - HALF_WIDTH[0]) / step), 0, PENS - 1).astype(np.intp)


def _pressure(time: Array, noise: Array) -> Array:
    """Return the ink per length at each position: a random parabola over the stroke, endings that fade or not."""
    t = 2 * time - 1
    pressure = 1 + np.float32(0.13) * noise[2] * t + np.float32(0.13) * noise[3] * (t * t - np.float32(0.4))
    start = np.maximum(1 - time * np.float32(7), 0) * np.clip(np.float32(0.35) * noise[5], 0, np.float32(0.8))
    end = np.maximum(1 - (1 - time) * np.float32(7), 0) * np.clip(np.float32(0.45) * noise[6], 0, np.float32(0.8))
    return np.maximum(pressure * (1 - start) * (1 - end), np.float32(0.25))


def _ink(noise: Array) -> Array:
    """Return the darkest value per image: 255 for most, down to about 190 for a pale pen."""
    return np.minimum(np.float32(255), 264 - np.float32(8) * noise * noise)
