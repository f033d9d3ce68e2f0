"""The native executor: a recorded step as machine code for the processor at hand.

`lower` takes composite ops apart; `fusion`, `schedule` and `memory` decide what is computed together, by whom and
where; `assembly` makes calls of it, `machine` compiles their kernels, `runner` runs them.
"""

from __future__ import annotations

from typing import Any

from ...graph.graph import Graph
from .runner import NativeRunner

__all__ = ["NativeRunner", "prepare"]


def prepare(graph: Graph, threads: int = 1, **settings: Any) -> NativeRunner:
    """Return a runner for `graph` on so many threads; an op it has no code for raises `NotImplementedError`.

    Settings: `skip_zeros=False` multiplies zeros in the data like all other numbers.
    """
    return NativeRunner(graph, threads, **settings)
