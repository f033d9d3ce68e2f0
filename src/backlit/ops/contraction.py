"""Sums of products named by letters, as Einstein wrote them: every one is transposes, sums and one matrix product.

`matrix` has the product itself; nothing here has a derivative of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from ..arrays import shape_of
from ..errors import ShapeError
from .matrix import matmul
from .op import Value
from .reduce import sum
from .shape import reshape, take_slice, transpose

_DOTS = "..."


def einsum(equation: str, *operands: Value) -> Value:
    """Return the sum of products that `equation` names, e.g. "bij,bjk->bik": letters not behind the arrow are summed.

    Without an arrow the letters that come once are kept, in alphabetical order. `...` stands for axes that all
    operands with it have alike. A letter that an operand has twice stands for its diagonal. Several operands are
    multiplied from left to right. Sizes that differ and an equation that does not fit raise `ShapeError`. Source:
    numpy.einsum.

    >>> import numpy as np
    >>> einsum("ij,jk->ik", np.ones((2, 3)), np.ones((3, 2))).tolist()
    [[3.0, 3.0], [3.0, 3.0]]
    """
    terms, result = _letters(equation, [len(shape_of(x)) for x in operands])
    _require_sizes(equation, terms, operands)
    (left, value), *others = map(_diagonal, terms, operands)
    for i, (right, other) in enumerate(others, 2):
        later = set(result).union(*terms[i:])
        left, value = _product(left, value, right, other, later)
    left, value = _summed(left, value, set(result))
    return _ordered(left, value, result)


def _letters(equation: str, ranks: list[int]) -> tuple[list[str], str]:
    """Return the letters of each operand and of the result, one for each axis, dots written out."""
    inputs, arrow, result = equation.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if len(terms) != len(ranks):
        raise ShapeError(f"einsum {equation!r} names {len(terms)} operands, {len(ranks)} were given.")
    free = [chr(code) for code in range(0x3B1, 0x3C9)]  # Greek ones, which nobody writes into an equation
    hidden = {r - len(t) + 3 for t, r in zip(terms, ranks, strict=True) if _DOTS in t}
    if len(hidden) > 1 or any(not 0 <= n <= len(free) for n in hidden):
        raise ShapeError(
            f"einsum {equation!r}: `...` stands for {sorted(hidden)} axes. Expected as many in each operand."
        )
    dots = "".join(free[: max(hidden, default=0)])
    terms = [t.replace(_DOTS, dots) for t in terms]
    together = "".join(terms)
    once = dots + "".join(sorted(c for c in set(together) - set(dots) if together.count(c) == 1))
    result = result.replace(_DOTS, dots) if arrow else once
    for term, rank in zip(terms, ranks, strict=True):
        if len(term) != rank or (term and not term.isalpha()):
            raise ShapeError(
                f"einsum {equation!r}: {term!r} does not name the {rank} axes of its operand, one letter each."
            )
    if len(set(result)) < len(result) or set(result) - set(together):
        raise ShapeError(f"einsum {equation!r} has a letter twice in the result, or one that no operand has.")
    return terms, result


def _require_sizes(equation: str, terms: list[str], operands: tuple[Value, ...]) -> None:
    sizes: dict[str, int] = {}
    for term, operand in zip(terms, operands, strict=True):
        for letter, size in zip(term, shape_of(operand), strict=True):
            if sizes.setdefault(letter, size) != size:
                raise ShapeError(f"einsum {equation!r}: {letter!r} is {sizes[letter]} at one place, {size} at another.")


def _diagonal(letters: str, x: Value) -> tuple[str, Value]:
    """Return each letter once: of two axes with the same one, the diagonal stays, every (n + 1)th of n * n numbers."""
    for letter in dict.fromkeys(letters):
        while letters.count(letter) > 1:
            first = letters.index(letter)
            second = letters.index(letter, first + 1)
            others = [i for i in range(len(letters)) if i not in (first, second)]
            size, shape = shape_of(x)[first], tuple(shape_of(x)[i] for i in others)
            lines = reshape(transpose(x, (*others, first, second)), (*shape, size * size))
            x = take_slice(lines, (..., slice(None, None, size + 1)))
            letters = "".join(letters[i] for i in others) + letter
    return letters, x


def _product(a: str, x: Value, b: str, y: Value, later: set[str]) -> tuple[str, Value]:
    """Multiply two operands, summing over what neither the result nor later operands need."""
    (a, x), (b, y) = _summed(a, x, later | set(b)), _summed(b, y, later | set(a))
    both = [c for c in a if c in b]
    batch, shared = "".join(c for c in both if c in later), "".join(c for c in both if c not in later)
    rows, columns = "".join(c for c in a if c not in b), "".join(c for c in b if c not in a)
    sizes = dict(zip(a + b, (*shape_of(x), *shape_of(y)), strict=True))
    count = {part: math.prod(sizes[c] for c in part) for part in (batch, rows, columns, shared)}
    lead = (count[batch],) if batch else ()
    left = reshape(_ordered(a, x, batch + rows + shared), (*lead, count[rows], count[shared]))
    right = reshape(_ordered(b, y, batch + columns + shared), (*lead, count[columns], count[shared]))
    letters = batch + rows + columns
    return letters, reshape(matmul(left, right, transpose_b=True), tuple(sizes[c] for c in letters))


def _summed(letters: str, x: Value, kept: Iterable[str]) -> tuple[str, Value]:
    """Sum over the axes whose letters are not kept."""
    axes = tuple(i for i, c in enumerate(letters) if c not in kept)
    return "".join(c for c in letters if c in kept), sum(x, axes) if axes else x


def _ordered(letters: str, x: Value, wanted: str) -> Value:
    return x if letters == wanted else transpose(x, tuple(letters.index(c) for c in wanted))
