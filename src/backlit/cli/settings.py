"""The options of a training run as one checked record.

A typer range check lets NaN through and speaks of `x>=0`; these checks name the option and say what to do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigError


@dataclass(frozen=True)
class Settings:
    """What `backlit train` was asked to do; `check` refuses what cannot work before any data is touched."""

    dataset: str
    data_dir: Path | None
    hidden: tuple[int, ...]
    activation: str
    dropout: float
    batch_norm: bool
    epochs: int
    batch_size: int
    optimizer: str
    learning_rate: float | None
    validation_split: float
    seed: int
    out: Path
    run_eagerly: bool
    quiet: bool

    def check(self) -> None:
        """Raise `ConfigError` for the first option that cannot work; also creates the folder of the results."""
        for units in self.hidden:
            _need(units >= 1, "--hidden", units, "a number of units of 1 or more")
        _need(0 <= self.dropout < 1, "--dropout", self.dropout, "a share from 0 up to but not including 1")
        _need(self.epochs >= 1, "--epochs", self.epochs, "1 or more")
        _need(self.batch_size >= 1, "--batch-size", self.batch_size, "1 or more")
        rate = self.learning_rate
        _need(
            rate is None or (rate > 0 and math.isfinite(rate)),
            "--learning-rate",
            rate,
            "a positive number such as 0.001",
        )
        _need(
            0 <= self.validation_split < 1, "--validation-split", self.validation_split, "a share such as 0.1, below 1"
        )
        _need(0 <= self.seed < 2**64, "--seed", self.seed, "a whole number from 0 to 2**64 - 1")
        self._make_folder()

    def _make_folder(self) -> None:
        try:
            self.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"--out {self.out} cannot be a folder ({error.strerror}). Choose another one.") from None


def _need(holds: bool, option: str, value: object, expected: str) -> None:
    if not holds:
        raise ConfigError(f"{option} is {value!r}. Expected {expected}.")
