"""Recording what happens inside `fit`: activations, gradients and updates of every layer, step by step.

An observer reads the marked nodes of the step graph while it runs; nothing is changed by watching.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Array
from ..errors import ConfigError
from ..graph import Graph, Node

SATURATING = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0), "softsign": (-1.0, 1.0), "hard_sigmoid": (0.0, 1.0)}
NO_LOOK = 1 << 30  # steps
WANTED = ("activation", "gradient", "weight", "updated", "loss", "x")
NEAR = 0.02  # within this share of its range from a limit, a squashing activation counts as saturated


@dataclass(frozen=True)
class Stats:
    """What is kept of one array at one step. `zeros` and `saturated` are shares between 0 and 1."""

    step: int
    mean: float
    std: float
    minimum: float
    maximum: float
    norm: float
    zeros: float
    saturated: float = 0.0

    @property
    def finite(self) -> bool:
        """Whether all numbers were."""
        return bool(np.isfinite(self.norm))


class Recording:
    """`with record(model) as r: model.fit(...)`; then `r.activations["dense"]` lists the `Stats` of each watched step.

    `activations` goes by layer, `gradients` and `updates` by weight (`dense/kernel`); an update is the ratio
    |new - old| / |old|. `losses` holds (step, loss). `alive` says for each unit of a layer whether it was ever not 0,
    `last_active` at which step it last was (0: never).
    """

    def __init__(self, model: Any, every: int = 1) -> None:
        if isinstance(every, bool) or not isinstance(every, int) or every < 1:
            raise ConfigError(f"record needs every >= 1, the steps from one look to the next; got {every!r}.")
        self.model = model
        self.every = every
        self.step = 0
        self.activations: dict[str, list[Stats]] = defaultdict(list)
        self.gradients: dict[str, list[Stats]] = defaultdict(list)
        self.updates: dict[str, list[tuple[int, float]]] = defaultdict(list)
        self.weights: dict[str, list[Stats]] = defaultdict(list)
        self.inputs: dict[str, list[Stats]] = defaultdict(list)
        self.losses: list[tuple[int, float]] = []
        self.alive: dict[str, Array] = {}
        self.last_active: dict[str, Array] = {}
        self.kinds: dict[str, str] = {}
        self._before: Any = None

    def __enter__(self) -> Recording:
        self._before, self.model.observer = self.model.observer, self
        return self

    def __exit__(self, *_: object) -> None:
        self.model.observer = self._before

    def watch(self, graph: Graph) -> _Look | None:
        """Return the observer for the next run of `graph`, or None to skip this step (called by the loop)."""
        if not _trains(graph):
            return None
        self.step += 1
        return _Look(self, graph) if (self.step - 1) % self.every == 0 else None

    def rest(self, graph: Graph) -> int:
        """Return how many runs of `graph` are of no interest before the next look: they may run in one call."""
        return -self.step % self.every if _trains(graph) else NO_LOOK

    def passed(self, graph: Graph, steps: int) -> None:
        """Count steps that ran without being offered to `watch`."""
        if _trains(graph):
            self.step += steps

    def __repr__(self) -> str:
        return f"<recording of {len(self.losses)} steps: {', '.join(self.activations)}>"


def _trains(graph: Graph) -> bool:
    return "loss" in graph.marks and any(name.startswith("params/") for name in graph.outputs)


class _Look:
    """The observer of one step: nodes it knows by name, values it needs until the step ends."""

    @property
    def wanted(self) -> set[Node]:
        """The nodes it must be shown."""
        return {node for node, names in self.names.items() if any(group in WANTED for group, _ in names)}

    def __init__(self, recording: Recording, graph: Graph) -> None:
        self.recording = recording
        self.names: dict[Node, list[tuple[str, str]]] = defaultdict(list)
        for mark, node in graph.marks.items():
            group, _, name = mark.partition("/")
            self.names[node].append((group, name))
        for name, node in graph.inputs.items():
            group, _, rest = name.partition("/")
            self.names[node].append(("weight", rest) if group == "params" else (group, rest))
        for name, node in graph.outputs.items():
            if name.startswith("params/"):
                self.names[node].append(("updated", name.removeprefix("params/")))
        self.old: dict[str, Array] = {}

    def after(self, node: Node, value: Array) -> None:
        """Sort a value into the recording, if it has a name."""
        for group, name in self.names.get(node, ()):
            self._keep(group, name, node, np.asarray(value))

    def _keep(self, group: str, name: str, node: Node, value: Array) -> None:
        into = self.recording
        if group == "activation":
            into.activations[name].append(measure(into.step, value, node.op.name))
            into.kinds[name] = node.op.name
            active = (value != 0).reshape(len(value), -1).any(axis=0) if value.ndim > 1 else value != 0
            into.alive[name] = into.alive.get(name, np.zeros_like(active)) | active
            into.last_active[name] = np.where(active, into.step, into.last_active.get(name, 0))
        elif group == "gradient":
            into.gradients[name].append(measure(into.step, value))
        elif group == "weight":
            self.old[name] = value
            into.weights[name].append(measure(into.step, value))
        elif group == "updated" and name in self.old:
            with np.errstate(all="ignore"):
                norm, change = (float(np.linalg.norm(v)) for v in (self.old[name], value - self.old[name]))
            into.updates[name].append((into.step, change / (norm or 1.0)))
        elif group == "loss":
            into.losses.append((into.step, float(value)))
        elif group == "x":
            into.inputs[name or "x"].append(measure(into.step, value))


def measure(step: int, value: Array, kind: str = "") -> Stats:
    """Return the statistics of one array; `kind` is the op that made it, for saturation."""
    if value.size == 0:
        return Stats(step, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    wide = value.astype(np.float64).reshape(-1)
    saturated = 0.0
    if kind in SATURATING:
        low, high = SATURATING[kind]
        margin = NEAR * (high - low)
        saturated = float(((wide < low + margin) | (wide > high - margin)).mean())
    with np.errstate(all="ignore"):
        mean, norm = float(wide.mean()), float(np.sqrt(wide @ wide))
        wide -= mean
        std = float(np.sqrt(wide @ wide / wide.size))
        zeros = 1.0 - np.count_nonzero(value) / wide.size
        return Stats(step, mean, std, float(value.min()), float(value.max()), norm, zeros, saturated)


def record(model: Any, every: int = 1) -> Recording:
    """Watch the training steps of `model` inside a `with` block, every n-th of them.

    >>> import numpy as np, backlit
    >>> model = backlit.Sequential([backlit.layers.Dense(3, name="hidden"), backlit.layers.Dense(1, name="out")])
    >>> model.compile("sgd", "mse")
    >>> with backlit.inspect.record(model) as r:
    ...     _ = model.fit(np.ones((8, 2)), np.ones(8), batch_size=4, verbose=0)
    >>> len(r.losses), sorted(r.gradients)[:2]
    (2, ['hidden/bias', 'hidden/kernel'])
    """
    return Recording(model, every)
