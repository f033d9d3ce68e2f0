"""From the text of a configuration to a compiled model with its numbers: what the readers of all formats share.

A reader gives the text, how many bytes the file has, and a function that finds the numbers; here is the budget, the
order of things, and one kind of error for everything that a strange file can bring about.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any

from .. import registered
from ..errors import BacklitError, ConfigError, ModelFileError
from ..models.drawing import serialize
from ..models.reading import read_entry
from .budget import Budget
from .keras_compile import compile_as, compile_config

Fill = Callable[[Any, Any], None]  # (model, its optimizer or None): assign every array, or raise ModelFileError


class NoNetwork(ModelFileError):
    """A file holds weights alone."""


def revive(
    source: str, text: bytes | str, size: int, custom_objects: Mapping[str, Any] | None, compile: bool, fill: Fill
) -> Any:
    """Return the model that a configuration describes, with what `fill` assigns to it.

    Weights of more than `size` bytes, classes that are neither ours nor the caller's, and a text that describes no
    model raise `ModelFileError` that begins with `source`.
    """
    custom = registered.known(custom_objects)
    budget = Budget(size, source)
    with refusing(source):
        config = parsed(text)
        model = read_entry(budget.counted(config, custom), budget.custom_objects(custom))
        if not getattr(model, "outputs", True):
            raise ConfigError("its model has no outputs. Use an intact copy.")
        optimizer = compile_as(model, config.get("compile_config"), custom) if compile else None
        fill(model, optimizer)
    budget.release(model)
    return model


@contextmanager
def refusing(source: str) -> Generator[None]:
    """Turn what a strange file makes go wrong inside the block into one `ModelFileError`."""
    try:
        yield
    except ModelFileError:
        raise
    except (BacklitError, RecursionError) as error:
        raise ModelFileError(f"{source} cannot be loaded: {error}") from error
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise ModelFileError(
            f"{source} describes a model that cannot be made ({error!r}). Use an intact copy."
        ) from error


def parsed(text: bytes | str) -> dict[str, Any]:
    """Return the JSON object in `text`; anything else, NaN included, raises `ValueError`."""
    found = json.loads(text.decode("utf-8") if isinstance(text, bytes) else text, parse_constant=_no_constant)
    if not isinstance(found, dict):
        raise ConfigError("its JSON holds no object. Use an intact copy.")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def config_text(model: Any) -> str:
    """Return the configuration of a model, with what `compile` was given, as JSON; else `ConfigError`."""
    config = serialize(model)
    compiled = compile_config(model)
    if compiled is not None:
        config["compile_config"] = compiled
    return json_text(model, config)


def json_text(model: Any, config: Any) -> str:
    """Return a configuration as JSON; what is no JSON raises `ConfigError`."""
    try:
        return json.dumps(config, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"The configuration of model {model.name!r} holds something that is no JSON ({error}). A layer of your own "
            "needs a get_config of plain numbers, texts and lists."
        ) from None


def require_built(model: Any) -> None:
    """Raise `ConfigError` for a model without weights."""
    if not model.built:
        raise ConfigError(f"Model {model.name!r} has no weights yet. Build it first, or show it data.")


def built_optimizer(model: Any) -> Any:
    """Return the optimizer of a model if it has anything to remember, else None."""
    return model.optimizer if model.optimizer is not None and model.optimizer.built else None
