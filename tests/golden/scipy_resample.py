"""What SciPy sees of an image through affine maps, for every fill mode and order.

Run in an environment with SciPy: `python tests/golden/scipy_resample.py` writes resample.npz.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

MODES = ("nearest", "constant", "reflect", "wrap")
SHAPES = ((7, 5), (1, 6), (4, 1), (6, 8))
CVAL = 0.25


def affine(generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return a matrix and an offset that look well beyond an image."""
    return generator.normal(size=(2, 2)) + np.eye(2), generator.uniform(-6, 6, 2)


def main() -> None:
    """Ask SciPy and write what it says."""
    from scipy import ndimage

    generator, found = np.random.default_rng(11), {}
    for i, shape in enumerate(SHAPES):
        image = generator.random(shape)
        matrix, offset = affine(generator)
        found |= {f"image{i}": image, f"matrix{i}": matrix, f"offset{i}": offset}
        for mode in MODES:
            for order in (0, 1):
                seen = ndimage.affine_transform(image, matrix, offset, order=order, mode=mode, cval=CVAL)
                found[f"{mode}{order}{i}"] = seen
    np.savez_compressed(Path(__file__).with_name("resample.npz"), **found)


if __name__ == "__main__":
    main()
