"""`tensorflow.config.threading`: how many threads a step may use."""

from __future__ import annotations

from .. import config

__all__ = [
    "get_inter_op_parallelism_threads", "get_intra_op_parallelism_threads", "set_inter_op_parallelism_threads",
    "set_intra_op_parallelism_threads",
]  # fmt: skip


def set_intra_op_parallelism_threads(num_threads: int) -> None:
    """Use so many threads for a step (0: as many as there are cores)."""
    if num_threads:
        config.set_threads(int(num_threads))


def get_intra_op_parallelism_threads() -> int:
    """Return how many threads a step may use."""
    return config.threads()


def set_inter_op_parallelism_threads(num_threads: int) -> None:
    """Do nothing: a step is one program."""


def get_inter_op_parallelism_threads() -> int:
    """Return 1: a step is one program."""
    return 1
