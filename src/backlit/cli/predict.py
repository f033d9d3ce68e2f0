"""`backlit predict MODEL FILE...`: what a network says about pictures, or about the rows of a table or an array.

A network trained on data of your own gets new data as it got those; one for digits gets pictures in the shape of MNIST:
bright on dark, in a 20x20 box, centered by mass.
"""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from ..arrays import Array

if TYPE_CHECKING:
    from ..datasets.preparation import Rows
    from ..datasets.target import Target

_SHADES = " .:-=+*#%@"


def predict(
    model: Annotated[Path, typer.Argument(help="A .keras file.", metavar="MODEL")],
    files: Annotated[
        list[Path],
        typer.Argument(help="Pictures, or one .csv or .npy file like those of training.", metavar="FILE..."),
    ],
    show: Annotated[bool, typer.Option("--show", help="Print each picture as the network sees it.")] = False,
    table: Annotated[
        Path | None, typer.Option("--csv", help="Write the answers to this table instead.", show_default=False)
    ] = None,
) -> None:
    """Say what is on pictures, or what the rows of a table come to."""
    from ..datasets import Preparation
    from ..datasets.target import Target
    from ..errors import ModelFileError
    from ..formats import load_model, read_notes
    from . import network

    net, notes = load_model(model), read_notes(model)
    preparation = Preparation(notes["preparation"]) if "preparation" in notes else None
    rows = _digits(files) if preparation is None else preparation.read(files)
    target = Target("classification") if preparation is None else preparation.target
    if rows.notice:
        print(rows.notice, file=sys.stderr)
    x = network.as_input(net, rows.x)
    if target.is_number:
        answers, chances = target.decoded(network.amounts(net, x)), None
    else:
        answers, chances = None, network.probabilities(net, x)
        if target.classes and len(target.classes) != chances.shape[1]:
            raise ModelFileError(
                f"{model} names {len(target.classes)} classes and tells {chances.shape[1]} apart. Use an intact copy."
            )
    if table is not None or (preparation is not None and preparation.kind != "pictures"):
        _write(table, "file" if preparation is None or preparation.kind == "pictures" else preparation.row_name,
               rows, target, answers, chances)  # fmt: skip
    elif chances is not None:
        _tell(rows, target, chances, show)


def _digits(files: list[Path]) -> Rows:
    """Return pictures of digits as MNIST has them; all that cannot be read are named."""
    from ..datasets import pictures
    from ..datasets.faults import refuse_any
    from ..datasets.preparation import Rows
    from ..errors import DataError

    found: list[Array] = []
    faults: list[str] = []
    for path in files:
        try:
            found.append(pictures.as_mnist(path))
        except DataError as error:
            if len(files) == 1:
                raise
            faults.append(str(error))
    refuse_any(faults, f"{len(faults)} of {len(files)} pictures cannot be used:", "Mend them or leave them out.")
    return Rows(np.stack(found), [str(path) for path in files])


def _tell(rows: Rows, target: Target, chances: Array, show: bool) -> None:
    """Print a line for each picture: the likeliest class, and the next two."""
    width = max(map(len, rows.names))
    names = target.classes or tuple(map(str, range(chances.shape[1])))
    longest = max(len(names[int(i)]) for i in chances.argmax(axis=1))
    for name, picture, row in zip(rows.names, rows.x, chances, strict=True):
        if show:
            print("\n".join(_text(picture)))
        best = np.argsort(-row, kind="stable")[:3]
        others = ", ".join(f"{names[i]}: {100 * row[i]:.1f} %" for i in best[1:])
        print(f"{name:<{width}}  {names[best[0]]:<{longest}}  {100 * row[best[0]]:5.1f} %   ({others})")


def _write(
    path: Path | None, first: str, rows: Rows, target: Target, answers: Array | None, chances: Array | None
) -> None:
    """Write a table of answers: to the file, or to standard output."""
    from ..files import write_file

    text = io.StringIO(newline="")
    lines: Any = csv.writer(text, lineterminator="\n")
    if answers is not None:
        lines.writerow([first, "prediction"])
        lines.writerows([name, f"{value:.9g}"] for name, value in zip(rows.names, answers, strict=True))
    elif chances is not None:
        names = target.classes or tuple(map(str, range(chances.shape[1])))
        lines.writerow([first, "prediction", "probability"])
        lines.writerows(
            [name, names[int(row.argmax())], f"{row.max():.6f}"] for name, row in zip(rows.names, chances, strict=True)
        )
    if path is None:
        sys.stdout.write(text.getvalue())
    else:
        write_file(path, text.getvalue())
        print(f"{len(rows.names):,} answers are in {path}")


def _text(picture: Array) -> list[str]:
    """Return a picture of bytes as lines of text, two characters a pixel since characters are twice as high as wide."""
    gray = picture if picture.ndim == 2 else picture.mean(axis=-1)
    return ["".join(2 * _SHADES[int(value) * len(_SHADES) // 256] for value in row) for row in gray]
