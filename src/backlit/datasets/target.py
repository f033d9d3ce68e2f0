"""What a network learns to say: one of several classes, or a number; and the way from the file's words to it and back.

Fitted once on a user's data and written as JSON beside the weights, so that answers are given in the user's words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Array
from ..errors import DataError, unknown_name

TASKS = ("auto", "classification", "regression")
FEW = 20  # different whole numbers that still count as names of classes
MOST_CLASSES = 1000


@dataclass(frozen=True)
class Target:
    """`classes` for a classifier; for a number `center` and `scale`: the network gives (value - center) / scale."""

    task: str
    classes: tuple[str, ...] = ()
    center: float = 0.0
    scale: float = 1.0

    @property
    def is_number(self) -> bool:
        """Whether the network gives a number."""
        return self.task == "regression"

    def encoded(self, values: Array) -> Array:
        """Return numbers (n,) as the network learns them, float32."""
        return ((values - self.center) / self.scale).astype(np.float32)

    def decoded(self, outputs: Array) -> Array:
        """Return the outputs of a network for numbers as the user's numbers, float64 (n,)."""
        return np.asarray(outputs, np.float64).reshape(len(outputs)) * self.scale + self.center

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {"task": self.task, "classes": list(self.classes), "center": self.center, "scale": self.scale}


def target_from_json(entry: Mapping[str, Any]) -> Target:
    """Return the target of `Target.as_json`; anything else raises `DataError`."""
    try:
        classes = tuple(map(str, entry["classes"]))
        return Target(str(entry["task"]), classes, float(entry["center"]), float(entry["scale"]))
    except (TypeError, KeyError, ValueError) as error:
        raise DataError(f"The model's description of its target is damaged ({error!r}). Use an intact copy.") from None


def task_of(asked: str, values: Array, all_numbers: bool) -> str:
    """Return the task for a column of targets: what was asked for, or by the values.

    Text is classes; numbers are classes if they are whole and no more than 20 different ones, else amounts.
    """
    if asked not in TASKS:
        raise unknown_name("task", asked, TASKS)
    if asked != "auto":
        return asked
    few = all_numbers and len(np.unique(values)) <= FEW and bool((values == np.floor(values)).all())
    return "classification" if few or not all_numbers else "regression"


def as_classes(names: Sequence[str], where: str) -> tuple[Target, Array]:
    """Return the classes of names, in order (of numbers, if they all are), and class numbers (n,) int64."""
    counts = Counter(names)
    if len(counts) < 2:
        raise DataError(f"{where} has one class only, {next(iter(counts))!r}. Expected two or more to tell apart.")
    if len(counts) > min(MOST_CLASSES, max(2, len(names) // 2)):
        raise DataError(
            f"{where} has {len(counts):,} classes in {len(names):,} rows. Expected several rows of each class, and at "
            f"most {MOST_CLASSES:,} classes. Is it an amount? Then say --task regression."
        )
    classes = sorted(counts, key=_number_first)
    place = {name: i for i, name in enumerate(classes)}
    return Target("classification", tuple(classes)), np.array([place[name] for name in names], np.int64)


def _number_first(name: str) -> tuple[float, str]:
    try:
        return float(name), name
    except ValueError:
        return float("inf"), name


def as_amounts(values: Array, train: Array, where: str) -> Target:
    """Return the scale of amounts (n,) by the rows `train`; amounts that are all the same raise `DataError`."""
    center, scale = float(values[train].mean()), float(values[train].std())
    if not scale > 1e-12 * abs(center):
        raise DataError(f"{where} is {values[train[0]]:g} in every training row. Expected numbers that differ.")
    return Target("regression", (), center, scale)
