"""The native executor: a recorded step as machine code for the processor at hand.

`lower` takes composite ops apart; `fusion`, `schedule` and `memory` decide what is computed together, by whom and
where; `assembly` makes calls of it, `machine` compiles their kernels, `runner` runs them.
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from ...graph.graph import Graph
from .runner import NativeRunner

__all__ = ["NativeRunner", "prepare"]


def prepare(graph: Graph, threads: int = 1, **settings: Any) -> NativeRunner:
    """Return a runner for `graph` on so many threads; an op it has no code for raises `NotImplementedError`.

    Settings: `skip_zeros=False` multiplies zeros in the data like all other numbers.
    """
    with _uncollected():
        return NativeRunner(graph, threads, **settings)


@contextmanager
def _uncollected() -> Generator[None]:
    """Put off the search for reference cycles: it would go through all that is alive for every few thousand new nodes.

    Such a round takes 20 ms in a program that has imported much, as long as half of what is done inside.
    """
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()
