"""The file: a notebook read from JSON (formats 3 and 4) and written back with outputs (format 4.5).

What does not belong to cells (kernel, language, other metadata) is kept as it came.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import DataError
from ..files import write_file

MOST_BYTES = 512 << 20  # a notebook larger than this is not read
ID = re.compile(r"^[A-Za-z0-9_-]{1,64}$")


@dataclass
class Cell:
    """One cell. `outputs` and `count` are what its last run gave; `rest` is what else stood in the file."""

    kind: str  # "code", "markdown" or "raw"
    source: str
    outputs: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    count: int | None = None
    rest: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass
class Notebook:
    """Cells in order, and what the file says about itself."""

    cells: list[Cell]
    metadata: dict[str, Any]

    def code(self) -> list[Cell]:
        """Return the cells that can run."""
        return [cell for cell in self.cells if cell.kind == "code" and cell.source.strip()]

    def save(self, path: Path) -> None:
        """Write the notebook, with outputs, in format 4.5: all of it or nothing."""
        data = {
            "cells": [_cell_data(cell, i) for i, cell in enumerate(self.cells)],
            "metadata": self.metadata,
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        write_file(path, json.dumps(data, ensure_ascii=False, indent=1) + "\n")


def read_notebook(path: Path) -> Notebook:
    """Read a notebook; what is none, or holds no Python code, raises `DataError` that says so."""
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise DataError(f"{path} has {size:,} bytes. Expected a notebook of at most {MOST_BYTES:,}.")
    data = _json(path)
    cells = _cells(path, data)
    metadata = data.get("metadata")
    notebook = Notebook(cells, metadata if isinstance(metadata, dict) else {})
    _check_language(path, notebook.metadata)
    if not notebook.code():
        raise DataError(f"{path} has {len(cells)} cells and none of them holds code. There is nothing to run.")
    return notebook


def _json(path: Path) -> dict[str, Any]:
    text = path.read_bytes()
    if not text.strip():
        raise DataError(f"{path} is empty. Expected a notebook (.ipynb), which is JSON.")
    try:
        data = json.loads(text.decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        where = f"line {error.lineno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else str(error)
        raise DataError(f"{path} is not a notebook: it is not JSON ({where}). If it is Python, name it .py.") from None
    if not isinstance(data, dict) or not ("cells" in data or "worksheets" in data):
        raise DataError(f"{path} is JSON but not a notebook: it has no cells.")
    return data


def _cells(path: Path, data: dict[str, Any]) -> list[Cell]:
    found = data.get("cells")
    if found is None:  # format 3 keeps them in worksheets
        sheets = data["worksheets"] if isinstance(data["worksheets"], list) else []
        found = [cell for sheet in sheets if isinstance(sheet, dict) for cell in sheet.get("cells", ())]
    if not isinstance(found, list) or not all(isinstance(cell, dict) for cell in found):
        raise DataError(f"{path} is JSON but not a notebook: its cells are no list of objects.")
    return [_cell(path, i, cell) for i, cell in enumerate(found, 1)]


def _cell(path: Path, number: int, data: dict[str, Any]) -> Cell:
    source = data.get("source", data.get("input", ""))
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise DataError(f"{path}: cell {number} has no text as its source.")
    kind = data.get("cell_type", "raw")
    kind = kind if kind in ("code", "raw") else "markdown"
    rest = {key: data[key] for key in ("metadata", "id", "attachments") if key in data}
    return Cell(kind, source, rest=rest)


def _check_language(path: Path, metadata: dict[str, Any]) -> None:
    kernel = metadata.get("kernelspec") if isinstance(metadata.get("kernelspec"), dict) else {}
    facts = metadata.get("language_info") if isinstance(metadata.get("language_info"), dict) else {}
    language = (facts or {}).get("name") or (kernel or {}).get("language") or "python"
    if not str(language).lower().startswith(("python", "ipython")):
        raise DataError(f"{path} is written in {language}. Expected a notebook in Python.")


def _cell_data(cell: Cell, index: int) -> dict[str, Any]:
    own = cell.rest.get("id")
    data: dict[str, Any] = {
        "cell_type": cell.kind,
        "id": own if isinstance(own, str) and ID.match(own) else f"cell-{index}",
        "metadata": cell.rest["metadata"] if isinstance(cell.rest.get("metadata"), dict) else {},
        "source": cell.source.splitlines(keepends=True),
    }
    if cell.kind == "code":
        data |= {"execution_count": cell.count, "outputs": cell.outputs}
    elif isinstance(cell.rest.get("attachments"), dict):
        data["attachments"] = cell.rest["attachments"]
    return data
