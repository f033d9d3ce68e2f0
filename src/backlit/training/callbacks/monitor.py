"""Monitor reads one number out of the logs and knows whether smaller or larger is better.

`EarlyStopping` and `ReduceLROnPlateau` each own one.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

from ...errors import ConfigError, did_you_mean
from .arguments import choice, real, wrong
from .callback import Logs
from .plain_logs import as_float

MODES = ("auto", "min", "max")


class Monitor:
    """Watches `name` for the callback `owner`; "auto" asks the model's metrics for the direction.

    A change smaller than `min_delta` is no improvement.
    """

    def __init__(self, owner: str, name: str, mode: str, min_delta: float) -> None:
        if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise wrong(owner, "monitor", name, 'the name of a result, such as "val_loss"')
        self.owner = owner
        self.name = name
        self.mode: str = choice(owner, "mode", mode, MODES)
        self.min_delta = abs(real(owner, "min_delta", min_delta))
        self.larger_is_better: bool | None = None  # not yet known
        self._warned = False

    def begin(self) -> None:
        """Forget the direction and the warning of the training before."""
        self.larger_is_better = None
        self._warned = False

    def read(self, model: Any, logs: Logs) -> float | None:
        """Return the number, or None and one warning if the logs lack it; no known direction: `ConfigError`."""
        if self.larger_is_better is None:
            self.larger_is_better = self._direction(model, logs)
        if self.name in logs:
            return float(as_float(logs[self.name]))
        if not self._warned:
            self._warned = True
            warnings.warn(self._absent(logs), stacklevel=2)
        return None

    def improves(self, value: float, best: float | None) -> bool:
        """Say whether `value` is better than `best` (None: than nothing); NaN never is."""
        if best is None:
            return not math.isnan(value)
        return value - self.min_delta > best if self.larger_is_better else value + self.min_delta < best

    def _direction(self, model: Any, logs: Logs) -> bool:
        if self.mode != "auto":
            return self.mode == "max"
        name = self.name.removeprefix("val_")
        told = direction_of(name, getattr(model, "metrics", None) or ())
        if told is not None:
            return told
        if name == "loss" or name.endswith("_loss"):
            return False
        hint = "" if self.name in logs else did_you_mean(self.name, logs)
        raise ConfigError(
            f"{self.owner} got monitor={self.name!r} and mode='auto', but no metric of the model says whether it "
            f'should grow or shrink. Expected the loss or a compiled metric. Pass mode="max" or mode="min".{hint}'
        )

    def _absent(self, logs: Logs) -> str:
        mend = " Pass validation_data or validation_split to fit." if self.name.startswith("val_") else ""
        return (
            f"{self.owner} watches {self.name!r}, which is not available. "
            f"Available metrics are: {','.join(logs)}.{mend} Until it is, nothing happens."
        )


def direction_of(name: str, metrics: Any) -> bool | None:
    """Return True if the metric called `name` (or, for one of several outputs, `output_name`) should grow.

    None: no such metric, or it does not say.
    """
    same = [metric for metric in metrics if metric.name == name]
    of_one_output = [metric for metric in metrics if name.endswith(f"_{metric.name}")]
    for metric in same + of_one_output:
        told = getattr(metric, "direction", None) or getattr(metric, "_direction", None)
        if told in ("up", "down"):
            return told == "up"
    return None
