"""From a finished run to the facts of its report: settings, names, the first layer's weights.

What the facts look like on the page is decided in `report`.
"""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from . import machine, network
from .report import FirstWeights, Report
from .settings import Settings

if TYPE_CHECKING:
    from ..datasets import Dataset
    from .train import Outcome

_TITLES = {"mnist": "MNIST", "kmnist": "KMNIST", "fashion_mnist": "Fashion-MNIST"}
_FASHION = ["T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"]


def report_of(settings: Settings, data: Dataset, outcome: Outcome, classes: int | None) -> Report:
    """Gather everything the page shows."""
    return Report(
        network=network.shape_name(data.x_train, settings.hidden, classes).replace("-", "\N{EN DASH}"),
        dataset=title(data.name),
        history=outcome.history,
        class_names=class_names(data, classes),
        scores=outcome.scores,
        weights=_first_weights(outcome.model, data),
        layers=outcome.layers,
        settings={
            "Network": _network(settings),
            "Training": _training(settings, outcome),
            "Data": _data(settings, data),
            "Machine": machine.description(),
        },
        command=shlex.join(["backlit", *sys.argv[1:]]),
        parameters=outcome.model.count_params(),
        seconds=outcome.seconds,
        summary=_summary_text(outcome.model),
        diagnosis=outcome.findings,
        notes=_notes(data, outcome),
    )


def title(name: str) -> str:
    """Return the name of a data set as its makers write it."""
    return _TITLES.get(name, name)


def class_names(data: Dataset, classes: int | None) -> list[str]:
    """Return what the classes of a data set are called: their own names, or numbers; none where it is an amount."""
    own = (data.description or {}).get("target", {}).get("classes")
    if own:
        return list(own)
    fashion = data.name == "fashion_mnist" and classes == len(_FASHION)
    return _FASHION if fashion else [str(i) for i in range(classes or 0)]


def _first_weights(model: Any, data: Dataset) -> FirstWeights | None:
    shape = tuple(data.x_train.shape[1:])
    for layer in model.layers:
        kernels = [w for w in layer.get_weights() if w.ndim == 2 and w.shape[0] == np.prod(shape)]
        if kernels:
            never = None
            if not isinstance(data.x_train, np.memmap):  # a file is not read once more for this
                never = np.logical_not(data.x_train.reshape(len(data.x_train), -1).any(axis=0))
            return FirstWeights(layer.name, kernels[0], shape, never, data.feature_names)
    return None


def _network(settings: Settings) -> dict[str, str]:
    return {
        "hidden layers": ", ".join(map(str, settings.hidden)),
        "activation": settings.activation,
        "dropout": f"{settings.dropout:g}" if settings.dropout else "none",
        "batch normalization": "yes" if settings.batch_norm else "no",
    }


def _training(settings: Settings, outcome: Outcome) -> dict[str, str]:
    optimizer = outcome.model.optimizer
    default = " (default)" if settings.learning_rate is None else ""
    return {
        "optimizer": type(optimizer).__name__,
        "learning rate": f"{float(np.asarray(optimizer.learning_rate)):g}{default}",
        "batch size": str(settings.batch_size),
        "epochs": f"{len(outcome.history.get('loss', ()))} of {settings.epochs}",
        "seed": str(settings.seed),
        "time": f"{outcome.seconds:.1f} s",
    }


def _data(settings: Settings, data: Dataset) -> dict[str, str]:
    kept = int(len(data.x_train) * (1 - settings.validation_split))
    return {
        "name": title(data.name),
        "source": str(data.source),
        "training": f"{kept:,} examples",
        "validation": f"{len(data.x_train) - kept:,} examples",
        "test": f"{len(data.x_test):,} examples",
    }


def _notes(data: Dataset, outcome: Outcome) -> list[str]:
    notes = [data.notice] if data.notice else []
    if outcome.interrupted:
        notes.append("Training was stopped with Ctrl-C before its last epoch; this is the network as it was then.")
    return notes


def _summary_text(model: Any) -> str:
    lines: list[str] = []
    model.summary(print_fn=lambda line, **_: lines.append(str(line)))
    return "\n".join(lines)
