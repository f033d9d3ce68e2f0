"""The native executor: a recorded step as machine code for the processor at hand.

`lower` takes composite ops apart, `plan` decides what is computed together and where it lives, `emit` writes it in
LLVM's language, `machine` compiles it, `runner` runs it.
"""

from __future__ import annotations

from ...graph.graph import Graph
from .runner import NativeRunner

__all__ = ["NativeRunner", "prepare"]


def prepare(graph: Graph) -> NativeRunner:
    """Return a runner for `graph`; an op it has no code for raises `NotImplementedError`."""
    return NativeRunner(graph)
