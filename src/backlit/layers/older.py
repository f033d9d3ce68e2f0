"""What layers of earlier versions of Keras were written with: it works, and a warning says what to write instead."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def name_first(add_weight: Callable[P, R]) -> Callable[P, R]:
    """Let `add_weight("w", shape=...)` be understood: a name stood first until Keras 3."""

    @wraps(add_weight)
    def either(*given: Any, **named: Any) -> Any:
        if len(given) > 1 and isinstance(given[1], str) and "name" not in named:
            warnings.warn(
                f'add_weight("{given[1]}", ...) is of Keras 2. Write add_weight(..., name="{given[1]}").', stacklevel=2
            )
            named["name"] = given[1]
            given = (given[0], *given[2:])
        return add_weight(*given, **named)  # pyright: ignore[reportCallIssue]

    return either
