"""What is wrong with this training, and what to try: dead units, saturation, gradients that vanish or explode, the
learning rate.

Each finding is read from a recording by one rule with one threshold, which it names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ConfigError
from .watch import Recording, record

DEAD_SHARE = 0.1  # of a layer's units that never left zero
SATURATED_SHARE = 0.5  # of a layer's activations
VANISHING = 1e-4  # gradient size of the first weights against the last
EXPLODING = 1e3  # norm of a weight's gradient
FAST, SLOW = 0.1, 1e-5  # |change| / |weight| in one step; about 1e-3 is usual
JUMP = 0.5  # the same of a single step: more than that forgets what the weights knew
UNSCALED = 10.0  # size of the inputs
SCALING = ("Rescaling", "Normalization", "BatchNormalization", "LayerNormalization")
RESHAPING = ("InputLayer", "Flatten", "Reshape")


@dataclass(frozen=True)
class Finding:
    """One thing that looks wrong: `kind`, where, what was measured, and what to try."""

    kind: str
    where: str
    what: str
    advice: str

    def __str__(self) -> str:
        return f"{self.kind} in {self.where}: {self.what}\n    Try: {self.advice}"


class Diagnosis:
    """A list of findings; prints as text."""

    def __init__(self, findings: list[Finding], steps: int) -> None:
        self.findings = findings
        self.steps = steps

    def __len__(self) -> int:
        return len(self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __str__(self) -> str:
        if not self.findings:
            return f"Nothing looks wrong in {self.steps} steps."
        return "\n".join(map(str, self.findings))

    __repr__ = __str__


def diagnose(watched: Any, x: Any = None, y: Any = None, epochs: int = 1, batch_size: int = 32) -> Diagnosis:
    """Return what looks wrong in a recording, or in a model trained for `epochs` on `x`, `y` (and then restored)."""
    if not isinstance(watched, Recording):
        watched = _trained(watched, x, y, epochs, batch_size)
    if not watched.losses:
        raise ConfigError("The recording is empty: train inside `with backlit.inspect.record(model) as r:` first.")
    rules = (_not_finite, _inputs, _dead, _saturated, _vanishing, _exploding, _learning_rate)
    return Diagnosis([finding for rule in rules for finding in rule(watched)], len(watched.losses))


def _trained(model: Any, x: Any, y: Any, epochs: int, batch_size: int) -> Recording:
    if x is None or y is None:
        raise ConfigError("diagnose needs a recording, or a compiled model with data: diagnose(model, x, y).")
    kept = model.get_weights() if model.built else None
    with record(model) as recording:
        model.fit(x, y, epochs=epochs, batch_size=batch_size, verbose=0)
    if kept is not None:
        model.set_weights(kept)
    return recording


def _not_finite(r: Recording) -> Iterator[Finding]:
    for group in (r.activations, r.gradients):
        for name, series in group.items():
            bad = next((s for s in series if not s.finite), None)
            if bad is not None:
                yield Finding(
                    "NaN or infinity", name, f"first seen at step {bad.step}.",
                    "a lower learning rate, clipnorm=1.0, and finite data.",
                )  # fmt: skip
                return


def _inputs(r: Recording) -> Iterator[Finding]:
    kinds = [type(layer).__name__ for layer in getattr(r.model, "layers", ())]
    if next((kind for kind in kinds if kind not in RESHAPING), "") in SCALING:
        return  # the model scales its inputs itself
    for name, series in r.inputs.items():
        size = max(max(abs(s.minimum), abs(s.maximum)) for s in series)
        if size > UNSCALED:
            yield Finding(
                "Unscaled inputs", name, f"values reach {size:.4g}.",
                "x / 255.0 for pixels, or a Rescaling or BatchNormalization layer first.",
            )  # fmt: skip


def _dead(r: Recording) -> Iterator[Finding]:
    since, last = r.losses[len(r.losses) // 2][0], r.losses[-1][0]
    for name, active in r.last_active.items():
        if "relu" not in r.kinds[name]:
            continue
        dead = int((active < since).sum())
        if dead > DEAD_SHARE * active.size:
            yield Finding(
                "Dead units", name,
                f"{dead} of {active.size} units were 0 for every sample from step {since} to {last}.",
                "a lower learning rate, he_normal initialization, leaky_relu, or BatchNormalization.",
            )  # fmt: skip


def _saturated(r: Recording) -> Iterator[Finding]:
    for name, series in r.activations.items():
        share = float(np.mean([s.saturated for s in series]))
        if share > SATURATED_SHARE and name != next(reversed(r.activations)):
            yield Finding(
                "Saturation", name,
                f"{share:.0%} of its {r.kinds[name]} outputs are at their limits, where the slope is almost 0.",
                "smaller initial weights (glorot_uniform), scaled inputs, BatchNormalization, or relu.",
            )  # fmt: skip


def _sizes(r: Recording) -> dict[str, float]:
    """The median root-mean-square gradient of each weight matrix, in the order of the layers."""
    found: dict[str, float] = {}
    for name in r.weights:
        series = [s for s in r.gradients.get(name, []) if s.finite]
        if series and name.endswith("kernel"):
            found[name] = float(np.median([np.hypot(s.mean, s.std) for s in series]))
    return found


def _vanishing(r: Recording) -> Iterator[Finding]:
    sizes = _sizes(r)
    if len(sizes) < 2:
        return
    (first, small), (last, large) = next(iter(sizes.items())), list(sizes.items())[-1]
    if large > 0 and small < VANISHING * large:
        yield Finding(
            "Vanishing gradient", first,
            f"its gradients are {small / large:.1g} times those of {last} ({small:.2g} against {large:.2g}).",
            "relu with he_normal, BatchNormalization, fewer layers, or shortcuts (Add).",
        )  # fmt: skip


def _exploding(r: Recording) -> Iterator[Finding]:
    for name, series in r.gradients.items():
        top = max((s.norm for s in series if s.finite), default=0.0)
        if top > EXPLODING:
            yield Finding(
                "Exploding gradient", name, f"its norm reached {top:.3g}.",
                "clipnorm=1.0 in the optimizer, a lower learning rate, smaller initial weights.",
            )  # fmt: skip
            return


def _learning_rate(r: Recording) -> Iterator[Finding]:
    kernels = {name: series for name, series in r.updates.items() if name.endswith("kernel")}
    ratios = [(ratio, step, name) for name, series in kernels.items() for step, ratio in series]
    moved = [ratio for ratio, _, _ in ratios if ratio != 0]  # a network that died no longer tells
    if not moved or not np.isfinite(moved).all():
        return
    (largest, step, name), typical = max(ratios), float(np.median(moved))
    if largest > JUMP:
        what = f"step {step} changed {name} by {largest:.0%} of its size."
    elif typical > FAST or _rising([loss for _, loss in r.losses]):
        rises = "" if typical > FAST else ", and the loss rises"
        what = f"a step changes the weights by {typical:.1%} of their size{rises}."
    else:
        if typical < SLOW:
            what = f"a step changes the weights by {typical:.1g} of their size."
            yield Finding("Learning rate too low", "the optimizer", what, "a learning rate 10 to 100 times larger.")
        return
    yield Finding("Learning rate too high", "the optimizer", what, "a learning rate 10 times smaller.")


def _rising(losses: list[float]) -> bool:
    quarter = len(losses) // 4
    return quarter >= 2 and bool(np.mean(losses[-quarter:]) > 1.2 * np.mean(losses[:quarter]))
