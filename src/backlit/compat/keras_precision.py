"""`keras.mixed_precision`: the dtype of new layers; half precision is answered in words, for there is none here.

The default dtype itself is `config.floatx`.
"""

from __future__ import annotations

import warnings
from typing import Any

from ..arrays import as_dtype
from ..config import floatx, set_floatx
from ..errors import ConfigError

__all__ = [
    "DTypePolicy", "LossScaleOptimizer", "Policy", "dtype_policy", "global_policy", "set_dtype_policy",
    "set_global_policy", "set_policy",
]  # fmt: skip
WHOLE = ("float32", "float64")
HALF = ("mixed_float16", "mixed_bfloat16", "float16", "bfloat16")


class Policy:
    """In which dtype layers compute and keep their weights; with half precision asked for, float32."""

    def __init__(self, name: Any) -> None:
        if name not in (*WHOLE, *HALF):
            raise ConfigError(f"A policy is {name!r}. Expected one of {', '.join((*WHOLE, *HALF))}.")
        self.name = str(name)
        self.compute_dtype = self.variable_dtype = as_dtype(self.name if self.name in WHOLE else "float32").name

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self.name}": computes in {self.compute_dtype}>'


DTypePolicy = Policy


def set_global_policy(policy: Any) -> None:
    """Let new layers compute in "float32" or "float64"; for a half precision float32 is used, and a warning says so."""
    wanted = policy if isinstance(policy, Policy) else Policy(policy)
    if wanted.name in HALF:
        warnings.warn(
            f"{wanted.name} was asked for; Backlit computes in float32, which is more precise: layers keep float32, "
            "and losses need no scaling. Take the line out to be rid of this message.",
            stacklevel=2,
        )
    set_floatx(wanted.compute_dtype)


def global_policy() -> Policy:
    """Return the policy that new layers have: what is computed, not what was asked for."""
    return Policy(floatx())


def LossScaleOptimizer(inner_optimizer: Any, **options: Any) -> Any:
    """Return the optimizer itself: losses need no scaling in float32."""
    return inner_optimizer


set_policy = set_dtype_policy = set_global_policy
dtype_policy = global_policy
