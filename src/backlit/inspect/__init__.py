"""Looking into training: the step graph, a step explained, recordings of activations and gradients, a diagnosis."""

from __future__ import annotations

from .diagnose import Diagnosis, Finding, diagnose
from .explain import Explanation, explain
from .gradients import GradientCheck, InputCheck, check_gradients, numerical_gradient
from .graphs import StepGraph, graph_of, step_graph
from .watch import Recording, Stats, record

__all__ = [
    "Diagnosis", "Explanation", "Finding", "GradientCheck", "InputCheck", "Recording", "Stats", "StepGraph",
    "check_gradients", "diagnose", "explain", "graph_of", "numerical_gradient", "record", "step_graph",
]  # fmt: skip
