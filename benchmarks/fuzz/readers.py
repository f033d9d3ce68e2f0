"""Every reader of files that may come from strangers: how it is called, which errors it declares, and one good file.

A reader of another format is one more row of `READERS`; the table of hostile files and the fuzzer both read it.
"""

from __future__ import annotations

import functools
import gzip
import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import backlit as bl
from backlit import formats, layers
from backlit.datasets import idx, npz, own, pictures
from backlit.datasets.array_file import open_array
from backlit.datasets.picture_frames import Frame, read_framed
from backlit.datasets.preparation import Preparation
from backlit.errors import CheckpointError, ConfigError, DataError, ModelFileError
from backlit.formats.archive import METADATA
from backlit.formats.checkpoint import read_checkpoint, write_checkpoint
from backlit.formats.exports import onnx_file, onnx_message
from backlit.formats.keras_archive import DIGEST
from backlit.training.batches import ArrayBatches, Batch
from backlit.training.callbacks import CallbackList
from backlit.training.snapshot import Training


@dataclass(frozen=True)
class Reader:
    """What reads a file (given its path), the ending of its name, the errors it declares, and who makes good files."""

    ending: str
    read: Callable[[Path], Any]
    errors: tuple[type[Exception], ...]
    good: Callable[[], list[bytes]]


def small_model(compiled: bool = True) -> Any:
    """Return a network with every kind of array, as small as it can be."""
    bl.set_random_seed(3)
    model = bl.Sequential([layers.Input((3,)), layers.Dense(2, "relu"), layers.BatchNormalization(), layers.Dense(1)])
    if compiled:
        model.compile("adam", "mse", metrics=["mae"])
        model.optimizer.build(model.trainable_variables)
    return model


def drawn_model() -> Any:
    """Return a functional network with an op, a merging layer and two outputs."""
    bl.set_random_seed(3)
    x = layers.Input((3,))
    a = layers.Dense(2, "tanh", kernel_regularizer="l2")(x)
    b = layers.Add()([a, layers.Dense(2)(x)]) * 2.0
    model = bl.Model(x, [layers.Dropout(0.5)(b), layers.Dense(1)(a)])
    model.compile("sgd", ["mse", "mae"])
    return model


@functools.cache
def _one_model() -> Any:
    return small_model()


def written(ending: str, save: Callable[[Path], Any]) -> bytes:
    """Return the bytes of the file that `save` writes, a `.keras` one as Keras writes it: without a digest."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"good{ending}"
        save(path)
        return unsealed(path.read_bytes()) if ending == ".keras" else path.read_bytes()


def unsealed(data: bytes) -> bytes:
    """Return a `.keras` file without its digest, so that changes to it meet the checks behind."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {info: archive.read(info) for info in archive.infolist()}
    bare = io.BytesIO()
    with zipfile.ZipFile(bare, "w") as archive:
        for info, member in members.items():
            if info.filename == METADATA:
                metadata = json.loads(member)
                del metadata[DIGEST]
                member = json.dumps(metadata).encode()
            archive.writestr(zipfile.ZipInfo(info.filename, info.date_time), member)
    return bare.getvalue()


def _models(ending: str) -> list[bytes]:
    return [written(ending, model.save) for model in (small_model(), drawn_model(), small_model(False))]


def bare_onnx() -> bytes:
    """Return an `.onnx` file without a digest, so that a change comes further."""
    found = onnx_message.read(written(".onnx", small_model().save))
    return onnx_message.model(bytes(found.graph), {onnx_file.TEXT: found.metadata[onnx_file.TEXT]})


def _keras(path: Path) -> None:
    formats.load_model(path)


def _weights(path: Path) -> None:
    _one_model().load_weights(path)
    formats.summary(path)


def _whole_and_parts(path: Path) -> None:
    formats.summary(path)
    formats.load_model(path)


def _checkpoint(path: Path) -> None:
    _training().restore(read_checkpoint(path))


@functools.cache
def _training() -> Training:
    model, stopping = small_model(), bl.callbacks.EarlyStopping("loss", patience=3)
    rows = np.zeros((4, 3), np.float32)
    watchers = CallbackList([stopping], add_history=True, model=model, verbose=0, epochs=1, steps=2)
    watchers.on_train_begin()
    watchers.on_epoch_end(0, {"loss": 0.25})
    return Training(model, ArrayBatches(Batch(rows, rows[:, :1]), 2), watchers, 0)


def _estimator(path: Path) -> None:
    from backlit import estimators

    estimators.load(path)


def _preparation(path: Path) -> None:
    notes = formats.read_notes(path)
    if "preparation" in notes:
        Preparation(notes["preparation"])


def _picture(path: Path) -> None:
    read_framed(path, Frame(4, 4, 3))
    pictures.as_mnist(path)


def _table(path: Path) -> None:
    own.load_own(path, own.Choices(target="y"))


def _with_notes(notes: dict[str, Any]) -> bytes:
    return written(".keras", lambda path: formats.save_model(small_model(False), path, notes=notes))


def _preparations() -> list[bytes]:
    target = {"task": "classification", "classes": ["a", "b"], "center": 0.0, "scale": 1.0}
    number = {"kind": "number", "name": "n", "median": 0.5, "mean": 0.1, "deviation": 2.0, "marks_missing": True}
    category = {"kind": "category", "name": "c", "values": ["u", "v"], "marks_missing": False}
    held_out = {"share": 0.2, "seed": 0, "digest": "00"}
    table = {"kind": "table", "column": "y", "target": target, "columns": [number, category], "held_out": held_out}
    pictures = {"kind": "pictures", "frame": {"height": 4, "width": 4, "channels": 1}, "target": target}
    return [_with_notes({"preparation": one}) for one in (table, pictures)]


def _estimators() -> list[bytes]:
    from backlit import estimators

    rows, y = np.arange(12, dtype=np.float32).reshape(6, 2), ["u", "v"] * 3
    fitted = estimators.NeuralNetClassifier((2,), epochs=1, random_state=0).fit(rows, y)
    return [written(".keras", fitted.save)]


def _hdf5_weights() -> list[bytes]:
    return [written(".weights.h5", small_model(False).save_weights)]


def legacy_h5() -> list[bytes]:
    """Return whole-model files as Keras 2 laid them out."""
    import h5py

    model = small_model(False)
    file = io.BytesIO()
    with h5py.File(file, "w") as store:
        store.attrs["model_config"] = model.to_json()
        store.attrs["keras_version"] = "2.15.0"
        top = store.create_group("model_weights")
        top.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
        for layer in model.layers:
            group = top.create_group(layer.name)
            variables = [*layer.trainable_weights, *layer.non_trainable_weights]
            group.attrs["weight_names"] = [f"{layer.name}/{v.name}:0".encode() for v in variables]
            for v in variables:
                group.create_dataset(f"{layer.name}/{v.name}:0", data=v.numpy())
    return [file.getvalue()]


def _checkpoints() -> list[bytes]:
    training = _training()
    return [written(".ckpt", lambda path: write_checkpoint(path, training.snapshot()))]


def _idx_files() -> list[bytes]:
    plain = idx.header(np.dtype("uint8"), (3, 2, 2)) + bytes(range(12))
    wide = idx.header(np.dtype("float64"), (2,)) + bytes(16)
    return [plain, gzip.compress(plain, mtime=0), wide]


def _array_files() -> list[bytes]:
    arrays = (np.arange(6.0).reshape(3, 2), np.asfortranarray(np.ones((2, 3), np.uint8)), np.zeros(4, ">i4"))
    return [written(".npy", lambda path, a=a: np.save(path, a)) for a in arrays]


def _archives_of_arrays() -> list[bytes]:
    x, y = np.arange(12.0).reshape(6, 2), np.arange(6) % 2
    save = [np.savez, np.savez_compressed]
    return [written(".npz", lambda path, s=s: s(path, x_train=x, y_train=y, x_test=x, y_test=y)) for s in save]


def _pictures() -> list[bytes]:
    from PIL import Image

    pixels = np.full((12, 10, 3), 255, np.uint8)
    pixels[2:10, 4:6] = 0
    image, found = Image.fromarray(pixels), list[bytes]()
    clear, gray = image.convert("RGBA"), image.convert("L")
    for one, kind in (
        (image, "PNG"), (clear, "PNG"), (gray, "PNG"), (image.convert("P"), "PNG"), (gray.convert("I;16"), "PNG"),
        (image, "JPEG"), (image, "GIF"), (image, "BMP"), (image, "TIFF"), (image, "WEBP"), (gray, "PPM"),
    ):  # fmt: skip
        file = io.BytesIO()
        one.save(file, kind)
        found.append(file.getvalue())
    return found


def _tables() -> list[bytes]:
    rows = [f"{i},{i * 0.5},{'uv'[i % 2]},{'yes' if i % 3 else 'no'}" for i in range(8)]
    plain = "\n".join(["a,b,c,y", *rows]) + "\n"
    quoted = 'n;"t;x";y\n1,5;"a ""b""";1\n;c;2\n2,5;c;1\nNA;c;2\n'
    return [plain.encode(), quoted.encode("utf-8-sig"), plain.replace(",", "\t").encode("utf-16")]


MODEL, DATA = (ModelFileError,), (DataError,)
READERS: dict[str, Reader] = {
    "keras": Reader(".keras", _keras, MODEL, lambda: _models(".keras")),
    "weights.h5": Reader(".weights.h5", _weights, MODEL, _hdf5_weights),
    "h5": Reader(".h5", _whole_and_parts, MODEL, legacy_h5),
    "safetensors": Reader(".safetensors", _whole_and_parts, MODEL, lambda: _models(".safetensors")),
    "npz": Reader(".npz", _whole_and_parts, MODEL, lambda: _models(".npz")),
    "onnx": Reader(".onnx", _keras, MODEL, lambda: [*_models(".onnx"), bare_onnx()]),
    "json": Reader(".json", _keras, MODEL, lambda: _models(".json")),
    "checkpoint": Reader(".ckpt", _checkpoint, (CheckpointError,), _checkpoints),
    "estimator": Reader(".keras", _estimator, MODEL, _estimators),
    "preparation": Reader(".keras", _preparation, MODEL + DATA, _preparations),
    "idx": Reader(".idx", idx.read, DATA, _idx_files),
    "array": Reader(".npy", open_array, DATA, _array_files),
    "arrays": Reader(".npz", npz.read_dataset, DATA, _archives_of_arrays),
    "picture": Reader(".png", _picture, DATA, _pictures),
    "table": Reader(".csv", _table, (DataError, ConfigError), _tables),
}
