"""Looking into training: the step graph, a step explained, recordings of activations and gradients, a diagnosis."""

from __future__ import annotations

from .diagnose import Diagnosis, Finding, diagnose
from .explain import Explanation, explain
from .graphs import StepGraph, step_graph
from .watch import Recording, Stats, record

__all__ = [
    "Diagnosis", "Explanation", "Finding", "Recording", "Stats", "StepGraph", "diagnose", "explain", "record",
    "step_graph",
]  # fmt: skip
