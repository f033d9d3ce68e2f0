"""Recording what happens inside `fit`: activations, gradients and updates of every layer, step by step.

An observer reads the marked nodes of the step graph while it runs; nothing is changed by watching.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np

from .. import ops
from ..arrays import Array
from ..errors import ConfigError
from ..graph import Graph, Node, Recorder
from .statistics import Stats, relative_change, statistics

NO_LOOK = 1 << 30  # steps
Put: TypeAlias = Callable[["Recording", Array], None]


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
        if (self.step - 1) % self.every:
            return None
        if graph not in _watched:
            _watched[graph] = _Watched(graph)
        return _Look(self, _watched[graph])

    def rest(self, graph: Graph) -> int:
        """Return how many runs of `graph` are of no interest before the next look: they may run in one call."""
        return -self.step % self.every if _trains(graph) else NO_LOOK

    def passed(self, graph: Graph, steps: int) -> None:
        """Count steps that ran without being offered to `watch`."""
        if _trains(graph):
            self.step += steps

    def see_units(self, layer: str, kind: str, active: Array) -> None:
        """Keep which units of a layer are not 0 for some sample of this step; `kind` is the op that made them."""
        self.kinds[layer] = kind
        self.alive[layer] = self.alive.get(layer, np.zeros_like(active)) | active
        self.last_active[layer] = np.where(active, self.step, self.last_active.get(layer, 0))

    def __repr__(self) -> str:
        return f"<recording of {len(self.losses)} steps: {', '.join(self.activations)}>"


def _trains(graph: Graph) -> bool:
    return "loss" in graph.marks and any(name.startswith("params/") for name in graph.outputs)


class _Watched:
    """What is watched of one graph: nodes computed from its own, and where in a recording each value goes."""

    def __init__(self, graph: Graph) -> None:
        self.puts: defaultdict[Node, list[Put]] = defaultdict(list)
        with Recorder():  # a norm two figures need is computed once
            self._add_all(graph)
        self.wanted = tuple(self.puts)

    def _add_all(self, graph: Graph) -> None:
        for mark, node in graph.marks.items():
            self._add_mark(*_split(mark), node)
        for name, node in graph.inputs.items():
            group, rest = _split(name)
            if group == "x":
                self._add_statistics("inputs", rest or "x", node)
            elif group == "params":
                self._add_statistics("weights", rest, node)
                if name in graph.outputs:
                    self._add_update(rest, node, graph.outputs[name])

    def _add_mark(self, group: str, name: str, node: Node) -> None:
        if group == "activation":
            kind = node.op.name
            self._add_statistics("activations", name, node, kind)
            active = ops.not_equal(node, 0)
            units = ops.any(active, axis=tuple(range(len(node.shape) - 1))) if len(node.shape) > 1 else active
            self.puts[units].append(lambda into, value: into.see_units(name, kind, value))
        elif group == "gradient":
            self._add_statistics("gradients", name, node)
        elif group == "loss":
            self.puts[node].append(lambda into, value: into.losses.append((into.step, float(value))))

    def _add_statistics(self, series: str, name: str, node: Node, kind: str = "") -> None:
        def put(into: Recording, value: Array) -> None:
            getattr(into, series)[name].append(Stats(into.step, *value.tolist()))

        self.puts[statistics(node, kind)].append(put)

    def _add_update(self, name: str, old: Node, new: Node) -> None:
        change = relative_change(old, new)
        self.puts[change].append(lambda into, value: into.updates[name].append((into.step, float(value))))


_watched: WeakKeyDictionary[Graph, _Watched] = WeakKeyDictionary()  # made once a graph: executors keep what they made


def _split(name: str) -> tuple[str, str]:
    group, _, rest = name.partition("/")
    return group, rest


class _Look:
    """The observer of one step: it hands what it is shown to the recording."""

    def __init__(self, recording: Recording, watched: _Watched) -> None:
        self.recording = recording
        self.watched = watched
        self.wanted = watched.wanted

    def after(self, node: Node, value: Array) -> None:
        """Sort a value into the recording."""
        for put in self.watched.puts[node]:
            put(self.recording, value)


def record(model: Any, every: int = 1) -> Recording:
    """Watch the training steps of `model` inside a `with` block, every n-th of them.

    What is kept is computed inside the step, by whatever runs it. A look costs a few tenths of a millisecond, more for
    large weights: `python -m benchmarks.watching` measures it.

    >>> import numpy as np, backlit
    >>> model = backlit.Sequential([backlit.layers.Dense(3, name="hidden"), backlit.layers.Dense(1, name="out")])
    >>> model.compile("sgd", "mse")
    >>> with backlit.inspect.record(model) as r:
    ...     _ = model.fit(np.ones((8, 2)), np.ones(8), batch_size=4, verbose=0)
    >>> len(r.losses), sorted(r.gradients)[:2]
    (2, ['hidden/bias', 'hidden/kernel'])
    """
    return Recording(model, every)
