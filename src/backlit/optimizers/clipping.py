"""Three ways to hold gradients within bounds, before anything else is done with them.

Norms are scaled by one factor, which is exactly 1 where nothing has to be done.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..ops import clip, maximum, sqrt, square, sum
from ..ops.op import Value


def clip_each_norm(gradients: Sequence[Value], clipnorm: float) -> list[Value]:
    """g * c / max(|g|, c), for each gradient on its own."""
    return [g * (clipnorm / maximum(sqrt(sum(square(g))), clipnorm)) for g in gradients]


def clip_global_norm(gradients: Sequence[Value], clipnorm: float) -> list[Value]:
    """g * c / max(norm, c), with the norm of all gradients together."""
    total: Value = sum(square(gradients[0]))
    for g in gradients[1:]:
        total = total + sum(square(g))
    factor = clipnorm / maximum(sqrt(total), clipnorm)
    return [g * factor for g in gradients]


def clip_values(gradients: Sequence[Value], clipvalue: float) -> list[Value]:
    """Each number held between -c and c."""
    return [clip(g, -clipvalue, clipvalue) for g in gradients]
