"""Tensors, ops, tapes, data files and the command line, used as they cannot be."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import backlit as bl
from backlit import datasets, ops, optimizers
from backlit.errors import (
    BacklitError,
    ConfigError,
    DataError,
    LabelError,
    ModelFileError,
    NotDifferentiable,
    ShapeError,
)

from .row import LABELS, ONEHOT, Row, X, right, wrong

A, B = np.ones((2, 3), "float32"), np.ones((2, 2), "float32")
Tensor, Variable, Tape = bl.Tensor, bl.Variable, bl.GradientTape

OPS = [
    wrong(
        "matmul of other sizes",
        ShapeError,
        r"\(2, 3\) and \(2, 2\).*inner sizes 3 and 2",
        lambda: ops.matmul(Tensor(A), Tensor(B)),
    ),
    wrong("tensors that do not fit", ShapeError, r"\(2, 3\) and \(2, 2\)", lambda: Tensor(A) + Tensor(B)),
    wrong("(n,) with (n, 1) of another n", ShapeError, "do not fit", lambda: Tensor(A) + np.ones(2, "float32")),
    wrong("a sum over axis 2", ShapeError, "axis 2 is outside", lambda: ops.sum(Tensor(A), axis=2)),
    wrong("an impossible reshape of a tensor", ShapeError, r"\(2, 3\).*\(4,\)", lambda: ops.reshape(Tensor(A), (4,))),
    wrong("joining tensors of other sizes", ShapeError, "", lambda: ops.concatenate([Tensor(A), Tensor(B)], 0)),
    wrong("squeezing a size of 3", ShapeError, "3", lambda: ops.squeeze(Tensor(A), 1)),
    wrong("broadcasting down", ShapeError, "", lambda: ops.broadcast_to(Tensor(A), (2, 2))),
    wrong("an unknown dtype", ConfigError, "float23", lambda: ops.cast(Tensor(A), "float23")),
    wrong("a tensor of text", DataError, "text", lambda: Tensor("abc")),
    wrong("a tensor of objects", DataError, "object", lambda: Tensor(np.array([None, 1]))),
    wrong("a tensor of ragged rows", DataError, "equal length", lambda: Tensor([[1, 2], [3]])),
    wrong("a tensor of complex numbers", DataError, "complex", lambda: Tensor(A * 1j)),
    wrong("the length of a number", ShapeError, "has no length", lambda: len(Tensor(1.0))),
]
TAPES = [
    wrong("a variable of another shape", ShapeError, r"shape \(2, 3\).*\(2, 2\)", lambda: Variable(A).assign(B)),
    wrong("a variable of text", DataError, "text", lambda: Variable("abc")),
    wrong("assigning text", DataError, "text", lambda: Variable(1.0).assign("a")),
    wrong("watching an array", ConfigError, "needs a Tensor or a Variable, got ndarray", lambda: Tape().watch(A)),
    wrong("watching integers", NotDifferentiable, "int32", lambda: Tape().watch(Tensor([1, 2]))),
    wrong("the gradient of an array", ConfigError, "needs a Tensor as target", lambda: Tape().gradient(A, Variable(A))),
    wrong("a gradient by an array", ConfigError, "give Tensors or Variables", lambda: Tape().gradient(Tensor(A), [A])),
    wrong("a tape twice", ConfigError, "persistent=True", lambda: twice()),
    wrong(
        "unconnected='nil'", ConfigError, "'nil'", lambda: Tape().gradient(Tensor(A), [], unconnected_gradients="nil")
    ),
    wrong(
        "a gradient of another shape",
        ShapeError,
        "must have the weight's shape",
        lambda: optimizers.SGD().apply([Tensor(B)], [Variable(A)]),
    ),
    wrong(
        "fewer gradients than weights",
        ConfigError,
        "1 gradients for 2 weights",
        lambda: optimizers.SGD().apply([Tensor(A)], [Variable(A), Variable(A)]),
    ),
    right("no path to a variable", None, lambda: alone()),
]


def twice() -> Any:
    """Ask one tape two questions."""
    v = Variable(A)
    with Tape() as tape:
        y = ops.sum(v * v)
    tape.gradient(y, v)
    return tape.gradient(y, v)


def alone() -> Any:
    """Ask for the derivative by something that was not used."""
    v, w = Variable(A), Variable(A)
    with Tape() as tape:
        y = ops.sum(v)
    return tape.gradient(y, w)


def in_file(ending: str, content: bytes, use: Callable[[Path], Any]) -> Any:
    """Use a file of this content."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"data{ending}"
        path.write_bytes(content)
        return use(path)


def archive(**arrays: Any) -> bytes:
    """Return the bytes of an `.npz` file."""
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


GOOD = archive(x_train=X, y_train=LABELS, x_test=X, y_test=LABELS)
TAMPERED = GOOD[: len(GOOD) // 2] + bytes([GOOD[len(GOOD) // 2] ^ 255]) + GOOD[len(GOOD) // 2 + 1 :]


def data_file(name: str, error: type[BacklitError], says: str, content: bytes) -> Row:
    """Loading an `.npz` file of this content raises `error`, whose message names the file."""
    return wrong(name, error, rf"data\.npz.*{says}", lambda: in_file(".npz", content, datasets.load))


def model_file(name: str, says: str, content: bytes) -> Row:
    """Loading a `.keras` file of this content raises `ModelFileError`."""
    return wrong(name, ModelFileError, says, lambda: in_file(".keras", content, bl.formats.load_model))


FILES = [
    data_file("a truncated .npz", DataError, "not a readable", GOOD[:300]),
    data_file("a tampered .npz", DataError, "cannot be read|not a readable", TAMPERED),
    data_file("an empty .npz", DataError, "not a readable", b""),
    data_file("a picture for an .npz", DataError, "not a readable", b"\x89PNG\r\n\x1a\n" + bytes(100)),
    data_file("an .npz of other names", DataError, "lacks x_train and y_train", archive(images=X)),
    data_file("an .npz of objects", DataError, "", archive(x_train=X.astype(object), y_train=LABELS)),
    data_file("an .npz of two lengths", DataError, "same number of rows", archive(x_train=X, y_train=LABELS[:3])),
    data_file("an .npz of text", DataError, "dtype", archive(x_train=X, y_train=LABELS.astype(str))),
    wrong("an .npz that is not there", DataError, "nowhere.npz", lambda: datasets.load("nowhere.npz")),
    model_file("a truncated model", "", b"PK\x03\x04" + bytes(40)),
    model_file("an empty model", "", b""),
    wrong("a model that is not there", ModelFileError, "nowhere.keras", lambda: bl.formats.load_model("nowhere.keras")),
    wrong("a model of another ending", ConfigError, r"\.keras", lambda: bl.formats.load_model("model.pkl")),
    wrong("to_categorical of -1", LabelError, r"^y\[1\] is -1", lambda: datasets.to_categorical([0, -1])),
    wrong("to_categorical of 1.5", LabelError, r"^y\[1\] is 1.5", lambda: datasets.to_categorical([0, 1.5])),
    wrong(
        "to_categorical of 3 in 3", LabelError, r"^y\[0\] is 3.*num_classes=3", lambda: datasets.to_categorical([3], 3)
    ),
    wrong("to_categorical of text", LabelError, "np.unique", lambda: datasets.to_categorical(["a"])),
    wrong("to_categorical into 0", ConfigError, "num_classes must be", lambda: datasets.to_categorical([0], 0)),
    right("to_categorical of a column", ONEHOT.astype("float64"), lambda: datasets.to_categorical(LABELS[:, None])),
]

ROWS = [*OPS, *TAPES, *FILES]

# command -> the words of the one line on standard error, and the exit status
COMMANDS = {
    "train --epochs 0": ("--epochs is 0", 2),
    "train --epochs many": ("--epochs", 2),
    "train --batch-size -1": ("--batch-size is -1", 2),
    "train --hidden 0": ("--hidden is 0", 2),
    "train --dropout 1": ("--dropout is 1.0", 2),
    "train --dropout nan": ("--dropout is nan", 2),
    "train --learning-rate -1": ("--learning-rate is -1.0", 2),
    "train --validation-split 1": ("--validation-split is 1.0", 2),
    "train --seed -1": ("--seed is -1", 2),
    "train --dataset mnits": ('Did you mean "mnist"', 2),
    "train --dataset strokes --optimizer adm": ('Did you mean "adam"', 2),
    "train --dataset strokes --activation rellu": ('Did you mean "relu"', 2),
    "train --dataset nowhere.npz": ("nowhere.npz", 1),
    "train --epoch 3": ("--epoch", 2),
    "train 3": ("3", 2),
    "evaluate nowhere.keras": ("nowhere.keras", 1),
    "summary nowhere.keras": ("nowhere.keras", 1),
    "learn": ("learn", 2),
}
