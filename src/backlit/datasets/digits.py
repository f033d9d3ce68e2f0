"""The 1,797 handwritten digits of 8x8 pixels that come with scikit-learn: the smallest real data set.

The last 297 are the test set; the file is ordered by writer, so these are other hands than the first 1,500.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ConfigError
from .family import Split

TRAIN = 1500


def load_data() -> Split:
    """Return `(x_train, y_train), (x_test, y_test)`: uint8 images (1500, 8, 8) and (297, 8, 8), labels uint8.

    scikit-learn's 0..16 is stretched to 0..255, so that `/ 255` fits every data set. `ConfigError` without it.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise ConfigError('The digits data set needs scikit-learn. Run `pip install "backlit[sklearn]"`.') from None
    bunch: Any = load_digits()
    x = np.rint(np.asarray(bunch["images"]) * (255 / 16)).astype(np.uint8)
    y = np.asarray(bunch["target"]).astype(np.uint8)
    return (x[:TRAIN], y[:TRAIN]), (x[TRAIN:], y[TRAIN:])
