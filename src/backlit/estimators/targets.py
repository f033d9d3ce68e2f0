"""Targets of a classifier: labels of any kind become class numbers for the network, and numbers labels again.

What sort of question `y` asks decides the network's outputs: one class of several (softmax), yes or no (one sigmoid),
yes or no for each label (sigmoids), or several questions with several classes each (a softmax for each).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Array
from ..errors import ConfigError, LabelError
from .scikit import check_classification_targets, column_or_1d, type_of_target

MULTICLASS, MULTILABEL, MULTIOUTPUT = "multiclass", "multilabel-indicator", "multiclass-multioutput"


@dataclass(frozen=True)
class Question:
    """The sort of question and the sorted labels of each output (multilabel: numbers of the labels)."""

    sort: str
    classes: tuple[Array, ...]

    def __post_init__(self) -> None:
        if self.sort not in (MULTICLASS, MULTILABEL, MULTIOUTPUT):
            raise ConfigError(
                f"Unknown sort of targets {self.sort!r}. Expected {MULTICLASS}, {MULTILABEL} or {MULTIOUTPUT}."
            )

    @property
    def out_activation(self) -> str:
        """What the output layers end in."""
        one = self.sort == MULTILABEL or (self.sort != MULTIOUTPUT and len(self.classes[0]) == 2)
        return "sigmoid" if one else "softmax"

    @property
    def heads(self) -> tuple[int, ...]:
        """How many units each output layer has."""
        if self.sort != MULTILABEL and self.out_activation == "sigmoid":
            return (1,)
        return tuple(len(labels) for labels in self.classes)

    def encoded(self, y: Array, dtype: str) -> Any:
        """Return the targets of the network: class numbers (n,), or (n, units) of 0 and 1, or a list for each output.

        Labels that are not among the classes, and another number of outputs, raise `LabelError`.
        """
        if self.sort == MULTILABEL:
            if y.ndim != 2 or y.shape[1] != len(self.classes[0]):
                expected = f"(n, {len(self.classes[0])}), a column of 0 and 1 for each label"
                raise LabelError(f"y has shape {y.shape}. Expected {expected}.")
            return y.astype(dtype)
        if self.sort == MULTIOUTPUT:
            if y.ndim != 2 or y.shape[1] != len(self.classes):
                raise LabelError(f"y has shape {y.shape}. Expected (n, {len(self.classes)}), a column for each output.")
            return [_numbers(column, labels) for column, labels in zip(y.T, self.classes, strict=True)]
        numbers = _numbers(y, self.classes[0])
        return numbers.astype(dtype)[:, None] if self.out_activation == "sigmoid" else numbers

    def decoded(self, outputs: list[Array]) -> Array:
        """Return the labels that the outputs of the network find most likely."""
        if self.sort == MULTILABEL:
            return (outputs[0] > 0.5).astype(np.int64)
        if self.sort == MULTIOUTPUT:
            chosen = [labels[p.argmax(axis=1)] for labels, p in zip(self.classes, outputs, strict=True)]
            return np.stack(chosen, axis=1)
        numbers = outputs[0][:, 0] > 0.5 if self.out_activation == "sigmoid" else outputs[0].argmax(axis=1)
        return self.classes[0][numbers.astype(np.intp)]

    def probabilities(self, outputs: list[Array]) -> Any:
        """Return (n, classes), or (n, labels) for multilabel questions, or a list of the first for several outputs."""
        if self.sort == MULTIOUTPUT:
            return outputs
        if self.sort == MULTILABEL or self.out_activation == "softmax":
            return outputs[0]
        return np.concatenate([1 - outputs[0], outputs[0]], axis=1)


def sort_of(y: Any) -> str:
    """Return scikit-learn's name for what `y` holds."""
    return str(type_of_target(y))


def checked(y: Any) -> Array:
    """Return `y` as (n,) or (n, outputs); continuous targets and mixed labels raise `ValueError`."""
    check_classification_targets(y)
    y = y.toarray() if hasattr(y, "toarray") else np.asarray(y)
    return column_or_1d(y, warn=True) if y.ndim == 1 or y.shape[1] == 1 else y


def asked(y: Array, classes: Any = None) -> Question:
    """Return the question that `y` asks; `classes` (for several outputs a list) names labels that may come later."""
    sort = sort_of(y)
    if sort == MULTILABEL:
        return Question(sort, (np.arange(y.shape[1]),))
    if y.ndim == 2:
        found = [np.unique(column) for column in y.T] if classes is None else [np.unique(c) for c in classes]
        return Question(MULTIOUTPUT, tuple(found))
    return Question(MULTICLASS, (np.unique(y if classes is None else np.asarray(classes)),))


def _numbers(y: Array, labels: Array) -> Array:
    places = np.minimum(np.searchsorted(labels, y), len(labels) - 1)
    strange = np.asarray(labels[places] != y)
    if y.ndim != 1 or strange.any():
        row = int(np.argmax(strange)) if y.ndim == 1 else 0
        raise LabelError(
            f"y holds {y[row : row + 1].tolist()[0]!r} in row {row}, which is not among the classes "
            f"{labels.tolist()[:20]}. Expected these; name all that will come in the first partial_fit(classes=...)."
        )
    return places
