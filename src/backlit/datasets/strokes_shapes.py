"""How the ten digits are written: pen strokes as a few points, several habits of writing for each digit.

The points are percent of the digit's height, x to the right and y down. `strokes` bends, slants and inks them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import Array

SAMPLES = 104  # pen positions along one digit
MOST_POINTS = 18
MOST_STROKES = 3

# (digit, how often, strokes): "/" lifts the pen, "!" makes a sharp corner, all other points are passed smoothly.
WRITING: tuple[tuple[int, float, str], ...] = (
    (0, 5, "38,1 14,14 3,48 12,84 34,99 57,84 65,50 56,14 36,1"),
    (0, 3, "46,4 22,6 5,34 4,68 22,97 48,95 66,68 66,32 46,5 28,8"),
    (0, 2, "52,12 30,1 10,20 4,56 16,90 38,98 60,78 64,42 50,10 34,12"),
    (0, 1, "30,0 10,22 6,60 20,98 40,90 46,50 42,14 28,2"),
    (1, 6, "36,0 35,34 33,68 32,100"),
    (1, 1.8, "22,30 31,16 39,0! 38,36 37,70 36,100"),
    (1, 1, "20,28 29,15 38,0! 38,50 37,100! / 14,100 36,99 60,100"),
    (1, 1.5, "44,0 40,30 35,66 30,100"),
    (2, 4, "8,24 18,4 42,1 56,22 46,50 26,76 4,98! 30,96 64,95"),
    (2, 3, "6,20 22,2 48,4 56,28 40,58 20,86 6,96 4,84 18,80 36,92 64,98"),
    (2, 2, "4,14 24,4 46,8 50,32 32,64 8,94! 36,90 52,94 70,88"),
    (2, 1.2, "10,6! 36,3 56,8 52,30 30,62 6,97! 38,97 66,97"),
    (2, 1.3, "12,30 14,8 36,0 56,14 52,40 30,66 12,88 10,97 28,90 46,92 62,100 72,94"),
    (3, 4, "8,12 26,1 50,6 52,28 38,44 24,48! 46,52 60,70 50,92 26,100 4,88"),
    (3, 3, "10,10 34,0 56,14 44,38 26,47 48,54 58,76 40,98 8,92"),
    (3, 1.6, "6,3! 32,2 58,2! 42,22 26,42! 50,48 62,70 46,96 20,100 4,88"),
    (3, 1.4, "10,14 30,0 54,10 50,34 34,48 22,46 28,42 46,54 60,74 46,96 22,99 2,86"),
    (4, 4, "14,2 10,24 4,50! 36,52 72,46 / 54,8 52,40 48,70 44,100"),
    (4, 2, "50,0 30,26 12,46 0,62! 36,63 76,60 / 52,0 50,50 47,100"),
    (4, 2.4, "10,4 4,28 10,48 32,52 54,36 64,8 / 63,4 58,48 54,100"),
    (4, 1.3, "50,98 54,50 58,0! 32,32 0,64! 36,63 78,66"),
    (4, 1.2, "24,0 12,26 0,50! 32,54 68,50! 64,22 / 63,14 54,56 46,100"),
    (4, 1.6, "6,10 2,34 6,54 36,52 56,46! 60,2! 56,50 52,98"),
    (5, 4, "14,4 12,24 8,44! 30,38 54,50 58,74 42,96 20,100 2,88 / 13,4 36,5 64,2"),
    (5, 3, "64,2 40,4 20,4! 15,24 10,46! 34,40 56,54 56,80 36,98 6,92"),
    (5, 1.8, "62,4 38,1 22,14 20,36 38,48 54,62 50,86 28,99 4,90"),
    (5, 1.5, "30,10 20,24 14,42! 36,40 54,56 48,80 28,99 0,92 / 30,9 52,8 90,0"),
    (5, 1, "18,8 14,28 12,46! 36,38 60,54 58,80 34,99 6,88 / 18,7 44,7 70,5"),
    (6, 4, "50,0 26,20 8,52 6,82 26,100 50,92 54,70 38,56 18,64 8,82"),
    (6, 2.4, "38,0 18,28 6,62 14,94 38,98 52,78 40,58 20,62 10,80"),
    (6, 2, "58,6 36,2 14,28 4,62 12,92 34,100 56,84 52,60 30,52 10,70"),
    (6, 1, "28,0 16,34 8,74 18,98 38,96 46,80 34,68 16,76 9,86"),
    (7, 4, "4,8 30,5 62,3! 50,32 36,64 26,100"),
    (7, 2.4, "4,6! 34,5 64,4! 48,40 34,72 26,100 / 22,52 42,48 64,50"),
    (7, 1.6, "4,22 5,5! 36,7 66,2! 52,30 40,64 34,100"),
    (7, 1.6, "2,12 22,4 44,8 64,6 60,28 44,62 32,100"),
    (7, 1.2, "0,10 22,10 46,8 66,0! 46,34 30,66 16,100"),
    (7, 1, "2,3! 34,4 64,2! 58,34 52,68 48,100"),
    (8, 4, "54,12 30,0 10,16 24,40 48,58 56,82 34,100 8,86 18,62 42,42 58,18 48,4"),
    (8, 2.2, "36,46 14,34 16,8 40,0 58,18 46,40 30,50 8,70 14,94 38,100 58,84 50,60 34,48"),
    (8, 2, "40,2 18,10 18,34 38,48 54,68 48,92 26,100 8,84 20,60 42,44 56,22 42,3"),
    (8, 1.4, "62,2 40,4 16,14 22,34 42,54 46,82 24,100 6,84 22,58 46,38 66,6"),
    (8, 1.2, "58,4 32,2 14,18 28,40 46,60 48,84 30,99 10,88 16,66 40,44 60,14"),
    (9, 4, "52,14 30,2 8,18 8,42 28,52 50,36 54,10! 52,40 48,70 44,100"),
    (9, 2.6, "54,22 40,2 14,8 4,32 20,50 44,42 56,14 55,50 50,84 28,99 8,90"),
    (9, 2, "48,6 22,4 8,26 20,46 42,38 54,8! 46,42 36,72 28,100"),
    (9, 1.4, "50,4 22,10 4,32 16,48 40,36 58,2! 44,44 30,74 20,100"),
    (9, 1.3, "56,30 52,6 28,0 8,16 10,42 32,50 52,34 56,24 52,60 46,100"),
)


@dataclass(frozen=True)
class Glyph:
    """One way to write a digit: its points and, for each of the pen positions, the four points it hangs on.

    `points` (points, 2); `along` (points,), 0 at the first and 1 at the last point; `stroke_of_point` (points,);
    `corners` (SAMPLES, 4) point indices and `blend` (SAMPLES, 4) their weights: a Catmull-Rom spline (1974), linear in
    the points; `time` (SAMPLES,), 0 to 1 within a stroke; `pen_down` (SAMPLES,), 0 where a stroke begins.
    """

    digit: int
    points: Array
    along: Array
    stroke_of_point: Array
    corners: Array
    blend: Array
    time: Array
    pen_down: Array


def _parse(strokes: str) -> list[list[tuple[float, float, bool]]]:
    def point(word: str) -> tuple[float, float, bool]:
        x, y = word.rstrip("!").split(",")
        return float(x) / 100, float(y) / 100, word.endswith("!")

    return [[point(word) for word in stroke.split()] for stroke in strokes.split("/")]


def _pieces(stroke: list[tuple[float, float, bool]], first: int) -> list[tuple[tuple[int, int, int, int], float]]:
    """Return, per piece between two neighbors, the four points that shape it and its length; corners stay sharp."""
    last = len(stroke) - 1
    found: list[tuple[tuple[int, int, int, int], float]] = []
    for k in range(last):
        before = k if k == 0 or stroke[k][2] else k - 1
        after = k + 1 if k + 1 == last or stroke[k + 1][2] else k + 2
        length = float(np.hypot(stroke[k + 1][0] - stroke[k][0], stroke[k + 1][1] - stroke[k][1]))
        found.append(((first + before, first + k, first + k + 1, first + after), length))
    return found


def _weights(u: Array) -> Array:
    """Return the four Catmull-Rom weights at `u` in [0, 1] between the second and the third point."""
    uu, uuu = u * u, u * u * u
    return np.stack([-uuu + 2 * uu - u, 3 * uuu - 5 * uu + 2, -3 * uuu + 4 * uu + u, uuu - uu], axis=-1) / 2


def _trace(pieces: list[tuple[tuple[int, int, int, int], float]], count: int) -> tuple[Array, Array, Array]:
    """Spread `count` pen positions evenly along the pieces of one stroke; return corners, blend and time."""
    ends = np.cumsum([length for _, length in pieces])
    time = np.linspace(0.0, 1.0, count)
    piece = np.minimum(np.searchsorted(ends, time * ends[-1], side="left"), len(pieces) - 1)
    lengths = np.array([length for _, length in pieces])
    u = np.clip((time * ends[-1] - (ends - lengths)[piece]) / lengths[piece], 0.0, 1.0)
    corners = np.array([corner for corner, _ in pieces], np.intp)[piece]
    return corners, _weights(u), time


def _glyph(digit: int, text: str) -> Glyph:
    strokes = _parse(text)
    firsts = np.cumsum([0] + [len(stroke) for stroke in strokes])
    pieces = [_pieces(stroke, int(first)) for stroke, first in zip(strokes, firsts, strict=False)]
    lengths = np.array([sum(length for _, length in stroke) for stroke in pieces])
    counts = np.maximum(np.floor(SAMPLES * lengths / lengths.sum()).astype(int), 8)
    counts[int(np.argmax(counts))] += SAMPLES - counts.sum()
    traced = [_trace(stroke, int(count)) for stroke, count in zip(pieces, counts, strict=True)]
    points = np.array([point[:2] for stroke in strokes for point in stroke], np.float32)
    assert len(points) <= MOST_POINTS, text
    assert len(strokes) <= MOST_STROKES, text
    pen_down = np.ones(SAMPLES, np.float32)
    pen_down[np.cumsum(counts)[:-1]] = 0.0
    pen_down[0] = 0.0
    return Glyph(
        digit=digit,
        points=points,
        along=np.linspace(0.0, 1.0, len(points)),
        stroke_of_point=np.repeat(np.arange(len(strokes)), [len(stroke) for stroke in strokes]),
        corners=np.concatenate([corners for corners, _, _ in traced]),
        blend=np.concatenate([blend for _, blend, _ in traced]).astype(np.float32),
        time=np.concatenate([time for _, _, time in traced]).astype(np.float32),
        pen_down=pen_down,
    )


def glyphs() -> tuple[Glyph, ...]:
    """Return every way of writing, in the order of `WRITING`."""
    return tuple(_glyph(digit, text) for digit, _, text in WRITING)


def habits() -> tuple[Array, Array]:
    """Return, per digit, the number of its first glyph (10,) and the cumulative shares of its glyphs (10, most).

    The shares are 16-bit whole numbers and end at 65,536, so that a choice compares integers.
    """
    shares = [[share for digit, share, _ in WRITING if digit == d] for d in range(10)]
    first = np.cumsum([0] + [len(row) for row in shares])[:10]
    ends = np.full((10, max(len(row) for row in shares)), 65536, np.int64)
    for d, row in enumerate(shares):
        ends[d, : len(row) - 1] = np.floor(np.cumsum(row)[:-1] / sum(row) * 65536)
    return first, ends
