"""GradientTape listens while tensors are computed, and walks back from a result to what it was made of.

The walk is the same `graph.gradients` that records the backward pass of `fit`, followed by its evaluation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np

from ..arrays import Array, is_dict, is_float, is_list
from ..errors import ConfigError, NotDifferentiable
from ..graph.backward import gradients
from ..graph.evaluate import evaluate
from ..graph.node import Node, topological
from ..graph.record import Recorder, constant_node, input_node
from .tensor import Tensor, active, as_array
from .variable import Variable


class GradientTape:
    """Record what is computed inside `with GradientTape() as tape:`; then `tape.gradient(loss, weights)`.

    Trainable Variables are watched by themselves, tensors after `tape.watch(t)`. A tape answers once, or any number
    of times with `persistent=True`. Tapes nest: the gradient computed inside an outer tape can be differentiated again.
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self.persistent = persistent
        self.watch_accessed_variables = watch_accessed_variables
        self.values: dict[Node, Array] = {}
        self._recorded: set[Node] = set()  # made while this tape listened: all else is constant to it
        self.leaves: dict[Variable, list[Node]] = {}
        self._watched: set[Variable] = set()
        self._used = False

    def __enter__(self) -> GradientTape:
        active.tapes.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        active.tapes.remove(self)

    def watch(self, tensor: Any) -> None:
        """Follow a tensor (or a list of them) although it is not a Variable; integers raise `NotDifferentiable`."""
        for one in tensor if is_list(tensor) else [tensor]:
            if not isinstance(one, (Tensor, Variable)):
                kind = type(one).__name__
                raise ConfigError(f"tape.watch needs a Tensor or a Variable, got {kind}. Wrap it: Tensor(x).")
            if not is_float(one.dtype):
                kind = one.dtype.name
                raise NotDifferentiable(f"tape.watch got a tensor of dtype {kind}: only floats have gradients.")
            if isinstance(one, Variable):
                self._watched.add(one)
                one.read()
            elif not one.symbolic:
                one.node = one.node or input_node("watched", one.shape, one.dtype)
                self.values[one.node] = one.value

    def saw(self, variable: Variable, tensor: Tensor) -> None:
        """Take note that `variable` was read (called by the Variable)."""
        if tensor.node is None:
            return
        self.values[tensor.node] = tensor.value
        if variable not in self._watched and not (variable.trainable and self.watch_accessed_variables):
            return
        versions = self.leaves.setdefault(variable, [])
        if tensor.node not in versions:
            versions.append(tensor.node)

    def heard(self, nodes: Iterable[Node], values: Mapping[Node, Array]) -> None:
        """Take note of `nodes` that were just computed, and of the `values` they were computed from (called by ops)."""
        self._recorded.update(nodes)
        self.values.update(values)

    def watched_variables(self) -> tuple[Variable, ...]:
        """Return the Variables read so far."""
        return tuple(self.leaves)

    def reset(self) -> None:
        """Forget everything recorded so far."""
        self.values.clear()
        self._recorded.clear()
        self.leaves.clear()
        self._watched.clear()

    def gradient(
        self, target: Any, sources: Any, output_gradients: Any = None, unconnected_gradients: str = "none"
    ) -> Any:
        """Return d(sum of target)/d(source) in the structure of `sources` (one, a list, a tuple or a dict).

        A source that `target` does not depend on gives None, or zeros with `unconnected_gradients="zero"`.
        """
        if unconnected_gradients not in ("none", "zero"):
            raise ConfigError(f'unconnected_gradients must be "none" or "zero", got {unconnected_gradients!r}.')
        if is_dict(sources):
            found = self.gradient(target, list(sources.values()), output_gradients, unconnected_gradients)
            return dict(zip(sources, found, strict=True))
        many = is_list(sources)
        wanted: list[Any] = list(sources) if many else [sources]
        targets: list[Any] = list(target) if is_list(target) else [target]
        seeds = output_gradients if is_list(output_gradients) else [output_gradients] * len(targets)
        with Recorder() if active.trace is None else nullcontext():  # a step's own recorder knows the forward values
            found = self._gradients(targets, wanted, seeds)
        if unconnected_gradients == "zero":
            found = [_zeros_like(s) if g is None else g for g, s in zip(found, wanted, strict=True)]
        return type(sources)(found) if many else found[0]

    def _gradients(self, targets: list[Any], sources: list[Any], seeds: Any) -> list[Tensor | None]:
        outputs = [_node_of(target) for target in targets]
        if all(isinstance(t, Tensor) and t.symbolic for t in targets):
            return [None if n is None else Tensor(node=n) for n in self._wire(outputs, sources, seeds)]
        if self._used and not self.persistent:
            raise ConfigError("This tape was used already: a tape answers once. Use GradientTape(persistent=True).")
        self._used = True
        connected = [(o, s) for o, s in zip(outputs, seeds, strict=True) if o is not None]
        nodes = self._wire([o for o, _ in connected], sources, [s for _, s in connected])
        return self._evaluated(nodes)

    def _wire(self, outputs: list[Any], sources: list[Any], seeds: Any) -> list[Node | None]:
        """Return the gradient node of each source: the sum over the versions of a Variable that were read."""
        versions = [self._nodes_of(source) for source in sources]
        flat = [node for nodes in versions for node in nodes]
        within = None if active.trace is not None else self._recorded
        arrived: dict[Node, Node] = {}
        found = iter(gradients(outputs, flat, [None if s is None else _seed_node(s) for s in seeds], within, arrived))
        if active.trace is not None:
            active.trace.adjoints.update(arrived)
        return [_total([next(found) for _ in nodes]) for nodes in versions]

    def _nodes_of(self, source: Any) -> list[Node]:
        if isinstance(source, Variable):
            if active.trace is not None:
                return active.trace.versions(source)
            return self.leaves.get(source, [])
        if isinstance(source, Tensor):
            return [] if source.node is None else [source.node]
        kind = type(source).__name__
        raise ConfigError(f"The gradient with respect to a {kind} was asked; give Tensors or Variables.")

    def _evaluated(self, nodes: list[Node | None]) -> list[Tensor | None]:
        wanted = [node for node in nodes if node is not None]
        order = topological(wanted, stop=self.values) if active.tapes else wanted
        values = dict(zip(order, evaluate(order, self.values), strict=True))
        for tape in active.tapes:  # an outer tape goes on listening
            tape.heard(order, values)
        return [None if n is None else Tensor(values[n], node=n if active.tapes else None) for n in nodes]

    def jacobian(self, target: Tensor, source: Any) -> Tensor:
        """Return d(target)/d(source), shape target.shape + source.shape, one gradient per number of `target`.

        Needs a persistent tape.
        """
        rows: list[Array] = []
        for place in range(int(np.prod(target.shape))):
            seed = np.zeros(target.shape, target.dtype)
            seed.reshape(-1)[place] = 1
            rows.append(self.gradient(target, source, seed, unconnected_gradients="zero").value)
        return Tensor(np.stack(rows).reshape((*target.shape, *source.shape)))


def _node_of(target: Any) -> Node | None:
    if isinstance(target, Variable):
        target = target.read()
    if not isinstance(target, Tensor):
        raise ConfigError(f"tape.gradient needs a Tensor as target, got {type(target).__name__}.")
    if not is_float(target.dtype):
        raise NotDifferentiable(f"The target has dtype {target.dtype.name}: only floats have gradients.")
    return target.node


def _seed_node(seed: Any) -> Node:
    if isinstance(seed, Tensor) and seed.node is not None:
        return seed.node
    return constant_node(as_array(seed))


def _total(nodes: list[Node | None]) -> Node | None:
    total: Node | None = None
    for node in nodes:
        if node is not None:
            total = node if total is None else total + node
    return total


def _zeros_like(source: Any) -> Tensor:
    return Tensor(np.zeros(source.shape, source.dtype))
