"""What is looked at while the command line trains: the results of whole epochs, and a step now and then from inside.

Both only read. The curves of the layers come from `backlit.inspect.record`, thinned to what a small chart can show.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

from ..arrays import Array
from ..errors import ConfigError
from ..inspect import Recording
from ..tensor import Tensor
from ..training.callbacks import Callback
from .interrupt import StopsBetweenSteps
from .report import LayerTrace

LOOKS = 120  # steps recorded in a whole run
PROBES = 1000  # examples that a dead unit stays dark for
_UNSEEN = {"InputLayer", "Flatten", "Reshape", "Rescaling", "Dropout", "GaussianNoise", "Identity"}


class EpochResults(Callback):
    """Keeps the results of every whole epoch; one that Ctrl-C cut short is no point of the curves.

    A checkpoint keeps them, the `options` of the run, which must be the same when it goes on, and at which step the
    recording is: a step that is looked at may round otherwise in the last place.
    """

    _state_names: ClassVar[tuple[str, ...]] = ("history", "options", "step")

    def __init__(self, stops: StopsBetweenSteps, options: dict[str, Any], recording: Recording) -> None:
        super().__init__()
        self.options = options
        self._recording = recording
        self.history: dict[str, list[float]] = {}
        self._stops = stops

    @property
    def step(self) -> int:
        """How many steps the recording has seen pass."""
        return self._recording.step

    @step.setter
    def step(self, step: int) -> None:
        self._recording.step = step

    def restore(self, state: dict[str, Any]) -> None:
        """Take the results back; other options raise `ConfigError`."""
        then: dict[str, Any] = state.get("options") or {}
        for name, now in self.options.items():
            if then.get(name) != now:
                option = f"--{name.replace('_', '-')}"
                raise ConfigError(
                    f"The training that was cut off had {option} {then.get(name)}, this one has {now}. Give "
                    "--resume the same options, or leave --resume out to start anew."
                )
        super().restore(state)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if not self._stops.cut:
            for name, value in sorted((logs or {}).items()):
                self.history.setdefault(name, []).append(float(value))


def thinning(examples: int, batch_size: int, epochs: int) -> int:
    """Return n so that recording every n-th step gives about `LOOKS` looks."""
    return max(1, math.ceil(examples / batch_size) * epochs // LOOKS)


def traces(model: Any, recording: Recording, steps_per_epoch: int, x: Array) -> list[LayerTrace]:
    """Return one trace for every layer that computes something, over epochs (fractions of one).

    Dead units are looked for at the end, on the first examples of `x`.
    """
    output: Any = Tensor(x[:PROBES])
    found: list[LayerTrace] = []
    for layer in model.layers:
        output = layer(output)
        if type(layer).__name__ not in _UNSEEN:
            found.append(_trace(layer, recording, steps_per_epoch, output.numpy()))
    return found


def _trace(layer: Any, recording: Recording, steps_per_epoch: int, output: Array) -> LayerTrace:
    activation = layer.get_config().get("activation")
    named = f", {activation}" if isinstance(activation, str) and activation != "linear" else ""
    matrix = next((tuple(w.shape) for w in layer.weights if len(w.shape) == 2), ())
    looks = _series(recording.activations, layer.name)
    dead = (output == 0).all(axis=0)
    flat = "relu" in f"{activation}{type(layer).__name__}".lower()
    largest = next((w.path for w in layer.trainable_weights if w.name == "kernel"), None)
    return LayerTrace(
        name=layer.name,
        kind=type(layer).__name__ + named,
        shape=" \N{RIGHTWARDS ARROW} ".join(f"{n:,}" for n in matrix) or "element by element",
        parameters=int(layer.count_params()),
        epochs=[(look.step - 1) / steps_per_epoch for look in looks],
        mean=[look.mean for look in looks],
        spread=[look.std for look in looks],
        zeros=[look.zeros for look in looks] if flat else None,
        dead=(int(dead.sum()), int(dead.size)) if flat else None,
        gradient=[look.norm for look in _series(recording.gradients, largest)],
        update=[ratio for _, ratio in _series(recording.updates, largest)],
    )


def _series(group: Any, name: str | None) -> list[Any]:
    return next((series for key, series in group.items() if name is not None and _is(key, name)), [])


def _is(key: str, name: str) -> bool:
    """Names in a recording carry the model's name in front."""
    return key == name or key.endswith(f"/{name}")
