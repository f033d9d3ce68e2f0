"""The data every benchmark reads: the real MNIST when it is at hand, else random images with as many zeros.

The network is never touched. The description that comes with the arrays says which of the two it is, and it is printed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

ZERO_SHARE = 0.809  # of MNIST's training pixels
BESIDE = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


def load(count: int, dtype: str) -> tuple[npt.NDArray[Any], npt.NDArray[Any], str]:
    """Return images (count, 784) in [0, 1], one-hot labels (count, 10), both of `dtype`, and a line that names them."""
    images, labels, source = read()
    x = images[:count].reshape(count, 784).astype(dtype) / np.asarray(255, dtype)
    return x, np.eye(10, dtype=dtype)[labels[:count]], source


def read() -> tuple[npt.NDArray[np.uint8], npt.NDArray[Any], str]:
    """Return all images (60000, 28, 28), labels (60000,), and a line that names them."""
    if "BACKLIT_DATA" not in os.environ and BESIDE.is_dir():
        os.environ["BACKLIT_DATA"] = str(BESIDE)
    if "BACKLIT_DATA" in os.environ:
        from backlit.datasets import mnist

        (images, labels), _ = mnist.load_data()
        return images, labels, "MNIST training images"
    random = np.random.default_rng(0)
    images = random.integers(1, 256, (60_000, 28, 28), np.uint8)
    images[random.random(images.shape) < ZERO_SHARE] = 0
    labels = random.integers(0, 10, len(images))
    return images, labels, f"random images, {ZERO_SHARE:.1%} zeros (MNIST is not at hand: set BACKLIT_DATA)"
