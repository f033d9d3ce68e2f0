"""test-set-steers: early stopping, the learning rate or the kept weights follow the test set.

What is then reported on the test set is better than the network is on digits it has never influenced.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from ..finding import Finding, Rule
from ..flow import Scene, argument, literal, resolved
from ..origins import parts_of
from ..program import Program
from ..speaking import say

NAME = "test-set-steers"
STEERING = {"EarlyStopping": 0, "ReduceLROnPlateau": 0, "ModelCheckpoint": 1}  # the place of `monitor`
INSTEAD = (
    "Hold rows of the training set out for that, validation_split=0.1 or rows cut off x_train, and evaluate on the "
    "test set once, at the end."
)


def check(program: Program) -> Iterator[Finding]:
    """Find `fit` with validation data from a test set and callbacks that act on them."""
    for scene in program.method_calls("fit"):
        validation = scene.argument(None, "validation_data")
        names = _steering(program, scene)
        if validation is None or not names:
            continue
        parts = parts_of(program, validation, scene.names)
        if parts and all(part == "test" for _, part in parts):
            yield Finding(validation, words(sorted({data for data, _ in parts})[0], names), INSTEAD)


def _steering(program: Program, scene: Scene) -> list[str]:
    """Return the callbacks of a `fit` that act on a validation result."""
    given, names, _ = resolved(scene.argument(None, "callbacks"), scene.names)
    listed = given.elts if isinstance(given, (ast.List, ast.Tuple)) else [given]
    found: list[str] = []
    for one in listed:
        call, inner, _ = resolved(one, names)
        kind = program.keras_name(call.func) if isinstance(call, ast.Call) else ""
        if kind not in STEERING or not isinstance(call, ast.Call):
            continue
        monitor = argument(call, STEERING[kind], "monitor")
        watched = "val_loss" if monitor is None else literal(monitor, inner)
        keeps = kind != "ModelCheckpoint" or literal(argument(call, None, "save_best_only"), inner) is True
        if isinstance(watched, str) and watched.startswith("val_") and keeps:
            found.append(kind)
    return found


def told(data_set: str, callbacks: Sequence[str]) -> None:
    """Say it of a `fit` whose validation targets are those of a data set's test part."""
    say(NAME, words(data_set, callbacks), INSTEAD)


def words(data_set: str, callbacks: Sequence[str]) -> str:
    """Return what it does."""
    acting = " and ".join(dict.fromkeys(callbacks))
    verb = "acts" if len(set(callbacks)) == 1 else "act"
    return (
        f"{acting} {verb} on validation_data, which is the test set of {data_set}: the test accuracy is then chosen, "
        "not measured."
    )


RULE = Rule(NAME, "A callback acts on the test set through validation_data.", check)
