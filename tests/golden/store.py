"""Writes and reads golden files: a JSON table of cases beside an .npz of their arrays.

The Keras makers write them, the golden tests read them; this module needs nothing but NumPy.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """One row: `id`, what was asked (`spec`, JSON) and what Keras answered (`arrays`)."""

    id: str
    spec: Mapping[str, Any]
    arrays: Mapping[str, Array] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.spec[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self.spec.get(name, default)

    def __repr__(self) -> str:
        return f"Case({self.id})"


@dataclass(frozen=True)
class Golden:
    """A whole file: its cases, the arrays that all cases share, and free facts."""

    cases: list[Case]
    shared: dict[str, Array]
    facts: dict[str, Any]

    def of(self, **wanted: Any) -> list[Case]:
        """Return the cases whose spec has all of the given values."""
        return [case for case in self.cases if all(case.get(key) == value for key, value in wanted.items())]


class Writer:
    """Collects cases and saves them as `<name>.json` and `<name>.npz`."""

    def __init__(self, **facts: Any) -> None:
        self.facts = facts
        self.rows: list[dict[str, Any]] = []
        self.arrays: dict[str, Array] = {}

    def share(self, **arrays: Array) -> None:
        """Store arrays that every case may use."""
        for name, value in arrays.items():
            self.arrays[f"shared:{name}"] = np.asarray(value)

    def add(self, case_id: str, spec: Mapping[str, Any], **arrays: Any) -> None:
        """Store one case; an id may be used once."""
        if any(row["id"] == case_id for row in self.rows):
            raise ValueError(f"golden case {case_id!r} exists twice")
        self.rows.append({"id": case_id, **spec})
        for name, value in arrays.items():
            self.arrays[f"{case_id}:{name}"] = np.asarray(value)

    def save(self, name: str) -> None:
        """Write both files; the .npz only when there are arrays."""
        lines = ",\n".join(json.dumps(row, ensure_ascii=False, default=plain) for row in self.rows)
        facts = json.dumps(self.facts, ensure_ascii=False, default=plain)
        text = f'{{"facts": {facts},\n"cases": [\n{lines}\n]}}\n'
        (FOLDER / f"{name}.json").write_text(text, encoding="utf-8")
        if self.arrays:
            with (FOLDER / f"{name}.npz").open("wb") as file:
                np.savez_compressed(file, **self.arrays)  # pyright: ignore[reportArgumentType]
        sizes = sum(path.stat().st_size for path in FOLDER.glob(f"{name}.*") if path.suffix in (".json", ".npz"))
        print(f"{name}: {len(self.rows)} cases, {len(self.arrays)} arrays, {sizes / 1024:.0f} KB")


def plain(value: Any) -> Any:
    """Turn NumPy scalars and arrays into what JSON can hold."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, (set, tuple)):
        return list(value)
    raise TypeError(f"{type(value).__name__} does not fit into a golden file: {value!r}")


def read(name: str) -> Golden:
    """Read `<name>.json` and, where it exists, `<name>.npz`."""
    table = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    by_case: dict[str, dict[str, Array]] = {}
    if (FOLDER / f"{name}.npz").exists():
        with np.load(FOLDER / f"{name}.npz", allow_pickle=False) as file:
            for key in file.files:
                owner, _, array = key.rpartition(":")
                by_case.setdefault(owner, {})[array] = file[key]
    cases = [Case(row.pop("id"), row, {}) for row in table["cases"]]
    cases = [Case(case.id, case.spec, by_case.get(case.id, {})) for case in cases]
    return Golden(cases, by_case.get("shared", {}), table["facts"])


def build(module: Any, spec: Any) -> Any:
    """Build `{"class": name, "config": {...}}` from `module`; anything else is returned as it is.

    Values inside the config are built too; those with `"module": "schedules"` come from that submodule.
    """
    if isinstance(spec, Mapping) and "class" in spec:
        source = module
        for part in spec.get("module", "").split("."):
            source = getattr(source, part) if part else source
        config = {key: build(module, value) for key, value in spec.get("config", {}).items()}
        return getattr(source, spec["class"])(**config)
    return spec
