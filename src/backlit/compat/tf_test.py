"""`tensorflow.test`: what notebooks ask it is whether there is a GPU."""

from __future__ import annotations

from typing import Any

__all__ = ["gpu_device_name", "is_built_with_cuda", "is_gpu_available"]


def is_gpu_available(cuda_only: bool = False, min_cuda_compute_capability: Any = None) -> bool:
    """Say no."""
    return False


def is_built_with_cuda() -> bool:
    """Say no."""
    return False


def gpu_device_name() -> str:
    """Return an empty name: there is no GPU."""
    return ""
