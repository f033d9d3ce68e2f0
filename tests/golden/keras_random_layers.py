"""What Keras' augmentation layers make of an image where nothing is left to chance: each factor is twice one number.

Run in an environment with Keras: `python tests/golden/keras_random_layers.py` writes random_layers.npz and .json.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

CASES = [
    ("RandomRotation", {"factor": [0.1, 0.1]}),
    ("RandomRotation", {"factor": [-0.3, -0.3]}),
    ("RandomTranslation", {"height_factor": [0.2, 0.2], "width_factor": [-0.35, -0.35]}),
    ("RandomZoom", {"height_factor": [0.3, 0.3]}),
    ("RandomZoom", {"height_factor": [-0.4, -0.4], "width_factor": [0.2, 0.2]}),
]
FILLS = ["reflect", "nearest", "constant", "wrap"]
SHAPE = (9, 12, 2)


def main() -> None:
    """Ask Keras and write what it says."""
    import keras

    image = np.random.default_rng(9).random(SHAPE).astype("float32")
    arrays, cases = {"image": image}, []
    for name, settings in CASES:
        for fill in FILLS:
            layer = getattr(keras.layers, name)(**settings, fill_mode=fill, fill_value=0.5)
            arrays[str(len(cases))] = np.asarray(layer(image[None], training=True))[0]
            cases.append({"layer": name, "settings": settings | {"fill_mode": fill, "fill_value": 0.5}})
    folder = Path(__file__).parent
    np.savez_compressed(folder / "random_layers.npz", **arrays)
    (folder / "random_layers.json").write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
    main()
