"""How rules connect: nodes, the recorder, the backward pass as a graph, numerical checks, pictures."""

from .backward import gradients
from .evaluate import evaluate
from .graph import PHASES, Graph
from .node import Node, constant, given, topological
from .record import Recorder, constant_node, current_scope, expand, infer, input_node, phase, record, scope

__all__ = [
    "PHASES", "Graph", "Node", "Recorder", "constant", "constant_node", "current_scope", "evaluate", "expand", "given",
    "gradients", "infer", "input_node", "phase", "record", "scope", "topological",
]  # fmt: skip
