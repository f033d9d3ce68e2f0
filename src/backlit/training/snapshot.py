"""The whole state of a training under way, as arrays and facts: what a checkpoint keeps.

Taken between two steps, when all callbacks have heard of the last one. Given back to the same program, training goes on
with the same bits as if it had never stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, cast

import numpy as np

from ..arrays import Array, is_array, is_dict, is_list
from ..errors import CheckpointError
from ..tensor import Variable
from .batches import Batches, RowBatches
from .callbacks import CallbackList
from .running import build_optimizer

FORMAT = 1


class Snapshot(NamedTuple):
    """Arrays by name, and facts that are JSON: `epoch` is the one under way (or next), `done` its finished steps."""

    arrays: dict[str, Array]
    facts: dict[str, Any]


class Training:
    """A call of `fit` under way: the model, where its batches come from, who listens, and where it stands.

    `first` is the epoch it began with, `epoch` the one under way, `done` the steps of it that are finished.
    """

    def __init__(self, model: Any, batches: Batches, watchers: CallbackList, first: int) -> None:
        self.model, self.batches, self.watchers = model, batches, watchers
        self.first = self.epoch = first
        self.done = 0
        self.over = False  # a snapshot was given back of a training that had stopped

    def moved_to(self, epoch: int, done: int) -> None:
        """Note where training stands, and let those know who may want to keep it."""
        self.epoch, self.done = epoch, done
        self.watchers.paused(epoch, done)

    def snapshot(self, stopped: bool | None = None) -> Snapshot:
        """Return everything that what comes next depends on; `stopped` says whether nothing comes (None: as it is)."""
        stopped = bool(self.model.stop_training) and self.done == 0 if stopped is None else stopped
        arrays = {name: np.array(variable.stored) for name, variable in _variables(self.model)}
        batches = self.batches
        facts = {
            "format": FORMAT, "first": self.first, "epoch": self.epoch, "done": self.done,
            "epochs_trained": self.model.epochs_trained, "stopped": stopped,
            "seed": batches.seed if isinstance(batches, RowBatches) else None,
            "first_epoch": batches.first_epoch if isinstance(batches, RowBatches) else None,
            "callbacks": _without_arrays(self.watchers.state(), arrays, "callbacks"),
        }  # fmt: skip
        return Snapshot(arrays, facts)

    def restore(self, snapshot: Snapshot) -> None:
        """Take back what `snapshot` returned; one of another model or other callbacks raises `CheckpointError`.

        Nothing is changed unless all of it fits.
        """
        model, facts = self.model, snapshot.facts
        _check_facts(facts)
        build_optimizer(model, "train")
        pairs = _matched(dict(_variables(model)), snapshot.arrays)
        states = _with_arrays(facts["callbacks"], snapshot.arrays)
        if not is_dict(states):
            raise CheckpointError("The checkpoint lacks the state of its callbacks. Use an intact copy.")
        self.watchers.restore(states)
        for variable, array in pairs:
            variable.assign(array)
        model.epochs_trained, self.over = facts["epochs_trained"], facts["stopped"]
        self.first, self.epoch, self.done = facts["first"], facts["epoch"], facts["done"]
        if isinstance(self.batches, RowBatches):
            self.batches.go_back_to(facts["seed"], facts["first_epoch"])


COUNTS, MAYBE_COUNTS = ("first", "epoch", "done", "epochs_trained"), ("seed", "first_epoch")


def _check_facts(facts: dict[str, Any]) -> None:
    """Refuse facts that `snapshot` does not write."""
    if facts.get("format") != FORMAT:
        raise CheckpointError(f"The checkpoint has format {facts.get('format')!r}; this version reads {FORMAT}.")
    counts = {name: facts.get(name, "nothing") for name in COUNTS + MAYBE_COUNTS}
    for name, count in counts.items():
        if type(count) is not int and not (count is None and name in MAYBE_COUNTS):
            raise CheckpointError(f"The checkpoint has {name}={count!r}. Expected an integer: use an intact copy.")
    if not isinstance(facts.get("stopped"), bool) or "callbacks" not in facts:
        raise CheckpointError("The checkpoint does not say whether training had stopped. Use an intact copy.")


def _variables(model: Any) -> Iterator[tuple[str, Variable]]:
    """Yield every Variable a step of `model` starts from, under a name that tells two networks apart."""
    groups: tuple[tuple[str, Callable[[], list[Variable]]], ...] = (
        ("weights", lambda: list(model.weights)),
        ("optimizer", lambda: list(model.optimizer.variables)),
        ("metrics", lambda: [v for metric in model.metrics for v in metric.variables]),
        ("random", lambda: [layer._own_step for layer in _layers(model) if hasattr(layer, "_own_step")]),
    )
    yield "seed", model.seed
    for group, found in groups:
        for i, variable in enumerate(found()):
            yield f"{group}/{i}", variable


def _layers(owner: Any) -> Iterator[Any]:
    for layer in getattr(owner, "layers", ()):
        yield layer
        yield from _layers(layer)


def _matched(variables: dict[str, Variable], arrays: dict[str, Array]) -> list[tuple[Variable, Array]]:
    """Return each Variable with its array; what is missing, left over or of another shape is named."""
    stored = {name: array for name, array in arrays.items() if not name.startswith("callbacks/")}
    if set(stored) != set(variables):
        odd = sorted(set(stored) ^ set(variables))[0]
        where = "is not in the checkpoint" if odd in variables else "belongs to no part of this model"
        raise CheckpointError(f"{odd!r} {where}: it was made with another network, optimizer or other metrics.")
    for name, variable in variables.items():
        have, want = stored[name], variable.stored
        if have.shape != want.shape or have.dtype != want.dtype:
            raise CheckpointError(
                f"{name!r} ({variable.path}) has shape {have.shape} and dtype {have.dtype} in the checkpoint; this "
                f"model has {want.shape} and {want.dtype}. It was made with another network."
            )
    return [(variable, stored[name]) for name, variable in variables.items()]


def _without_arrays(state: Any, arrays: dict[str, Array], path: str) -> Any:
    """Return a state as JSON; its arrays are moved to `arrays`."""
    if is_array(state):
        arrays[path] = np.array(state)
        return {"array": path}
    if is_dict(state):
        return {"dict": {str(key): _without_arrays(v, arrays, f"{path}/{key}") for key, v in state.items()}}
    if is_list(state):
        return [_without_arrays(value, arrays, f"{path}/{i}") for i, value in enumerate(state)]
    if isinstance(state, np.generic):
        return cast("Any", state).item()
    if state is None or isinstance(state, (bool, int, float, str)):
        return state
    raise CheckpointError(
        f"The state of a callback holds {type(state).__name__} at {path}. Expected numbers, text, lists and arrays."
    )


def _with_arrays(state: Any, arrays: dict[str, Array]) -> Any:
    """Return what `_without_arrays` was given."""
    if is_dict(state):
        if "array" in state:
            if str(state["array"]) not in arrays:
                raise CheckpointError(f"The checkpoint lacks the array {state['array']!r} of a callback.")
            return arrays[str(state["array"])]
        if not is_dict(state.get("dict")):
            raise CheckpointError(f"The checkpoint holds {str(state)[:80]} for a callback. Use an intact copy.")
        return {key: _with_arrays(value, arrays) for key, value in state["dict"].items()}
    return [_with_arrays(value, arrays) for value in state] if is_list(state) else state
