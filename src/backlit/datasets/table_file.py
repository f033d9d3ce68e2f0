"""A table of text from a `.csv` file: a line of names, then rows, all of the same length.

Nothing is guessed that could be wrong in silence: what does not fit is named with its line, all of it in one error.
"""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ..errors import DataError
from .faults import refuse_any

DELIMITERS = (",", ";", "\t", "|")
MISSING = frozenset(("", "na", "n/a", "nan", "null", "none", "?"))


@dataclass(frozen=True, eq=False)
class Table:
    """The columns of a table by name, all as text without blanks around it; `lines` are those of the rows in the file.

    With `decimal_comma` a comma in a number is the decimal point: so it is where semicolons part the values.
    """

    path: Path
    columns: dict[str, list[str]]
    lines: list[int]
    decimal_comma: bool = False

    def __len__(self) -> int:
        return len(self.lines)

    def rows(self, kept: list[int]) -> Table:
        """Return a table of some of the rows."""
        columns = {name: [column[i] for i in kept] for name, column in self.columns.items()}
        return Table(self.path, columns, [self.lines[i] for i in kept], self.decimal_comma)


def is_missing(value: str) -> bool:
    """Say whether a value counts as missing: nothing, NA, N/A, NaN, null, None or ?, in any case."""
    return value.lower() in MISSING


def read_table(path: str | os.PathLike[str]) -> Table:
    """Return the table in a file; everything that is wrong with it raises one `DataError`.

    UTF-8, with or without a byte order mark, or UTF-16 with one. Values are parted by comma, semicolon, tab or bar,
    whichever the first line has most of. A column without a name is called by its number. Empty lines are passed over.
    """
    where = Path(path)
    text = _text(where)
    delimiter = _delimiter(text)
    rows = _rows(where, text, delimiter)
    if not rows:
        raise DataError(f"{where} is empty. Expected a line with the names of the columns, then rows.")
    (_, header), *body = rows
    names = _names(where, header)
    if not body:
        raise DataError(f"{where} has a line of names and no rows. Expected rows below it.")
    ragged = [f"line {line} has {len(row)}" for line, row in body if len(row) != len(names)]
    refuse_any(
        ragged,
        f"{where}: {len(ragged):,} of {len(body):,} rows do not have {len(names)} values, as many as there are names:",
        f"Mend these lines; a value with {delimiter!r} in it needs quotes around it.",
    )
    columns = {name: [row[i].strip() for _, row in body] for i, name in enumerate(names)}
    return Table(where, columns, [line for line, _ in body], delimiter == ";")


def _delimiter(text: str) -> str:
    """Return the delimiter that the first line has most of outside quotes; the earlier of two as frequent."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    outside = "".join(first.split('"')[::2])
    return max(DELIMITERS, key=outside.count)


def _rows(path: Path, text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """Return (line, values) of all lines that are not empty."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
    try:
        return [(reader.line_num, row) for row in reader if any(value.strip() for value in row)]
    except csv.Error as error:
        raise DataError(
            f"{path} cannot be read as a table at line {reader.line_num}: {error}. Look for a quote that is not closed."
        ) from None


def _names(path: Path, header: list[str]) -> list[str]:
    names = [name.strip() or f"column {i}" for i, name in enumerate(header, 1)]
    twice = [f"{name!r}: {count} times" for name, count in Counter(names).items() if count > 1]
    refuse_any(twice, f"{path} has columns of the same name:", "Give each column a name of its own in the first line.")
    if all(_is_number(name) for name in names):
        raise DataError(
            f"{path} begins with a line of numbers ({', '.join(names[:3])}, ...). Expected the columns' names in it."
        )
    return names


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}). Expected a table, a .csv file.") from None
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        lines = enumerate(data.splitlines(), 1)
        bad = [f"line {number}: {line[:60]!r}" for number, line in lines if not _is_utf8(line)]
        opening = f"{path} is not written in UTF-8; {len(bad):,} of its lines hold other bytes:"
    refuse_any(bad, opening, 'Save the table as UTF-8 (in Excel: "CSV UTF-8").')
    raise DataError(opening)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
