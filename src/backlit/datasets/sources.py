"""Where a published data set may already lie: the user's folder first, then what other tools left, then our cache.

Nothing is read here; `candidates` only lists places in which all the files are present.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import DataError
from . import cache, openml
from .catalog import MNIST, Published, named_after

ENVIRONMENT = "BACKLIT_DATA"


@dataclass(frozen=True)
class Candidate:
    """A complete copy: an `.npz` or OpenML file at `where`, or IDX files by role.

    In a place the user `chose`, a wrong file is an error; in a cache of another tool it is reported and passed over.
    """

    where: Path
    kind: str  # "npz", "openml" or "idx"
    chosen: bool
    paths: dict[str, Path] = field(default_factory=dict[str, Path])


def candidates(published: Published, data_dir: str | os.PathLike[str] | None, path: str | None) -> Iterator[Candidate]:
    """Yield the copies in the order they are tried; `data_dir`, when given, is the only place."""
    if data_dir is not None:
        yield from _given(published, Path(data_dir).expanduser())
        return
    keras = _keras_datasets()
    if path is not None:
        for file in (Path(path).expanduser(), keras / path):
            if file.is_file():
                yield Candidate(file, "npz", chosen=True)
    from_environment = os.environ.get(ENVIRONMENT)
    if from_environment:
        yield from _below(published, Path(from_environment).expanduser(), chosen=True, bare=False)
    yield from _found(published, keras / published.keras)
    for root in _torchvision_roots():
        yield from _found(published, root / published.torchvision / "raw")
    if published.name == MNIST.name:
        yield from (Candidate(file, "openml", chosen=False) for file in openml.cached_files())
    yield from _found(published, cache.folder() / published.name)


def _given(published: Published, root: Path) -> Iterator[Candidate]:
    """Yield what is in a folder (or the file) named by argument; `DataError` when that is nothing."""
    if root.is_file():
        yield Candidate(root, "npz", chosen=True)
        return
    if not root.is_dir():
        raise DataError(f"data_dir {root} does not exist. Expected a folder with the files of {published.title}.")
    found = list(_below(published, root, chosen=True, bare=True))
    if not found:
        files = ", ".join(f"{part.file}[.gz]" for part in published.parts)
        npz = f" or {published.name}.npz" if published.name == MNIST.name else ""
        raise DataError(
            f"data_dir {root} does not hold {published.title}. "
            f"Expected {files}{npz}, there or in a folder {published.name}/."
        )
    yield from found


def _below(published: Published, root: Path, chosen: bool, bare: bool) -> Iterator[Candidate]:
    """Yield the copies in `root` or in its subfolders named for the data set.

    Files that lie bare in `root` could be any data set's, they have the same names: they count when `root` is named
    for this one, or for none and `bare` says so, or as MNIST, whose names these were first.
    """
    named = named_after(root.absolute())
    folders = [root / published.name, root / published.name.replace("_", "-"), root / published.torchvision / "raw"]
    if named == published.name or (named is None and (bare or published.name == MNIST.name)):
        folders.append(root)
    for folder in folders:
        yield from _found(published, folder, chosen)


def _found(published: Published, place: Path, chosen: bool = False) -> Iterator[Candidate]:
    if place.is_file():
        yield Candidate(place, "npz", chosen)
        return
    paths = {part.role: file for part in published.parts if (file := _part_file(place, part.file)) is not None}
    if len(paths) == len(published.parts):
        yield Candidate(place, "idx", chosen, paths)
    elif chosen and paths and not (place / f"{published.name}.npz").is_file():
        missing = ", ".join(f"{part.file}[.gz]" for part in published.parts if part.role not in paths)
        raise DataError(f"{place} holds only a part of {published.title}: {missing} not found. Add the missing files.")
    if (place / f"{published.name}.npz").is_file():
        yield Candidate(place / f"{published.name}.npz", "npz", chosen)


def _part_file(folder: Path, name: str) -> Path | None:
    """Return the file of one part; gzip first, because every publisher pins that; also "train-images.idx3-ubyte"."""
    dotted = name.replace("-idx", ".idx")
    for file in (folder / f"{name}.gz", folder / name, folder / f"{dotted}.gz", folder / dotted):
        if file.is_file():
            return file
    return None


def _keras_datasets() -> Path:
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "datasets"


def _torchvision_roots() -> tuple[Path, ...]:
    """The roots people pass to torchvision, which has no default of its own."""
    return (Path("data"), Path("datasets"), Path(), *(Path(p).expanduser() for p in ("~/data", "~/.cache/torchvision")))
