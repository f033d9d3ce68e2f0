"""The options of a training run as one checked record.

A typer range check lets NaN through and speaks of `x>=0`; these checks name the option and say what to do.
"""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError

if TYPE_CHECKING:
    from ..datasets import Choices

MOST_SIDE = 1024


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
    target: str | None = None
    task: str = "auto"
    labels: Path | None = None
    size: str | None = None
    color: str = "auto"
    drop: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    test_split: float | None = None
    resume: bool = False

    @property
    def backup(self) -> Path:
        """The folder in which the state of a training under way is kept."""
        return self.out / "checkpoint"

    def deciding(self) -> dict[str, Any]:
        """Return the options that decide what is trained, as JSON: a training goes on only with the same."""
        aside = ("out", "quiet", "resume", "data_dir", "labels")
        chosen = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in aside}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in chosen.items()}

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
        split = self.test_split
        _need(split is None or 0 <= split < 1, "--test-split", split, "a share such as 0.2, below 1")
        _need(0 <= self.seed < 2**64, "--seed", self.seed, "a whole number from 0 to 2**64 - 1")
        self._picture_size()
        self._make_folder()

    def choices(self) -> Choices:
        """Return what was said about data of the user's own."""
        from ..datasets import Choices

        given = Choices(
            self.target, self.task, self.labels, self._picture_size(), self.color, self.drop, self.categorical,
            seed=self.seed,
        )  # fmt: skip
        return given if self.test_split is None else replace(given, held_out=self.test_split)

    def _picture_size(self) -> tuple[int, int] | None:
        """Return `28` as (28, 28) and `28x40` as (28, 40)."""
        if self.size is None:
            return None
        sides = self.size.lower().split("x")
        good = len(sides) in (1, 2) and all(side.isdigit() and 1 <= int(side) <= MOST_SIDE for side in sides)
        _need(good, "--size", self.size, f"a side such as 28, or height x width such as 28x40, up to {MOST_SIDE}")
        return int(sides[0]), int(sides[-1])

    def _make_folder(self) -> None:
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.out):
                pass  # it can be written to: better known now than after the training
        except OSError as error:
            raise ConfigError(
                f"--out {self.out} cannot be a folder to write to ({error.strerror}). Choose another one."
            ) from None


def _need(holds: bool, option: str, value: object, expected: str) -> None:
    if not holds:
        raise ConfigError(f"{option} is {value!r}. Expected {expected}.")
