"""Which files Keras takes for training and for validation, in which order, from a folder of pictures.

Run in an environment with Keras, TensorFlow and Pillow: `python tests/golden/keras_folders.py` writes folders.json.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

CLASSES = {"b": 9, "a": 11, "c": 5}
CASES = [
    {"seed": 7, "validation_split": 0.2, "subset": "training"},
    {"seed": 7, "validation_split": 0.2, "subset": "validation"},
    {"seed": 123, "validation_split": 0.33, "subset": "validation", "label_mode": "categorical"},
    {"shuffle": False, "validation_split": 0.25, "subset": "validation"},
    {"shuffle": False},
]


def make(root: Path) -> None:
    """Write small pictures, the last of each class in a folder of its own."""
    from PIL import Image

    for name, count in CLASSES.items():
        for i in range(count):
            place = root / name / ("deep" if i == count - 1 else "")
            place.mkdir(parents=True, exist_ok=True)
            Image.new("L", (4, 4), 10 * i + ord(name)).save(place / f"{i:02}.png")


def main() -> None:
    """Ask Keras and write what it says."""
    import keras

    found = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make(root)
        for case in CASES:
            source = keras.utils.image_dataset_from_directory(folder, image_size=(4, 4), verbose=False, **case)
            paths = [Path(path).relative_to(root).as_posix() for path in source.file_paths]
            found.append({"arguments": case, "class_names": source.class_names, "paths": paths})
    text = json.dumps({"keras": keras.__version__, "cases": found}, indent=1)
    Path(__file__).with_name("folders.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
