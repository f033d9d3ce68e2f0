"""Settings for the whole process: default floating dtype, fuzz factor, random seed, automatic names, big files.

Change them before models are built.
"""

from __future__ import annotations

from .arrays import epsilon, floatx, set_epsilon, set_floatx
from .execute import executor, set_executor, set_threads, threads
from .layers.naming import clear_session
from .seeds import set_random_seed
from .training.maps import map_limit, set_map_limit

__all__ = [
    "clear_session", "epsilon", "executor", "floatx", "map_limit", "set_epsilon", "set_executor", "set_floatx",
    "set_map_limit", "set_random_seed", "set_threads", "threads",
]  # fmt: skip
