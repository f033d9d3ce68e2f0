"""Automatic names: `dense`, `dense_1`, `leaky_re_lu`, counted for each kind of thing in this process.

`clear_session` starts the count again, as a notebook does before it builds a second model.
"""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import count

_counts: defaultdict[str, count[int]] = defaultdict(count)


def snake_case(name: str) -> str:
    """Return `LeakyReLU` as `leaky_re_lu`, as Keras spells layer names."""
    words = re.sub(r"\W+", "", name)
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", words)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()


def auto_name(kind: str) -> str:
    """Return `kind`, or `kind_N` from the second one on."""
    number = next(_counts[kind])  # one step, which a second thread cannot come between
    return f"{kind}_{number}" if number else kind


def clear_session() -> None:
    """Forget which automatic names were given."""
    _counts.clear()
