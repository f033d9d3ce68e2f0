"""Settings for the whole process: the default floating dtype, the fuzz factor, the random seed, automatic names.

Change them before models are built.
"""

from __future__ import annotations

from .arrays import epsilon, floatx, set_epsilon, set_floatx
from .execute import executor, set_executor, set_threads, threads
from .layers.naming import clear_session
from .seeds import set_random_seed

__all__ = [
    "clear_session", "epsilon", "executor", "floatx", "set_epsilon", "set_executor", "set_floatx", "set_random_seed",
    "set_threads", "threads",
]  # fmt: skip
