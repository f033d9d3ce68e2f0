"""`tf.get_logger`, `tf.compat.v1.logging` and `tf.autograph`: how programs ask TensorFlow to be quiet.

There is nothing to be quiet about here; the logger is Python's own, so a program's messages go where it sends them.
"""

from __future__ import annotations

import logging
from typing import Any

__all__ = [
    "DEBUG", "ERROR", "FATAL", "INFO", "WARN", "debug", "error", "get_logger", "get_verbosity", "info",
    "set_verbosity", "warn", "warning",
]  # fmt: skip
DEBUG, INFO, WARN, ERROR, FATAL = logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL
_LOGGER = logging.getLogger("tensorflow")
debug, info, warn, warning, error = (
    _LOGGER.debug, _LOGGER.info, _LOGGER.warning, _LOGGER.warning, _LOGGER.error
)  # fmt: skip


def get_logger() -> logging.Logger:
    """Return the logger named "tensorflow"."""
    return _LOGGER


def set_verbosity(v: Any = INFO, alsologtostdout: bool = False) -> None:
    """Set the least level that is told; autograph's levels are small numbers, and 0 is silence there."""
    _LOGGER.setLevel(v if isinstance(v, str) or v >= DEBUG else ERROR)


def get_verbosity() -> int:
    """Return the least level that is told."""
    return _LOGGER.getEffectiveLevel()
