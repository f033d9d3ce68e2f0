"""MNIST written as scikit-learn keeps what it fetched from OpenML, so that its `fetch_openml` finds it offline.

`openml` reads such a cache; what scikit-learn makes of it (DataFrame or array, categories) stays its own business.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import Array
from ..files import write_file
from .openml import FILE_NUMBER, PIXELS, ROWS

NUMBER = 554  # of the data set on OpenML
API = "api/v1/json/data"
DATA = f"data/v1/download/{FILE_NUMBER}"
COMPLETE = "complete"
CHUNK = 5000


def write_cache(data_home: str | os.PathLike[str], x: Array, y: Array) -> None:
    """Write uint8 images (70000, 28, 28), training then test, and their labels below `data_home`; once.

    Raises `OSError` where it cannot be written. A cache that was cut short is written again.
    """
    folder = Path(data_home) / "openml" / "openml.org"
    if (folder / COMPLETE).is_file():
        return
    text = _arff(np.asarray(x, np.uint8).reshape(ROWS, PIXELS), np.asarray(y, np.uint8))
    _store(folder, DATA, text)
    for path, content in _answers(hashlib.md5(text, usedforsecurity=False).hexdigest()).items():
        _store(folder, path, json.dumps(content).encode())
    write_file(folder / COMPLETE, b"")


def _store(folder: Path, path: str, content: bytes) -> None:
    target = folder / f"{path}.gz"
    target.parent.mkdir(parents=True, exist_ok=True)
    write_file(target, gzip.compress(content, 1))


def _arff(x: Array, y: Array) -> bytes:
    """Return the text of the file: a line for each column, then a line for each image."""
    words = np.array([f"{n},".encode() for n in range(256)], object)
    text = io.BytesIO()
    columns = [f"@ATTRIBUTE pixel{n} real" for n in range(1, PIXELS + 1)]
    classes = ",".join(f"'{n}'" for n in range(10))
    head = ["@RELATION mnist_784", *columns, f"@ATTRIBUTE class {{{classes}}}", "@DATA", ""]
    text.write("\n".join(head).encode())
    for row, label in zip(x, y, strict=True):
        text.write(b"".join(words[row]))
        text.write(b"'%d'\n" % label)  # in quotes it is a name, which readers do not take for a number
    return text.getvalue()


def _answers(md5: str) -> dict[str, Any]:
    """Return what OpenML's interface would have answered, by the path it was asked under."""
    found = {"did": NUMBER, "name": "mnist_784", "version": 1, "status": "active", "format": "ARFF"}
    description = {
        "id": str(NUMBER),
        "name": "mnist_784",
        "version": "1",
        "format": "ARFF",
        "status": "active",
        "file_id": FILE_NUMBER,
        "default_target_attribute": "class",
        "md5_checksum": md5,
        "licence": "CC BY-SA 3.0",
        "creator": ["Yann LeCun", "Corinna Cortes", "Christopher J.C. Burges"],
        "url": f"https://www.openml.org/{DATA}",
        "description": "The MNIST digits, 784 pixels each: 60,000 training images, then 10,000 test images. Written by "
        "Backlit from the files on this machine.",
    }
    features = [_feature(n, f"pixel{n + 1}", {"data_type": "numeric"}) for n in range(PIXELS)]
    nominal = {"data_type": "nominal", "nominal_value": [str(n) for n in range(10)]}
    features.append(_feature(PIXELS, "class", nominal))
    rows = {"name": "NumberOfInstances", "value": f"{ROWS}.0"}
    listed = {"data": {"dataset": [found]}}
    return {
        f"{API}/list/data_name/mnist_784/limit/2/data_version/1": listed,
        f"{API}/list/data_name/mnist_784/limit/2/status/active/": listed,
        f"{API}/{NUMBER}": {"data_set_description": description},
        f"{API}/features/{NUMBER}": {"data_features": {"feature": features}},
        f"{API}/qualities/{NUMBER}": {"data_qualities": {"quality": [rows]}},
    }


def _feature(index: int, name: str, kind: dict[str, Any]) -> dict[str, Any]:
    flags = {"is_target": str(name == "class").lower(), "is_ignore": "false", "is_row_identifier": "false"}
    return {"index": str(index), "name": name, **kind, **flags, "number_of_missing_values": "0"}
