"""What Keras' ImageDataGenerator makes of images: changes it is told, and standardization it has fitted.

Run in an environment with Keras, SciPy and Pillow: `python tests/golden/keras_image_changes.py` writes
image_changes.npz and image_changes.json.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

STILL = {
    "theta": 0, "tx": 0, "ty": 0, "shear": 0, "zx": 1, "zy": 1, "flip_horizontal": False, "flip_vertical": False,
    "channel_shift_intensity": None, "brightness": None,
}  # fmt: skip
CHANGES = [
    {"theta": 17.0},
    {"theta": -140.0, "tx": 1.25},
    {"ty": -2.5, "shear": 12.0},
    {"zx": 0.7, "zy": 1.6},
    {"theta": 31.0, "tx": -1.5, "ty": 2.25, "shear": -20.0, "zx": 1.2, "zy": 0.6},
    {"flip_horizontal": True},
    {"flip_vertical": True, "theta": 5.0},
    {"flip_horizontal": True, "flip_vertical": True, "tx": 0.5},
    {"channel_shift_intensity": 40.0},
    {"brightness": 1.4},
    {"brightness": 0.3, "theta": 8.0},
]
FILLS = [
    {"fill_mode": "nearest"},
    {"fill_mode": "constant", "cval": 7.0},
    {"fill_mode": "reflect"},
    {"fill_mode": "wrap", "interpolation_order": 0},
]
SHAPES = [(8, 8, 1), (6, 9, 3)]
STANDARD = [
    {"rescale": 0.5},
    {"samplewise_center": True},
    {"samplewise_center": True, "samplewise_std_normalization": True},
    {"featurewise_center": True},
    {"featurewise_center": True, "featurewise_std_normalization": True, "rescale": 0.1},
    {"featurewise_center": True, "zca_whitening": True, "zca_epsilon": 0.1},
]


def main() -> None:
    """Ask Keras and write what it says."""
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    generator = np.random.default_rng(4)
    images = {str(shape): generator.integers(0, 256, shape).astype("float32") for shape in SHAPES}
    arrays, cases = {f"image {shape}": image for shape, image in images.items()}, []
    for shape, image in images.items():
        for fill in FILLS:
            for change in CHANGES:
                seen = ImageDataGenerator(**fill).apply_transform(image.copy(), STILL | change)
                arrays[f"change {len(cases)}"] = np.asarray(seen, "float32")
                cases.append({"shape": shape, "fill": fill, "change": change})
    data = generator.random((20, 4, 3, 3)).astype("float32")
    arrays["data"] = data
    for i, settings in enumerate(STANDARD):
        made = ImageDataGenerator(**settings)
        made.fit(data)
        arrays[f"standard {i}"] = np.stack([made.standardize(image.copy()) for image in data])
    folder = Path(__file__).parent
    np.savez_compressed(folder / "image_changes.npz", **arrays)
    (folder / "image_changes.json").write_text(json.dumps({"changes": cases, "standard": STANDARD}, indent=1) + "\n")


if __name__ == "__main__":
    main()
