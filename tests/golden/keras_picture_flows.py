"""What Keras reads from picture files and tables of them, and what its functions make of one image.

Run in an environment with Keras, SciPy, Pillow and pandas: `python tests/golden/keras_picture_flows.py` writes
picture_flows.npz and picture_flows.json. The pictures themselves are in the first file, so that a test writes the same.
"""

from __future__ import annotations

import json
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np

FILES = ["b/2.png", "b/10.png", "a/1.png", "a/sub/0.png", "a/3.png", "c/x.png", "c/y.png", "c/z.png"]
SHAPES = [(9, 7, 3), (12, 12), (9, 7, 3), (5, 8, 3), (16, 6), (9, 7, 3), (9, 7, 3), (4, 4)]
LOADS: list[dict[str, Any]] = [
    {},
    {"color_mode": "grayscale"},
    {"color_mode": "rgba"},
    {"target_size": (6, 5)},
    {"target_size": (6, 5), "interpolation": "bilinear"},
    {"target_size": (13, 4), "interpolation": "bicubic", "color_mode": "grayscale"},
    {"target_size": (4, 4), "interpolation": "box"},
    {"target_size": (11, 3), "interpolation": "lanczos"},
    {"target_size": (4, 5), "interpolation": "hamming"},
    {"target_size": (4, 6), "interpolation": "bilinear", "keep_aspect_ratio": True},
]
FOLDERS: list[dict[str, Any]] = [
    {"class_mode": "categorical"},
    {"class_mode": "sparse", "classes": ["c", "a"]},
    {"class_mode": "binary", "classes": ["b", "c"]},
    {"class_mode": "sparse", "subset": "training"},
    {"class_mode": "sparse", "subset": "validation"},
    {"class_mode": "input"},
    {"class_mode": None, "classes": ["c"]},
]
TABLE: dict[str, list[Any]] = {
    "filename": [*FILES, "lost.png", "a/notes.txt"],
    "class": ["u", "v", "u", "w", "v", "w", "u", "v", "u", "w"],
    "several": [["u"], ["v", "w"], ["u"], ["w"], ["v", "u"], ["w"], ["u"], ["v"], ["u"], ["w"]],
    "weight": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0],
    "height": [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5],
}
FRAMES: list[dict[str, Any]] = [
    {"class_mode": "categorical"},
    {"class_mode": "categorical", "y_col": "several"},
    {"class_mode": "categorical", "y_col": "several", "classes": ["w", "u"]},
    {"class_mode": "sparse", "weight_col": "weight"},
    {"class_mode": "binary", "classes": ["v", "u"]},
    {"class_mode": "raw", "y_col": "height"},
    {"class_mode": "raw", "y_col": ["height", "weight"]},
    {"class_mode": "multi_output", "y_col": ["height", "weight"]},
    {"class_mode": "sparse", "subset": "validation"},
    {"class_mode": "sparse", "subset": "training"},
    {"class_mode": "input"},
    {"class_mode": None},
]
CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("apply_affine_transform", {"theta": 20.0, "tx": 1.0, "zx": 0.8}),
    ("apply_affine_transform", {"shear": 15.0, "ty": -1.5, "zy": 1.3, "fill_mode": "constant", "cval": 3.0}),
    ("apply_affine_transform", {"theta": 80.0, "order": 0, "fill_mode": "reflect"}),
    ("apply_channel_shift", {"intensity": 30.0}),
    ("apply_brightness_shift", {"brightness": 0.6}),
    ("apply_brightness_shift", {"brightness": 1.3, "scale": False}),
]


def write(folder: Path, pictures: list[Any]) -> None:
    """Write the pictures into `folder`, and a file that is none."""
    from PIL import Image

    for name, pixels in zip(FILES, pictures, strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / name)
    (folder / "a/notes.txt").write_text("none")


def parts(batch: Any) -> list[np.ndarray]:
    """Return the arrays of a batch, outputs one by one."""
    batch = batch if isinstance(batch, tuple) else (batch,)
    return [np.asarray(a) for part in batch for a in (part if isinstance(part, list) else [part])]


def flow_facts(flow: Any) -> dict[str, Any]:
    """Return what a flow says of its files."""
    classes = getattr(flow, "classes", None)
    return {
        "filenames": list(flow.filenames), "samples": flow.samples, "image_shape": list(flow.image_shape),
        "class_indices": getattr(flow, "class_indices", None),
        "classes": None if classes is None else [c if isinstance(c, list) else int(c) for c in classes],
    }  # fmt: skip


def main() -> None:
    import pandas
    from keras.src.legacy.preprocessing import image
    from keras.utils import array_to_img, img_to_array, load_img

    warnings.simplefilter("ignore")
    rng = np.random.default_rng(3)
    pictures = [rng.integers(0, 256, shape).astype("uint8") for shape in SHAPES]
    arrays: dict[str, np.ndarray] = {f"picture {i}": picture for i, picture in enumerate(pictures)}
    facts: dict[str, list[Any]] = {"folders": [], "frames": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, pictures)
        for i, given in enumerate(LOADS):
            for j in (0, 1, 3):
                arrays[f"load {i} {j}"] = img_to_array(load_img(folder / FILES[j], **given)).astype("uint8")
        made = image.ImageDataGenerator(rescale=0.5, validation_split=0.4)
        size = {"target_size": (6, 5), "batch_size": 20, "shuffle": False}
        for i, given in enumerate(FOLDERS):
            flow = made.flow_from_directory(name, **size, **given)
            facts["folders"].append(flow_facts(flow))
            arrays |= {f"folder {i} {k}": part for k, part in enumerate(parts(next(flow)))}
        for i, given in enumerate(FRAMES):
            flow = made.flow_from_dataframe(pandas.DataFrame(TABLE), name, **size, **given)
            facts["frames"].append(flow_facts(flow))
            arrays |= {f"frame {i} {k}": part for k, part in enumerate(parts(next(flow)))}
    square = rng.uniform(10, 200, (3, 8, 8)).astype("float32")
    arrays["square"] = square
    for i, (function, given) in enumerate(CHANGES):
        moved = np.moveaxis(square, 0, -1) if "brightness" in given else square
        arrays[f"change {i}"] = getattr(image, function)(moved, **given)
    for i, scale in enumerate((True, False)):
        arrays[f"picture of array {i}"] = np.asarray(array_to_img(np.moveaxis(square, 0, -1), scale=scale))
    here = Path(__file__).parent
    np.savez_compressed(here / "picture_flows.npz", **arrays)
    (here / "picture_flows.json").write_text(json.dumps(facts) + "\n")


if __name__ == "__main__":
    main()
