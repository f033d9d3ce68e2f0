"""Which layers are trained: noted when a model is compiled, and held while a step is recorded.

So freezing a layer later changes nothing until the next `compile`, whichever shape of batch comes next.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from .layer import Layer


def noted(model: Layer) -> dict[Layer, bool]:
    """Return `trainable` of a model and of every layer inside it, at any depth."""
    found: dict[Layer, bool] = {}
    waiting = [model]
    while waiting:
        layer = waiting.pop()
        if layer not in found:
            found[layer] = layer.trainable
            waiting.extend(layer.sublayers())
    return found


def warn_of_changes(flags: Mapping[Layer, bool]) -> None:
    """Warn where a layer has another `trainable` than in `flags`."""
    changed = [layer.name for layer, trainable in flags.items() if layer.trainable != trainable]
    if changed:
        warnings.warn(
            f"`trainable` of {', '.join(changed)} was changed after compile: call compile again for it to take effect.",
            stacklevel=4,
        )


@contextmanager
def held(flags: Mapping[Layer, bool]) -> Iterator[None]:
    """Give each layer the `trainable` of `flags` inside the block."""
    now = {layer: layer.trainable for layer in flags}
    try:
        _give(flags)
        yield
    finally:
        _give(now)


def _give(flags: Mapping[Layer, bool]) -> None:
    for layer, trainable in flags.items():
        layer._trainable = trainable  # not by `layer.trainable`, which sets the layers inside too
