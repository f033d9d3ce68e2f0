"""Every error Backlit raises on purpose, in one tree.

Each class is also the built-in exception a Keras user would catch in that place. A message has three
parts: what came, what was expected, what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class BacklitError(Exception):
    """The root: `except BacklitError` catches everything the library raises on purpose."""


class ShapeError(BacklitError, ValueError):
    """An array has the wrong rank or size."""


class LabelError(BacklitError, ValueError):
    """A target does not fit the loss: out of range, fractional, NaN, text, one-hot where sparse was asked."""


class DataError(BacklitError, ValueError):
    """The data cannot be used: empty, of the wrong dtype, NaN, of different lengths, or a damaged file."""


class ConfigError(BacklitError, ValueError):
    """An argument, an option or a name is wrong before any data is looked at."""


class ModelFileError(BacklitError, OSError, ValueError):
    """A model file is damaged, foreign or refused."""


class CheckpointError(ModelFileError):
    """A checkpoint cannot be written or resumed from."""


class DownloadError(BacklitError, OSError):
    """A data set could not be fetched or its checksum is wrong."""


class NotDifferentiable(BacklitError, TypeError):
    """A derivative was asked of something that has none."""


class NotRecordable(BacklitError, TypeError):
    """A layer asked for the numbers of a tensor while the step was being recorded."""


class NumericalError(BacklitError, ArithmeticError):
    """NaN or infinity appeared where a number was needed."""


class UnsupportedName(BacklitError, AttributeError):
    """A program asks a foreign module for a name that Backlit does not answer."""


class UnsupportedImport(BacklitError, ModuleNotFoundError):
    """A program imports from a foreign module what Backlit does not answer."""


def did_you_mean(name: object, choices: Iterable[str]) -> str:
    """Return `' Did you mean "adam"?'` when a choice is close to `name`, else the list of choices."""
    known = sorted(choices)
    by_lower = {choice.lower(): choice for choice in reversed(known)}
    close = difflib.get_close_matches(str(name).lower(), by_lower, n=1, cutoff=0.6)
    if close:
        return f' Did you mean "{by_lower[close[0]]}"?'
    return f" Known names: {', '.join(known)}."


def unknown_name(kind: str, name: object, choices: Iterable[str]) -> ConfigError:
    """Build (not raise) the error for a name in no table, e.g. `unknown_name("optimizer", "adm", OPTIMIZERS)`."""
    return ConfigError(f"Unknown {kind} {name!r}.{did_you_mean(name, choices)}")


class NumericalWarning(UserWarning):
    """Numbers stopped being finite; the text names the first step, layer and tensor."""


class LintWarning(UserWarning):
    """A program harms itself; the text begins with the rule's name (docs/reference/lints.md)."""
