r"""One row: what is done, and the one answer it may have, a result or a typed error with its words.

The builders below read like sentences: `refused("label -1", LabelError, r"y\[3\] is -1", y=...)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import backlit as bl
from backlit import layers
from backlit.errors import BacklitError

Make = Callable[[], Any]
X = np.random.default_rng(0).normal(size=(10, 4)).astype("float32")
LABELS = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0])
ONEHOT = np.eye(3, dtype="float32")[LABELS]
BINARY = (LABELS > 0).astype("float32")
SPARSE, CATEGORICAL = "sparse_categorical_crossentropy", "categorical_crossentropy"


@dataclass(frozen=True)
class Row:
    """`act(model, **given)` raises `error` with words that match `says`, or returns what `clean` returns."""

    name: str
    act: Callable[..., Any]
    model: Make = lambda: None
    error: type[BacklitError] | None = None
    says: tuple[str, ...] = ()
    clean: Callable[..., Any] | None = None
    given: dict[str, Any] = field(default_factory=dict)
    warns: str = ""


class Source:
    """A source of batches that is made anew for each run, because a generator can be used only once."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make


def network(
    loss: Any = SPARSE, units: int = 3, out: str | None = "softmax", functional: bool = False, **options: Any
) -> Make:
    """Return a function that makes the same compiled 4-units model each time."""

    def make() -> Any:
        bl.set_random_seed(0)
        bl.config.clear_session()
        first, last = layers.Input((4,), name="x"), layers.Dense(units, out, name="out")
        made = bl.Model(first, last(first)) if functional else bl.Sequential([first, last])
        made.compile("sgd", loss, **options)
        return made

    return make


def two_ended() -> Any:
    """Return a compiled model of two inputs, `a` (4) and `b` (2), and two outputs, `c` (3 classes) and `d` (1)."""
    bl.set_random_seed(0)
    bl.config.clear_session()
    a, b = layers.Input((4,), name="a"), layers.Input((2,), name="b")
    both = layers.Concatenate()([a, b])
    c, d = layers.Dense(3, "softmax", name="c")(both), layers.Dense(1, name="d")(both)
    model = bl.Model([a, b], [c, d])
    model.compile("sgd", [SPARSE, "mse"])
    return model


CLASSES = network()
DENSE_CLASSES = network(CATEGORICAL)
YES_NO = network("binary_crossentropy", 1, "sigmoid")
AMOUNT = network("mse", 1, None)


def filled(given: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments with their sources made."""
    return {name: value.make() if isinstance(value, Source) else value for name, value in given.items()}


def fit(model: Any, **given: Any) -> Any:
    """Train as told; return the history and the weights."""
    history = model.fit(**{"x": X, "y": LABELS, **filled(given)})
    return history.history, model.get_weights()


def evaluate(model: Any, **given: Any) -> Any:
    """Test as told."""
    return model.evaluate(**{"x": X, "y": LABELS, **filled(given)})


def predict(model: Any, **given: Any) -> Any:
    """Predict as told."""
    return model.predict(**{"x": X, **filled(given)})


def refused(
    name: str, error: type[BacklitError], *says: str, model: Make = CLASSES, act: Callable[..., Any] = fit, **given: Any
) -> Row:
    """`fit` (or `act`) with these arguments raises `error`."""
    return Row(name, act, model, error, says, given=given)


def taken(
    name: str,
    clean: dict[str, Any],
    model: Make = CLASSES,
    act: Callable[..., Any] = fit,
    warns: str = "",
    **given: Any,
) -> Row:
    """`fit` (or `act`) with these arguments does, to the bit, what it does with the `clean` ones."""
    quiet = {"verbose": 0}
    return Row(name, act, model, clean=lambda m: act(m, **{**quiet, **clean}), given={**quiet, **given}, warns=warns)


def wrong(name: str, error: type[BacklitError], says: str, act: Callable[[], Any]) -> Row:
    """`act()` raises `error`; no model is concerned."""
    return Row(name, lambda _: act(), error=error, says=(says,))


def right(name: str, clean: Any, act: Callable[[], Any]) -> Row:
    """`act()` returns `clean`; no model is concerned."""
    return Row(name, lambda _: act(), clean=lambda _: clean)


def changed(array: Any, value: Any, *where: int, dtype: Any = "float64") -> Any:
    """Return a copy with one number replaced."""
    copy = np.array(array, dtype)
    copy[where] = value
    return copy


def leaves(value: Any) -> Iterator[Any]:
    """Yield the arrays and numbers of nested lists, tuples and dicts, keys included."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from leaves(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from leaves(inner)
    else:
        yield value
