"""The change of a generator as a step records it: (images, numbers of their rows) to images.

Which numbers are drawn depends on (seed, epoch, row) alone: row i of epoch e draws those of step e + i * 2**32 in the
stream of augmentation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ... import ops, seeds
from ...ops.random import uniform_rows
from ...tensor import Variable
from .transform import DRAWS

if TYPE_CHECKING:
    from .generator import ImageDataGenerator


class Change:
    """Moves and standardizes the images of a batch. Seed and epoch are Variables: other ones need no new recording."""

    def __init__(self, generator: ImageDataGenerator) -> None:
        self._generator = generator
        self.seed = Variable(np.int64(0), False, "augmentation seed", role="random")
        self.epoch = Variable(np.int64(0), False, "augmentation epoch", role="random")

    def begin(self, seed: int, epoch: int) -> None:
        """Say which epoch of which seed comes next."""
        self.seed.assign(np.int64(seed & (2**63 - 1)))
        self.epoch.assign(np.int64(epoch))

    def __call__(self, images: Any, row: Any, standardized: bool = True) -> Any:
        """Return the images moved and `standardized`: (n, height, width, channels); `row` holds their numbers (n,)."""
        steps = ops.cast(row, "int64") * np.int64(1 << 32) + self.epoch.read()
        u = uniform_rows(self.seed.read(), steps, stream=seeds.AUGMENT, count=DRAWS, dtype=images.dtype.name)
        return self._generator.changed(images, u, standardized)
