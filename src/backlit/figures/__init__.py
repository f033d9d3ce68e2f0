"""The figures five learners' notebooks printed, and our own programs that reach them: what `backlit verify` runs.

Each module is one notebook: a program that trains its network, and the list of figures it is held against.
"""

from __future__ import annotations

from . import deep_network, graph_nodes, numpy_by_hand, tape_from_scratch
from .deep_network import deep_figures
from .figure import Digits, Figure, Plan
from .functional_models import functional_figures
from .graph_nodes import node_figures
from .numpy_by_hand import by_hand_figures
from .tape_from_scratch import tape_figures

NOTEBOOKS = {
    "001": ("functional API: logistic regression, then one hidden layer", functional_figures),
    "002": ("NumPy by hand, float64", by_hand_figures),
    "003": ("Keras, then the same from scratch with a tape", tape_figures),
    "004": ("a computational graph, node by node", node_figures),
    "000": ("seven hidden layers, augmentation, early stopping", deep_figures),
}

QUICK = {  # what `--quick` runs of each
    "002": numpy_by_hand.QUICK,
    "003": tape_from_scratch.QUICK,
    "004": graph_nodes.QUICK,
    "000": deep_network.QUICK,
}

__all__ = ["NOTEBOOKS", "QUICK", "Digits", "Figure", "Plan"]
