"""What a report says, as plain data: no HTML here, and no network either.

`backlit train` fills these records from its run; `page.py` turns them into one file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...arrays import Array


@dataclass(frozen=True)
class Mistake:
    """One wrongly read example: its place in the test set, the two classes and the probability of each."""

    index: int
    image: Array
    true: int
    predicted: int
    confidence: float
    true_probability: float


@dataclass(frozen=True)
class LayerTrace:
    """One layer watched while it trained: each list has one number for every entry of `epochs` (or is empty).

    `mean` and `spread` are those of the outputs in one batch, `zeros` the share of them that is exactly 0 and `dead`
    `(never, units)`: how many units are 0 for every example tried at the end (both None where the activation has no
    flat part). `gradient` is the norm of the gradient of the kernel, `update` |change| / |kernel| of one step.
    """

    name: str
    kind: str
    shape: str
    parameters: int
    epochs: Sequence[float] = ()
    mean: Sequence[float] = ()
    spread: Sequence[float] = ()
    zeros: Sequence[float] | None = None
    dead: tuple[int, int] | None = None
    gradient: Sequence[float] = ()
    update: Sequence[float] = ()


@dataclass(frozen=True)
class FirstWeights:
    """The weights of the first layer that has any: (features, units), and the shape of one input."""

    layer: str
    kernel: Array
    input_shape: tuple[int, ...]
    never_inked: Array | None = None  # (features,) bool: inputs that are zero in every training example
    features: Sequence[str] = ()  # what the inputs are called, where they are the columns of a table


@dataclass(frozen=True)
class Scores:
    """What the network did on the test set."""

    loss: float
    accuracy: float
    confusion: Array  # (classes, classes): row true, column predicted
    mistakes: Sequence[Mistake]
    wrong: int
    total: int


@dataclass(frozen=True)
class AmountScores:
    """What a network for a number did on the test set, in the units of the data; `true` and `said` are (n,)."""

    loss: float
    true: Array
    said: Array

    @property
    def error(self) -> float:
        """The root of the mean squared error."""
        return float(np.sqrt(np.mean(np.square(self.said - self.true))))

    @property
    def absolute(self) -> float:
        """The mean absolute error."""
        return float(np.mean(np.abs(self.said - self.true)))

    @property
    def r2(self) -> float:
        """The share of the variance that is explained: 1 - squared errors / squared deviations from the mean."""
        spread = float(np.square(self.true - self.true.mean()).sum())
        return 1 - float(np.square(self.said - self.true).sum()) / spread if spread else float("nan")


@dataclass(frozen=True)
class Report:
    """Everything on the page."""

    network: str
    dataset: str
    history: Mapping[str, Sequence[float]]
    class_names: Sequence[str]
    scores: Scores | AmountScores | None
    weights: FirstWeights | None
    layers: Sequence[LayerTrace]
    settings: Mapping[str, Mapping[str, str]]  # a heading, then names and values
    command: str
    parameters: int
    seconds: float
    summary: str = ""
    diagnosis: Sequence[str] = ()  # findings in words; empty: nothing looked wrong
    notes: Sequence[str] = ()


def score(probabilities: Array, y: Array, images: Array, loss: float, count: int = 25) -> Scores:
    """Compare (n, classes) probabilities with (n,) integer labels; keep the `count` most confident mistakes."""
    classes = probabilities.shape[1]
    y = np.asarray(y).reshape(-1).astype(np.int64)
    predicted = probabilities.argmax(axis=1)
    confusion = np.bincount(y * classes + predicted, minlength=classes * classes).reshape(classes, classes)
    wrong = np.flatnonzero(predicted != y)
    surest = wrong[np.argsort(-probabilities[wrong, predicted[wrong]], kind="stable")][:count]
    mistakes = [
        Mistake(
            index=int(i),
            image=images[i],
            true=int(y[i]),
            predicted=int(predicted[i]),
            confidence=float(probabilities[i, predicted[i]]),
            true_probability=float(probabilities[i, y[i]]),
        )
        for i in surest
    ]
    return Scores(loss, 1 - len(wrong) / max(1, len(y)), confusion, mistakes, len(wrong), len(y))
