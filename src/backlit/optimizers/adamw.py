"""AdamW is Adam with weight decay beside the gradient instead of inside it (Loshchilov and Hutter 2017).

All optimizers here decay weights that way; AdamW only does so by default.
"""

from __future__ import annotations

from typing import Any

from .adam import Adam


class AdamW(Adam):
    """First w -= w * weight_decay * rate, then Adam."""

    def __init__(
        self, learning_rate: Any = 0.001, weight_decay: float | None = 0.004, beta_1: float = 0.9,
        beta_2: float = 0.999, epsilon: float = 1e-7, amsgrad: bool = False, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **options)
