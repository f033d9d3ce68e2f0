"""Looking into training: the step graph, a step explained, its machine code, recordings, checks, a diagnosis."""

from __future__ import annotations

from .diagnose import Diagnosis, Finding, diagnose
from .explain import Explanation, explain
from .gradients import GradientCheck, InputCheck, check_gradients, numerical_gradient
from .graphs import StepGraph, graph_of, step_graph
from .machine_code import NativeCode, NativeKernel, native_code
from .statistics import Stats
from .watch import Recording, record

__all__ = [
    "Diagnosis", "Explanation", "Finding", "GradientCheck", "InputCheck", "NativeCode", "NativeKernel", "Recording",
    "Stats", "StepGraph", "check_gradients", "diagnose", "explain", "graph_of", "native_code", "numerical_gradient",
    "record", "step_graph",
]  # fmt: skip
