"""The options every optimizer takes beside its own, and what they may be.

`Options` is how constructors declare them; `checked` says what was wrong before any step is made.
"""

from __future__ import annotations

import math
from typing import Any, TypedDict

from ..errors import ConfigError, did_you_mean


class Options(TypedDict, total=False):
    """Keyword arguments of all optimizers; the defaults are in `DEFAULTS`."""

    weight_decay: float | None  # each step takes this share of w, times the learning rate, off w
    clipnorm: float | None  # the gradient of each weight is scaled down to this norm
    global_clipnorm: float | None  # all gradients are scaled down together to this norm
    clipvalue: float | None  # each number of a gradient is held within +- this
    use_ema: bool  # keep a moving average of the weights
    ema_momentum: float  # how much of the average stays at each step
    ema_overwrite_frequency: int | None  # every so many steps the weights become their average
    gradient_accumulation_steps: int | None  # update once in so many steps, with the mean of their gradients
    loss_scale_factor: float | None  # not supported: float32 and float64 need none
    name: str | None


DEFAULTS: dict[str, Any] = {
    "weight_decay": None, "clipnorm": None, "global_clipnorm": None, "clipvalue": None, "use_ema": False,
    "ema_momentum": 0.99, "ema_overwrite_frequency": None, "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
}  # fmt: skip
OLD_NAMES = {
    "lr": "Use learning_rate=.",
    "decay": "Use learning_rate=optimizers.schedules.InverseTimeDecay(learning_rate, 1, decay).",
}


def checked(owner: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return all options, the missing ones with their defaults; a wrong one raises `ConfigError` naming it."""
    for name in given:
        if name in OLD_NAMES:
            raise ConfigError(f"{owner} has no argument {name!r}. {OLD_NAMES[name]}")
        if name not in DEFAULTS:
            raise ConfigError(f"{owner} has no argument {name!r}.{did_you_mean(name, DEFAULTS)}")
    options = DEFAULTS | given
    clips = [name for name in ("clipnorm", "global_clipnorm", "clipvalue") if options[name] is not None]
    if len(clips) > 1:
        raise ConfigError(f"{owner} was given {' and '.join(clips)}. Expected at most one way of clipping.")
    for name in clips:
        number(owner, name, options[name], above=0.0)
    if options["weight_decay"] is not None:
        number(owner, "weight_decay", options["weight_decay"], low=0.0)
    if options["loss_scale_factor"] is not None:
        raise ConfigError(f"{owner} does not scale losses: float32 and float64 need no loss_scale_factor.")
    number(owner, "ema_momentum", options["ema_momentum"], low=0.0, high=1.0)
    _whole(owner, "ema_overwrite_frequency", options["ema_overwrite_frequency"], 1)
    _whole(owner, "gradient_accumulation_steps", options["gradient_accumulation_steps"], 2)
    return options


def number(
    owner: str, name: str, value: Any, low: float = -math.inf, high: float = math.inf, above: float = -math.inf
) -> float:
    """Return `value` if it is a finite number, at least `low`, at most `high` and greater than `above`."""
    try:
        held = math.nan if isinstance(value, (str, bytes)) else float(value)
    except (TypeError, ValueError):
        held = math.nan
    if not (math.isfinite(held) and low <= held <= high and held > above):
        bounds = {">=": low, "<=": high, ">": above}
        asked = " and ".join(f"{sign} {bound:g}" for sign, bound in bounds.items() if math.isfinite(bound))
        raise ConfigError(f"{owner} was given {name}={value!r}. Expected a finite number {asked}".rstrip() + ".")
    return held


def _whole(owner: str, name: str, value: Any, low: int) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < low):
        raise ConfigError(f"{owner} was given {name}={value!r}. Expected None or an integer >= {low}.")
