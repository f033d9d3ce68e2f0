"""Who takes part: the name in the table, the module and class that train, and what each step of it computes.

`worker` imports the module in a process of its own; nobody else imports a peer.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Contestant:
    """One column of the table."""

    label: str
    module: str
    kind: str
    note: str
    environment: dict[str, str] = field(default_factory=dict)


CONTESTANTS = {
    "ours": Contestant("Backlit", "ours", "Engine", "the recorded step, many in one call; loss and accuracy"),
    "fit": Contestant("Backlit fit", "ours", "Fit", "model.fit from end to end, shuffling; loss and accuracy"),
    "jax-scan": Contestant("JAX scan", "jax_peer", "Scan", "one jitted call an epoch, donated state; loss"),
    "jax-step": Contestant("JAX per step", "jax_peer", "PerStep", "one jitted call a step, donated state; loss"),
    "torch-fused": Contestant("PyTorch fused", "pytorch", "Fused", "fused updates (foreach for RMSprop); loss"),
    "torch-eager": Contestant("PyTorch eager", "pytorch", "Eager", "the loop of the tutorials; loss"),
    "numpy": Contestant("NumPy by hand", "numpy_by_hand", "ByHand", "float32, in place; loss"),
    "sklearn": Contestant("scikit-learn", "sklearn_peer", "Perceptron", "MLPClassifier.partial_fit, shuffling; loss"),
    "keras-jax": Contestant(
        "Keras on JAX", "keras_peer", "Fit", "model.fit, jit_compile, steps_per_execution; loss and accuracy",
        {"KERAS_BACKEND": "jax"},
    ),
    "keras-tf": Contestant(
        "Keras on TensorFlow", "keras_peer", "Fit", "model.fit, jit_compile, steps_per_execution; loss and accuracy",
        {"KERAS_BACKEND": "tensorflow"},
    ),
}  # fmt: skip

OURS = ("ours", "fit")
STRONGEST = ("ours", "fit", "jax-scan", "torch-fused", "keras-jax")  # who is asked where not everybody is
EVERYBODY = tuple(CONTESTANTS)
