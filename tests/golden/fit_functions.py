"""Fits the polynomials of machine code's elementary functions and writes them as a module of numbers.

Each row is the best polynomial of its degree, the one whose greatest error is smallest, found by Remez' exchange in 60
decimal digits (Muller, Elementary Functions, 3rd ed., 2016, section 3.5). Run it again with

    python tests/golden/fit_functions.py > src/backlit/execute/native/coefficients.py
"""

from __future__ import annotations

import decimal
import math
import textwrap
from collections.abc import Callable
from decimal import Decimal
from itertools import count

import numpy as np

Function = Callable[[Decimal], Decimal]
SINGLE, DOUBLE = "float32", "float64"


def series(term: Callable[[int], Decimal]) -> Decimal:
    """Sum term(0) + term(1) + ... until nothing changes."""
    total = Decimal(0)
    for n in count():
        following = total + term(n)
        if following == total:
            return total
        total = following
    raise AssertionError


def inverse_factorial(n: int) -> Decimal:
    """1 / n!"""
    return 1 / Decimal(math.factorial(n))


def exp_rest(r: Decimal) -> Decimal:
    """(e**r - 1 - r) / r**2 = 1/2! + r/3! + r**2/4! + ..."""
    return series(lambda n: r**n * inverse_factorial(n + 2))


def log_rest(z: Decimal) -> Decimal:
    """(ln((1 + s) / (1 - s)) / s - 2) / z with z = s**2: 2/3 + 2 z/5 + 2 z**2/7 + ..."""
    return series(lambda n: 2 * z**n / (2 * n + 3))


def log_tail(z: Decimal) -> Decimal:
    """What follows 3 + z in 3/2 ln((1 + s) / (1 - s)) / s, over z**2: 3/5 + 3 z/7 + 3 z**2/9 + ..."""
    return series(lambda n: 3 * z**n / (2 * n + 5))


def sin_rest(z: Decimal) -> Decimal:
    """(sin r / r - 1) / z with z = r**2: -1/3! + z/5! - ..."""
    return series(lambda n: (-1) ** (n + 1) * z**n * inverse_factorial(2 * n + 3))


def cos_rest(z: Decimal) -> Decimal:
    """(cos r - 1 + z/2) / z**2 with z = r**2: 1/4! - z/6! + ..."""
    return series(lambda n: (-1) ** n * z**n * inverse_factorial(2 * n + 4))


def arctan(t: Decimal) -> Decimal:
    """Halve the angle while the series is slow: atan t = 2 atan(t / (1 + sqrt(1 + t**2)))."""
    if t > Decimal("0.1"):
        return 2 * arctan(t / (1 + (1 + t * t).sqrt()))
    return series(lambda n: (-1) ** n * t ** (2 * n + 1) / (2 * n + 1))


def arctan_rest(z: Decimal) -> Decimal:
    """(atan t / t - 1) / z with z = t**2: -1/3 + z/5 - ..."""
    t = z.sqrt()
    return (arctan(t) / t - 1) / z


def tanh_rest(z: Decimal) -> Decimal:
    """(tanh t / t - 1) / z with z = t**2: -1/3 + 2 z/15 - ..."""
    t = z.sqrt()
    squared = (2 * t).exp()
    return ((squared - 1) / (squared + 1) / t - 1) / z


Row = tuple[str, Function, int, Decimal, Decimal, dict[str, int]]


def polynomials() -> dict[str, Row]:
    """By name: what it is, function, power of the variable it is multiplied by, interval, terms for each dtype."""
    none, one, ln2 = Decimal(0), Decimal(1), Decimal(2).ln()
    silver = 3 - 2 * Decimal(2).sqrt()  # (m - 1) / (m + 1) at m = sqrt(2)
    eighth = arctan(one) + Decimal("1e-7")  # of a turn, and what float32 may lack
    bend = Decimal("0.55")
    return {
        "EXP": ("(e**r - 1 - r) / r**2, |r| <= ln 2", exp_rest, 2, -ln2, ln2, {SINGLE: 7, DOUBLE: 12}),
        "LOG": ("(ln((1+s)/(1-s))/s - 2) / z, z = s**2", log_rest, 1, none, silver**2, {SINGLE: 3, DOUBLE: 7}),
        "LOG_TAIL": ("(3/2 ln((1+s)/(1-s))/s - 3 - z) / z**2", log_tail, 2, none, silver**2, {DOUBLE: 7}),
        "SIN": ("(sin(r)/r - 1) / z, z = r**2, |r| <= pi/4", sin_rest, 1, none, eighth**2, {SINGLE: 3, DOUBLE: 6}),
        "COS": ("(cos(r) - 1 + z/2) / z**2", cos_rest, 2, none, eighth**2, {SINGLE: 3, DOUBLE: 6}),
        "TANH": ("(tanh(t)/t - 1) / z, z = t**2, t <= 0.55", tanh_rest, 1, none, bend**2, {SINGLE: 4, DOUBLE: 10}),
        "ARCTAN": ("(atan(t)/t - 1) / z, z = t**2 <= 1", arctan_rest, 1, none, one, {SINGLE: 9, DOUBLE: 20}),
    }


def constants() -> dict[str, tuple[str, Decimal, dict[str, tuple[int, ...]]]]:
    """By name: what it is, number, digits of each piece but the last, which takes what is left."""
    ln2, half_pi = Decimal(2).ln(), 2 * arctan(Decimal(1))
    return {
        "TWO_LN2": ("2 ln 2", 2 * ln2, {SINGLE: (16,), DOUBLE: (42,)}),
        "LN2": ("ln 2", ln2, {SINGLE: (15,), DOUBLE: (41,)}),
        "HALF_PI": ("pi / 2", half_pi, {SINGLE: (30,), DOUBLE: (23, 23, 23)}),
        "ARC_HALF_PI": ("pi / 2", half_pi, {SINGLE: (24,), DOUBLE: (53,)}),
        "LOG2_FACTOR": ("2 / (3 ln 2)", 2 / (3 * ln2), {DOUBLE: (53,)}),
    }


def chebyshev(low: Decimal, high: Decimal, n: int) -> list[Decimal]:
    """Return n points of an interval, in order, closer to each other near its ends."""
    angles = [math.pi * (2 * i + 1) / (2 * n) for i in range(n)]
    return [(low + high) / 2 - (high - low) / 2 * Decimal(math.cos(angle)) for angle in angles]


def solved(rows: list[list[Decimal]]) -> list[Decimal]:
    """Solve a system of linear equations, each row ending in its right-hand side, by Gauss' elimination."""
    n = len(rows)
    for i in range(n):
        best = max(range(i, n), key=lambda j: abs(rows[j][i]))
        rows[i], rows[best] = rows[best], rows[i]
        for j in range(n):
            if j != i:
                factor = rows[j][i] / rows[i][i]
                rows[j] = [b - factor * a for a, b in zip(rows[i], rows[j])]
    return [row[-1] / row[i] for i, row in enumerate(rows)]


def fitted(function: Function, power: int, low: Decimal, high: Decimal, terms: int) -> list[Decimal]:
    """Return the coefficients, lowest first, for which the greatest |x**power (polynomial - function)| is smallest."""
    grid = [*chebyshev(low, high, 40 * terms), high]
    values = {x: function(x) for x in grid}
    points = [min(grid, key=lambda x, want=want: abs(x - want)) for want in chebyshev(low, high, terms + 1)]
    coefficients: list[Decimal] = []
    for _ in range(12):
        rows = [[*(x**j for j in range(terms)), (-1) ** i / x**power, values[x]] for i, x in enumerate(points)]
        coefficients = solved(rows)[:-1]
        error = {x: x**power * (sum(c * x**j for j, c in enumerate(coefficients)) - values[x]) for x in grid}
        points = peaks(grid, error)
    return coefficients


def peaks(grid: list[Decimal], error: dict[Decimal, Decimal]) -> list[Decimal]:
    """Return the place of the greatest error between any two of its changes of sign."""
    found = [grid[0]]
    for x in grid[1:]:
        if error[x] * error[found[-1]] < 0:
            found.append(x)
        elif abs(error[x]) > abs(error[found[-1]]):
            found[-1] = x
    return found


def pieces(number: Decimal, digits: tuple[int, ...]) -> tuple[float, ...]:
    """Split a number into a sum of positive floats, each of so many binary digits, the last of 53."""
    out: list[float] = []
    for n in digits:
        scale = Decimal(2) ** (n - 1 - math.floor(math.log2(number)))
        out.append(float((number * scale).to_integral_value(decimal.ROUND_FLOOR) / scale))
        number -= Decimal(out[-1])
    return (*out, float(number))


def tables() -> dict[str, tuple[str, dict[str, tuple[float, ...]]]]:
    """Return every row of the module: its name, what it is, and its numbers by dtype."""
    out: dict[str, tuple[str, dict[str, tuple[float, ...]]]] = {}
    with decimal.localcontext() as context:
        context.prec = 60
        for name, (words, function, power, low, high, terms) in polynomials().items():
            rows = {dtype: fitted(function, power, low, high, n) for dtype, n in terms.items()}
            out[name] = (words, {d: tuple(float(np.dtype(d).type(float(c))) for c in row) for d, row in rows.items()})
        for name, (words, number, digits) in constants().items():
            out[name] = (f"{words}, in pieces", {dtype: pieces(number, n) for dtype, n in digits.items()})
    return out


HEADER = '''"""The numbers of the elementary functions: polynomials, lowest power first, and constants in exact pieces.

Written by tests/golden/fit_functions.py, not by hand; `functions`, `powers` and `trigonometry` say what they are for.
"""

from __future__ import annotations
'''


def main() -> None:
    """Print the module."""
    print(HEADER)
    for name, (words, rows) in tables().items():
        print(f"{name} = {{  # {words}")
        for dtype, numbers in rows.items():
            listed = ", ".join(map(repr, numbers))
            print(f'    "{dtype}": (')
            print(textwrap.fill(listed, 112, initial_indent=" " * 8, subsequent_indent=" " * 8) + ",")
            print("    ),")
        print("}  # fmt: skip")


if __name__ == "__main__":
    main()
