"""A user's own data: a folder of pictures, a table or arrays in files, made ready to train on with a part held out.

What was done is written down as plain JSON (`Dataset.description`), and `preparation` does it again to new data.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import Array
from ..errors import ConfigError, DataError, did_you_mean, unknown_name
from ..training.border import check_finite
from . import npz, picture_folder, table_columns
from .array_file import open_array
from .dataset import Dataset
from .faults import refuse_any, shortened
from .held_out import SHARE, digest, hold_out, last_rows
from .picture_frames import Frame
from .picture_rows import all_gray, first_channel
from .table_columns import numbers
from .table_file import Table, is_missing, read_table
from .target import TASKS, Target, as_amounts, as_classes, task_of

TABLES = (".csv", ".tsv")
COLORS = ("auto", "gray", "rgb")


@dataclass(frozen=True)
class Choices:
    """What a user may say about data of their own; the options of `backlit train` of the same names."""

    target: str | None = None
    task: str = "auto"
    labels: str | os.PathLike[str] | None = None
    size: tuple[int, int] | None = None
    color: str = "auto"
    drop: Sequence[str] = ()
    categorical: Sequence[str] = ()
    held_out: float = SHARE
    seed: int = 0


def is_own(path: str) -> bool:
    """Say whether a word names data of the user's own: a folder, or a file by its ending."""
    ending = Path(path).suffix.lower()
    place = Path(path).expanduser()
    known = ending in (*TABLES, ".npy", ".npz") or "/" in path or os.sep in path
    return known or place.is_dir() or (bool(ending) and place.exists())


def load_own(path: str | os.PathLike[str], choices: Choices | None = None) -> Dataset:
    """Return the data in a folder of pictures, a table (.csv, .tsv) or arrays (.npz; .npy with `labels`).

    Choices that are not for this kind of data raise `ConfigError`, what is wrong with the data `DataError`.
    """
    given = choices or Choices()
    if given.task not in TASKS:
        raise unknown_name("task", given.task, TASKS)
    if not 0 <= given.held_out < 1:
        raise ConfigError(f"The share held out is {given.held_out!r}. Expected a share such as 0.2, below 1.")
    place = Path(path).expanduser()
    if place.is_dir():
        _only(given, place, "pictures", "size", "color")
        return _pictures(place, given)
    if place.suffix.lower() in TABLES:
        _only(given, place, "a table", "target", "task", "drop", "categorical")
        return _table(place, given)
    if place.suffix.lower() == ".npy":
        _only(given, place, "an array", "labels", "task")
        return _array(place, given)
    if place.suffix.lower() == ".npz":
        _only(given, place, "arrays", "task")
        return _archive(place, str(path), given)
    state = "has no ending we know" if place.exists() else "does not exist"
    raise DataError(f"{path} {state}. Expected a folder of class folders, a .csv, .tsv, .npz or .npy file.")


def _only(given: Choices, path: Path, kind: str, *allowed: str) -> None:
    """Refuse choices that are meant for other kinds of data."""
    plain = Choices()
    for name in ("target", "task", "labels", "size", "color", "drop", "categorical"):
        if name not in allowed and getattr(given, name) != getattr(plain, name):
            raise ConfigError(f"--{name} was given, and {path} is {kind}. Leave it out.")


def _pictures(folder: Path, given: Choices) -> Dataset:
    if given.color not in COLORS:
        raise unknown_name("color", given.color, COLORS)
    if sum(path.is_dir() for path in folder.iterdir()) == 0 and any(folder.iterdir()):
        raise DataError(f"{folder} has no folders in it. Expected a folder of pictures for each class, named after it.")
    parts = parts_of(folder)
    listings = [picture_folder.find(part) for part in parts]
    _check_classes(folder, listings)
    heads = [picture_folder.look(listing) for listing in listings]
    size = given.size or picture_folder.suitable_size(heads[0])
    gray = given.color == "gray" or (given.color == "auto" and all(h.gray for head in heads for h in head))
    if len(listings) == 1:
        train, test = hold_out(len(listings[0]), given.held_out, given.seed, listings[0].labels)
        orders, cut = [np.concatenate([train, test])], len(train)
    else:
        orders, cut = [hold_out(len(listings[0]), 0.0, given.seed)[0], np.arange(len(listings[1]))], 0
    frame = Frame(*size, channels=1 if gray else 3)
    pixels = [picture_folder.read(part, frame, rows) for part, rows in zip(listings, orders, strict=True)]
    labels = [part.labels[rows] for part, rows in zip(listings, orders, strict=True)]
    if given.color == "auto" and not gray and all(map(all_gray, pixels)):
        gray, pixels = True, [first_channel(part) for part in pixels]
    if len(listings) == 1:
        pixels, labels = [pixels[0][:cut], pixels[0][cut:]], [labels[0][:cut], labels[0][cut:]]
    description: dict[str, Any] = {
        "kind": "pictures",
        "frame": {"height": size[0], "width": size[1], "channels": 1 if gray else 3},
        "target": Target("classification", listings[0].class_names).as_json(),
    }
    if len(listings) == 1:
        description["held_out"] = held_out_entry(given, folder_digest(listings[0]))
    notices = [
        line for listing, head in zip(listings, heads, strict=True) for line in picture_folder.notices(listing, head)
    ]
    if isinstance(pixels[0], np.memmap):
        size_of_all = sum(part.nbytes for part in pixels) / 1e9
        notices.append(f"The pictures are {size_of_all:.1f} GB: they are kept in a file until training ends.")
    said = f"{size[0]}x{size[1]} {'gray' if gray else 'colored'} pictures"
    return Dataset(
        folder.resolve().name, pixels[0], labels[0], pixels[1], labels[1], f"{folder}, {said}", " ".join(notices),
        description=description,
    )  # fmt: skip


def parts_of(folder: Path) -> list[Path]:
    """Return the folders of training and test where there are such, else the folder itself."""
    names = {path.name.lower(): path for path in sorted(folder.iterdir()) if path.is_dir() and path.name[0] != "."}
    known = {"train", "training", "test", "testing", "val", "valid", "validation"}
    train = next((names[name] for name in ("train", "training") if name in names), None)
    test = next((names[n] for n in ("test", "testing", "val", "valid", "validation") if n in names), None)
    return [train, test] if train and test and set(names) <= known else [folder]


def _check_classes(folder: Path, listings: list[picture_folder.Listing]) -> None:
    names = list(listings[0].class_names)
    if len(names) < 2:
        raise DataError(f"{folder} has one class only, {names[0]!r}. Expected two or more folders to tell apart.")
    if names != list(listings[-1].class_names):
        other = listings[-1]
        raise DataError(
            f"{other.folder} has the classes {', '.join(other.class_names)}, training has {', '.join(names)}."
        )


def folder_digest(listing: picture_folder.Listing) -> str:
    """Return by what the pictures of a folder are known again: their places and sizes."""
    return digest(f"{path.relative_to(listing.folder)} {path.stat().st_size}".encode() for path in listing.paths)


def held_out_entry(given: Choices, found: str) -> dict[str, Any]:
    """Return the description of what was held out."""
    return {"share": given.held_out, "seed": given.seed, "digest": found}


def _table(path: Path, given: Choices) -> Dataset:
    table = read_table(path)
    column = _target_column(table, given)
    absent = [f"--{option} {name}" for option in ("drop", "categorical") for name in getattr(given, option)
              if name not in table.columns]  # fmt: skip
    refuse_any(absent, f"{path} has no such columns:", f"It has {', '.join(table.columns)}.")
    there = [i for i, value in enumerate(table.columns[column]) if not is_missing(value)]
    if not there:
        raise DataError(f"{path}: the target {column!r} has no value in any row. Name another with --target.")
    without = len(table) - len(there)
    table = table.rows(there)
    task, amounts, classes = read_target(table, column, given.task)
    if classes is not None:
        target, labels = as_classes(classes, f"{path}: the target {column!r}")
        train, test = hold_out(len(table), given.held_out, given.seed, labels)
    else:
        train, test = hold_out(len(table), given.held_out, given.seed)
        target = as_amounts(amounts, train, f"{path}: the target {column!r}")
        labels = target.encoded(amounts)
    names = [name for name in table.columns if name != column and name not in given.drop]
    if not names:
        raise DataError(f"{path} has no column beside the target {column!r}. Expected at least one to learn from.")
    columns = table_columns.fit_columns(table, names, train, given.categorical)
    x = table_columns.apply_columns(table, columns)
    inputs = [name for c in columns for name in c.inputs]
    description = {
        "kind": "table", "column": column, "target": target.as_json(), "columns": table_columns.as_json(columns),
        "held_out": held_out_entry(given, digest([path.read_bytes()])),
    }  # fmt: skip
    notice = f"{without:,} rows without a value of {column} were left out." if without else ""
    source = f"{path}, {len(columns)} columns as {x.shape[1]} inputs, {task} of {column}"
    return Dataset(path.stem, x[train], labels[train], x[test], labels[test], source, notice,
                   description=description, feature_names=tuple(inputs))  # fmt: skip


def _target_column(table: Table, given: Choices) -> str:
    known = ", ".join(shortened(list(table.columns), 12))
    if given.target is None:
        raise ConfigError(f"{table.path} is a table: say which column to learn with --target. It has {known}.")
    if given.target not in table.columns:
        hint = did_you_mean(given.target, table.columns)
        raise DataError(f"{table.path} has no column {given.target!r} for --target.{hint}")
    return given.target


def read_target(table: Table, column: str, asked: str) -> tuple[str, Array, list[str] | None]:
    """Return the task, the targets as float64, and for classes their names (None for amounts)."""
    values, faults = numbers(table, column)
    task = task_of(asked, values, not faults)
    if task == "regression":
        refuse_any(faults, f"{table.path}: {len(faults):,} values of the target are no finite numbers:",
                   "Expected numbers; for names of classes say --task classification.")  # fmt: skip
        return task, values, None
    if not faults and bool((values == np.floor(values)).all()):
        return task, values, [str(int(value)) for value in values]  # 1 and 1.0 are one class
    return task, values, table.columns[column]


def _array(path: Path, given: Choices) -> Dataset:
    x, y = labeled_array(path, given.labels)
    _require_finite(path, "", x, given.held_out)
    if given.task != "regression":
        _require_two_classes(f"{given.labels}", y)
    target, labels, train, test, notice = _array_target(path, x, y, given)
    description = {
        "kind": "array", "target": target.as_json(), "held_out": held_out_entry(given, array_digest(x, y)),
    }  # fmt: skip
    return Dataset(
        path.stem, x[train], labels[train], x[test], labels[test], str(path), notice, description=description
    )


def labeled_array(path: Path, labels: str | os.PathLike[str] | None) -> tuple[Array, Array]:
    """Return the arrays in two files, examples (rows, ...) and what they are (rows,), in memory."""
    if labels is None:
        raise ConfigError(f"{path} has no labels in it: name their file with --labels, such as --labels y.npy.")
    x, y = open_array(path), open_array(Path(labels).expanduser())
    if x.ndim < 2 or y.ndim != 1 or len(x) != len(y):
        raise DataError(
            f"{path} has shape {x.shape} and {labels} has shape {y.shape}. Expected (rows, ...) and (rows,)."
        )
    return x, np.array(y)


def array_digest(x: Array, y: Array) -> str:
    """Return by what examples in a file are known again: their shape and labels."""
    return digest([str(x.shape).encode(), y.tobytes()])


def _array_target(path: Path, x: Array, y: Array, given: Choices) -> tuple[Target, Array, Any, Any, str]:
    """Return the target, the labels and which rows are for training and test, with what there is to say about it."""
    classes = y if given.task != "regression" else None
    if isinstance(x, np.memmap):  # too big to be put in another order: the last rows, as they are
        cut = last_rows(len(x), given.held_out)
        train, test = slice(0, cut), slice(cut, len(x))
        strange = classes is not None and set(np.unique(y[test])) != set(np.unique(y[train]))
        notice = "The last rows, which are the test, do not have the classes of the others." if strange else ""
    else:
        train, test, notice = *hold_out(len(x), given.held_out, given.seed, classes), ""
    if given.task == "regression":
        rows = np.arange(len(y))[train]
        target = as_amounts(np.asarray(y, np.float64), rows, f"{given.labels}")
        return target, target.encoded(y), train, test, notice
    return Target("classification"), y, train, test, notice


def _require_finite(path: Path, name: str, x: Array, held_out: float) -> None:
    """Refuse NaN and infinity by the row of the file; `fit` looks at a map's training rows itself, block by block."""
    where = f"{path}: {name}" if name else str(path)
    if isinstance(x, np.memmap):
        cut = last_rows(len(x), held_out)
        where, x = f"{where}, counted from row {cut},", x[cut:]
    check_finite(where, x)


def _require_two_classes(where: str, y: Array) -> None:
    if y.ndim == 1 and len(y) and bool((y == y[0]).all()):
        raise DataError(f"{where} has one class only, {y[0]}. Expected two or more to tell apart.")


def _archive(path: Path, text: str, given: Choices) -> Dataset:
    a = npz.read_dataset(path)
    for name in ("x_train", "x_test"):
        _require_finite(path, name, a[name], 1.0 if name == "x_test" else 0.0)
    notice = _unpacked_notice(path, a)
    if given.task != "regression":
        _require_two_classes(f"{path}: y_train", a["y_train"])
        description = (
            None if _as_mnist(a["x_train"]) else {"kind": "array", "target": Target("classification").as_json()}
        )
        return Dataset(
            path.stem, a["x_train"], a["y_train"], a["x_test"], a["y_test"], text, notice, description=description
        )
    y = np.asarray(a["y_train"], np.float64)
    if y.ndim != 1:
        raise DataError(f"{path}: y_train has shape {y.shape}. Expected one number for each row.")
    target = as_amounts(y, np.arange(len(y)), f"{path}: y_train")
    return Dataset(
        path.stem, a["x_train"], target.encoded(y), a["x_test"], target.encoded(np.asarray(a["y_test"], np.float64)),
        text, notice, description={"kind": "array", "target": target.as_json()},
    )  # fmt: skip


def _unpacked_notice(path: Path, arrays: dict[str, Array]) -> str:
    maps = {name: x for name, x in arrays.items() if isinstance(x, np.memmap)}
    size = sum(x.nbytes for x in maps.values() if Path(str(x.filename)).resolve() != path.resolve())
    return f"{path} is compressed: its {size / 1e9:.1f} GB are kept in a file until training ends." if size else ""


def _as_mnist(x: Array) -> bool:
    """Say whether these are pictures like those of MNIST: their network is asked about pictures, not about rows."""
    return x.dtype == np.uint8 and x.shape[1:] in ((28, 28), (28, 28, 1))
