"""A folder with a folder of pictures for each class, as bytes and class numbers.

`find` says which pictures there are, `look` at their heads what frame suits them, `read` gives their pixels; every
picture that cannot be read is named, not only the first.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..arrays import Array
from ..errors import ConfigError, DataError
from .faults import refuse_any, shortened
from .picture_frames import Facts, Frame, each, facts, read_framed
from .picture_rows import read_rows

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm")
OF_THE_SYSTEM = ("thumbs.db", "desktop.ini", "__macosx")
LONGEST_SIDE = 64  # of a frame nobody asked for: a dense layer has a weight for every pixel
_ADVICE = "Mend these files or take them out of the folder."


@dataclass(frozen=True)
class Listing:
    """The pictures of a folder: their paths, their class numbers (n,) int64, the names of the classes.

    `left_out` are the files that are no pictures by their ending, or lie beside the folders of the classes.
    """

    folder: Path
    paths: tuple[Path, ...]
    labels: Array
    class_names: tuple[str, ...]
    left_out: tuple[Path, ...] = ()

    def __len__(self) -> int:
        return len(self.paths)


def find(
    folder: str | os.PathLike[str],
    class_names: Sequence[str] | None = None,
    endings: Sequence[str] = ENDINGS,
    follow_links: bool = False,
    partly: bool = False,
) -> Listing:
    """Return the pictures in `folder`: each folder in it is a class, in the order of their names.

    A class has all pictures below its folder, however deep, in the order of their paths. Names that begin with a dot
    and the droppings of systems (Thumbs.db) are passed over; other files are kept in `left_out`. `class_names` gives
    another order, and must name exactly the folders there are, or with `partly` some of them (`ConfigError`). A folder
    that is none, or has no classes, or has classes without pictures raises `DataError`.

    >>> find("no such folder")
    Traceback (most recent call last):
    backlit.errors.DataError: no such folder is no folder. Expected one with a folder of pictures for each class.
    """
    top = Path(folder)
    if not top.is_dir():
        raise DataError(f"{top} is no folder. Expected one with a folder of pictures for each class.")
    entries = _entries(top)
    found = [entry.name for entry in entries if entry.is_dir()]
    names = _named(top, found, class_names, partly)
    left_out = [entry for entry in entries if not entry.is_dir()]
    paths: list[Path] = []
    labels: list[int] = []
    empty: list[str] = []
    for label, name in enumerate(names):
        files = list(_below(top / name, follow_links))
        pictures = [path for path in files if path.suffix.lower() in endings]
        left_out += [path for path in files if path.suffix.lower() not in endings]
        empty += [] if pictures else [str(top / name)]
        paths += pictures
        labels += [label] * len(pictures)
    refuse_any(empty, f"{top}: {len(empty)} of {len(names)} classes have no picture:",
               f"Expected files that end in {', '.join(endings)}. Fill these folders or remove them.")  # fmt: skip
    return Listing(top, tuple(paths), np.array(labels, np.int64), tuple(names), tuple(left_out))


def find_flat(folder: str | os.PathLike[str], follow_links: bool = False) -> Listing:
    """Return all pictures below `folder`, without classes, in the order of their paths; none at all: `DataError`."""
    top = Path(folder)
    if not top.is_dir():
        raise DataError(f"{top} is no folder. Expected one with pictures.")
    paths = tuple(path for path in _below(top, follow_links) if path.suffix.lower() in ENDINGS)
    if not paths:
        raise DataError(f"{top} has no picture. Expected files that end in {', '.join(ENDINGS)}.")
    return Listing(top, paths, np.zeros(len(paths), np.int64), ())


def _named(top: Path, found: list[str], class_names: Sequence[str] | None, partly: bool) -> list[str]:
    if not found:
        raise DataError(
            f"{top} has no folders in it. Expected a folder of pictures for each class, named after the class."
        )
    if class_names is None:
        return found
    if partly and class_names and len(set(class_names)) == len(class_names) and set(class_names) <= set(found):
        return list(class_names)
    if sorted(class_names) != sorted(found):
        raise ConfigError(f"class_names is {list(class_names)}, the folders in {top} are {found}. Name each once.")
    return list(class_names)


def _entries(folder: Path) -> list[Path]:
    """Return what lies in a folder, in the order of the names, but for what is hidden."""
    try:
        return [path for path in sorted(folder.iterdir()) if not _hidden(path.name)]
    except OSError as error:
        raise DataError(f"{folder} cannot be listed ({error.strerror}). Expected a folder you may read.") from None


def _hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in OF_THE_SYSTEM


def _below(folder: Path, follow_links: bool) -> Iterator[Path]:
    """Yield the files below a folder: its own first, then those of its folders; a link to a folder is no folder."""
    entries = _entries(folder)
    yield from (path for path in entries if not path.is_dir())
    for path in entries:
        if path.is_dir() and (follow_links or not path.is_symlink()):
            yield from _below(path, follow_links)


def look(listing: Listing) -> list[Facts]:
    """Return what the heads of the pictures say; those that are no pictures are all named in one `DataError`."""
    found, faults = each(facts, listing.paths)
    if faults:  # so that one message names all: those too that only their pixels give away
        _, faults = each(lambda path: read_framed(path, Frame(1, 1)), listing.paths)
        _refuse(listing, faults)
    return found


def suitable_size(heads: Sequence[Facts]) -> tuple[int, int]:
    """Return (height, width): the most common size, the smaller of two as common.

    One with a side of more than 64 pixels is scaled down, aspect kept, until the longer side is 64.
    """
    counts = Counter((head.height, head.width) for head in heads)
    height, width = min(counts, key=lambda size: (-counts[size], size[0] * size[1], size))
    scale = min(1.0, LONGEST_SIDE / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def read(listing: Listing, frame: Frame, rows: Array | None = None) -> Array:
    """Return the pictures as uint8 (n, height, width), or (n, height, width, channels) with colors.

    With `rows`, those of these numbers in this order. Too many for memory are kept in a file (see `picture_rows`).
    Pictures that cannot be read are all named in one `DataError`.
    """
    paths = listing.paths if rows is None else [listing.paths[int(row)] for row in rows]
    pictures = read_rows(paths, frame, f"{listing.folder}: ", _ADVICE)
    return pictures[..., 0] if frame.channels == 1 else pictures


def _refuse(listing: Listing, faults: list[str]) -> None:
    refuse_any(faults, f"{listing.folder}: {len(faults):,} of {len(listing):,} pictures cannot be used:", _ADVICE)


def notices(listing: Listing, heads: Sequence[Facts]) -> list[str]:
    """Return what the user should know: files left out, animations of which the first picture is taken."""
    said: list[str] = []
    if listing.left_out:
        names = ", ".join(shortened([str(path.relative_to(listing.folder)) for path in listing.left_out], 3))
        said.append(f"Left out, being no pictures of a class: {names}.")
    moving = [path for path, head in zip(listing.paths, heads, strict=True) if head.pictures > 1]
    if moving:
        names = ", ".join(shortened([str(path.relative_to(listing.folder)) for path in moving], 3))
        said.append(f"Of these, which hold several pictures, the first is taken: {names}.")
    return said
