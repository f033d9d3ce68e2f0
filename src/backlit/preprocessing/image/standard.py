"""What is done to each image after it has moved: scaled, centered, divided by its deviation, whitened.

The statistics are those of one image (samplewise) or of the data `fit` has seen (featurewise, ZCA).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import ops
from ...arrays import Array

EPSILON = 1e-6
NAMES = {  # as arguments of the generator
    "zca": "zca_whitening",
    "featurewise_std": "featurewise_std_normalization",
    "samplewise_std": "samplewise_std_normalization",
}


@dataclass
class Standard:
    """The settings, and what `fit` has found: `mean` and `std` of shape (1, 1, channels), `whitening` (d, d)."""

    rescale: float | None = None
    preprocessing_function: Callable[[Array], Any] | None = None
    samplewise_center: bool = False
    samplewise_std: bool = False
    featurewise_center: bool = False
    featurewise_std: bool = False
    zca: bool = False
    zca_epsilon: float = 1e-6
    mean: Array | None = None
    std: Array | None = None
    whitening: Array | None = None

    def make_consistent(self) -> None:
        """Switch on what other settings build on, and off what they exclude, and say so, as Keras does."""
        for setting, needed in (
            ("zca", "featurewise_center"),
            ("featurewise_std", "featurewise_center"),
            ("samplewise_std", "samplewise_center"),
        ):
            if getattr(self, setting) and not getattr(self, needed):
                setattr(self, needed, True)
                warnings.warn(f"{needed} is switched on, too: {NAMES[setting]} builds on it.", stacklevel=4)
        if self.zca and self.featurewise_std:
            self.featurewise_std = False
            warnings.warn(f"{NAMES['featurewise_std']} is switched off: ZCA whitening replaces it.", stacklevel=4)

    def fit(self, x: Array) -> None:
        """Find mean, deviation and whitening matrix of images (n, height, width, channels)."""
        x = np.array(x, np.float64 if x.dtype == np.float64 else np.float32)
        if self.rescale is not None:
            x *= self.rescale
        if self.featurewise_center:
            self.mean = x.mean(axis=(0, 1, 2), dtype=np.float64).astype(x.dtype).reshape(1, 1, -1)
            x -= self.mean
        if self.featurewise_std:
            std = x.std(axis=(0, 1, 2), dtype=np.float64).astype(x.dtype).reshape(1, 1, -1)
            self.std = std
            x /= std + EPSILON
        if self.zca:
            self.whitening = _whitening(x.reshape(len(x), -1), self.zca_epsilon)

    def missing(self) -> list[str]:
        """Return the settings that need `fit`, which was not called."""
        needs = {
            "featurewise_center": self.featurewise_center and self.mean is None,
            "featurewise_std_normalization": self.featurewise_std and self.std is None,
            "zca_whitening": self.zca and self.whitening is None,
        }
        return [name for name, lacks in needs.items() if lacks]

    def warn_of_missing(self) -> None:
        """Say which settings do nothing yet."""
        for name in self.missing():
            warnings.warn(f"{name} does nothing yet: call fit(x_train) first, it finds the statistics.", stacklevel=4)

    def applied(self, images: Any) -> Any:
        """Return images (n, height, width, channels) standardized, `preprocessing_function` left out."""
        if self.rescale is not None:
            images = images * self.rescale
        if self.samplewise_center:
            images = images - ops.mean(images, (1, 2, 3), keepdims=True)
        if self.samplewise_std:
            images = images / (ops.std(images, (1, 2, 3), keepdims=True) + EPSILON)
        if self.featurewise_center and self.mean is not None:
            images = images - self.mean
        if self.featurewise_std and self.std is not None:
            images = images / (self.std + np.float32(EPSILON))
        if self.zca and self.whitening is not None:
            flat = ops.reshape(images, (images.shape[0], -1))
            images = ops.reshape(ops.matmul(flat, self.whitening), images.shape)
        return images


def _whitening(flat: Array, epsilon: float) -> Array:
    """Return U diag(sqrt(n) / (s + epsilon)) U', where U S V' = X': the ZCA matrix of rows X (Bell, Sejnowski 1997)."""
    count = len(flat)
    squares, u = np.linalg.eigh(flat.T.astype(np.float64) @ flat)
    kept = slice(max(0, len(squares) - count), None)  # more has no variance at all
    s, u = np.sqrt(np.maximum(squares[kept], 0.0)), u[:, kept]
    return ((u * (np.sqrt(count) / (s + epsilon))) @ u.T).astype(flat.dtype)
