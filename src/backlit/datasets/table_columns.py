"""What becomes of each column of a table: numbers standardized, categories one input each, what is missing marked.

A rule is fitted on training rows alone and written as plain JSON, so that new rows are treated by the same numbers.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np

from ..arrays import Array
from ..errors import DataError
from .faults import refuse_any
from .table_file import Table, is_missing

MOST_CATEGORIES = 100


@dataclass(frozen=True)
class Number:
    """A column of numbers: x = (value - mean) / deviation, with the median where it is missing.

    If it was missing in training rows, a second input says so: 1 for missing, else 0. All three measures are those of
    the training rows; a column that does not vary has deviation 1.
    """

    name: str
    median: float
    mean: float
    deviation: float
    marks_missing: bool

    @property
    def inputs(self) -> list[str]:
        """The names of its inputs."""
        return [self.name, *([f"{self.name} is missing"] if self.marks_missing else [])]

    def apply(self, values: Array) -> Array:
        """Return float64 (rows, inputs) for numbers (rows,) with NaN where they are missing."""
        missing = np.isnan(values)
        scaled = (np.where(missing, self.median, values) - self.mean) / self.deviation
        return np.stack([scaled, missing], axis=1) if self.marks_missing else scaled[:, None]


@dataclass(frozen=True)
class Category:
    """A column of categories: one input for each of the training rows' `values`, in their order, 1 where it is that.

    A missing value is a category of its own if there was one in training rows; a category not seen there is all zeros.
    """

    name: str
    values: tuple[str, ...]
    marks_missing: bool

    @property
    def inputs(self) -> list[str]:
        """The names of its inputs."""
        return [
            *(f"{self.name} = {v}" for v in self.values),
            *([f"{self.name} is missing"] if self.marks_missing else []),
        ]

    def apply(self, values: Sequence[str]) -> Array:
        """Return float64 (rows, inputs) for texts."""
        place = {value: i for i, value in enumerate(self.values)}
        result = np.zeros((len(values), len(self.inputs)))
        for row, value in enumerate(values):
            if is_missing(value):
                result[row, len(self.values) :] = 1
            elif value in place:
                result[row, place[value]] = 1
        return result

    def unseen(self, values: Sequence[str]) -> Counter[str]:
        """Return the categories that are none of `values`, and how often."""
        return Counter(value for value in values if not is_missing(value) and value not in self.values)


Column: TypeAlias = Number | Category


def numbers(table: Table, name: str) -> tuple[Array, list[str]]:
    """Return a column as float64 with NaN where it is missing, and the faults: values that are no finite number."""
    found, faults = np.full(len(table), np.nan), list[str]()
    for row, value in enumerate(table.columns[name]):
        if is_missing(value):
            continue
        number = _number(value, table.decimal_comma)
        if number is None or not math.isfinite(number):
            faults.append(f"{name} in line {table.lines[row]}: {value[:40]!r}")
        else:
            found[row] = number
    return found, faults


def _number(text: str, decimal_comma: bool) -> float | None:
    if decimal_comma and "." not in text:
        text = text.replace(",", ".")
    try:
        return None if "_" in text else float(text)  # Python reads 1_000
    except ValueError:
        return None


def fit_columns(table: Table, names: Sequence[str], train: Array, categorical: Sequence[str] = ()) -> list[Column]:
    """Return the rule for each column, from the rows `train` alone.

    A column is one of numbers if every value in the table that is not missing is a number, and it is not named in
    `categorical`. Columns without any value, numbers that are infinite, and columns of more than 100 categories are
    all named in one `DataError`.
    """
    rows = [int(row) for row in train]
    found: list[Column] = []
    faults: list[str] = []
    dropped: list[str] = []
    for name in names:
        column, fault = _fitted(table, name, rows, name in categorical)
        found += [] if column is None else [column]
        faults += fault
        dropped += [name] if fault else []
    options = " ".join(f"--drop {_quoted(name)}" for name in dropped)
    refuse_any(
        faults,
        f"{table.path}: {len(faults)} of {len(names)} columns cannot be used:",
        f"Leave them out with {options}, or mend them.",
    )
    return found


def _quoted(name: str) -> str:
    return name if name.isidentifier() else f'"{name}"'


def _fitted(table: Table, name: str, rows: list[int], categorical: bool) -> tuple[Column | None, list[str]]:
    texts = table.columns[name]
    present = [text for text in texts if not is_missing(text)]
    if not present:
        return None, [f"{name} has no value in any row"]
    values, faults = numbers(table, name)
    if not faults and not categorical:
        return _number_column(name, values[rows]), []
    here = [texts[row] for row in rows]
    seen = sorted({text for text in here if not is_missing(text)})
    infinite = [text for text in present if _number(text, table.decimal_comma) is not None]
    if len(infinite) == len(present) and not categorical:
        return None, [f"{name} is infinite or no number in {len(faults)} rows, the first is {faults[0]}"]
    if len(seen) > MOST_CATEGORIES:
        mostly = (
            f"; {len(infinite):,} are numbers, the first that is none is {faults[0]}"
            if len(infinite) > len(faults)
            else ""
        )
        return None, [f"{name} has {len(seen):,} categories, expected at most {MOST_CATEGORIES}{mostly}"]
    return Category(name, tuple(seen), any(map(is_missing, here))), []


def _number_column(name: str, values: Array) -> Number:
    present = values[~np.isnan(values)]
    if not len(present):
        return Number(name, 0.0, 0.0, 1.0, True)
    median = float(np.median(present))
    filled = np.where(np.isnan(values), median, values)
    mean, deviation = float(filled.mean()), float(filled.std())
    return Number(name, median, mean, deviation if deviation > 1e-12 * abs(mean) else 1.0, len(present) < len(values))


def apply_columns(table: Table, columns: Sequence[Column]) -> Array:
    """Return float32 (rows, inputs). Columns that are not there, and values that are no numbers, raise `DataError`."""
    absent = [column.name for column in columns if column.name not in table.columns]
    refuse_any(absent, f"{table.path} lacks columns the network was trained on:", f"It has {', '.join(table.columns)}.")
    parts: list[Array] = []
    faults: list[str] = []
    for column in columns:
        if isinstance(column, Category):
            parts.append(column.apply(table.columns[column.name]))
            continue
        values, wrong = numbers(table, column.name)
        parts.append(column.apply(values))
        faults += wrong
    refuse_any(
        faults, f"{table.path}: {len(faults):,} values are no finite numbers:", "Expected numbers, as in training."
    )
    return np.concatenate(parts, axis=1).astype(np.float32)


def unseen(table: Table, columns: Sequence[Column]) -> list[str]:
    """Return a line for each column with categories that training rows did not have."""
    said: list[str] = []
    for column in columns:
        new = column.unseen(table.columns[column.name]) if isinstance(column, Category) else Counter[str]()
        if new:
            some = ", ".join(f"{value!r}" for value, _ in new.most_common(3))
            said.append(f"{column.name} has categories not seen in training ({some}) in {sum(new.values()):,} rows.")
    return said


def as_json(columns: Sequence[Column]) -> list[dict[str, Any]]:
    """Return the columns as plain data."""
    return [{"kind": type(column).__name__.lower(), **asdict(column)} for column in columns]


def from_json(entries: Sequence[Mapping[str, Any]]) -> list[Column]:
    """Return the columns of `as_json`; anything else raises `DataError`."""
    found: list[Column] = []
    for entry in entries:
        try:
            given = {key: value for key, value in entry.items() if key != "kind"}
            if entry["kind"] == "number":
                given |= {key: float(given[key]) for key in ("median", "mean", "deviation")}
                found.append(Number(**given))
            else:
                found.append(Category(given["name"], tuple(map(str, given["values"])), bool(given["marks_missing"])))
        except (AttributeError, TypeError, KeyError, ValueError) as error:
            raise DataError(f"The model's description of a column is damaged ({error}). Use an intact copy.") from None
    return found
