"""The process that reads strange files by the thousand; `python -m benchmarks.fuzz` starts it and watches it.

Before each input its number is written to a map that the watcher sees, so that whoever kills the worker knows what it
was reading. Arguments: seed, first number, count, folder, and the readers.
"""

from __future__ import annotations

import json
import mmap
import sys
import traceback
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from .changes import strange_file
from .readers import READERS, Reader
from .watched import limit, peak

ROOM = 512 * 2**20  # bytes beyond what the process has when it begins; more is the error MemoryError
SHARES = {  # of a thousand inputs; what is read in a tenth of a millisecond comes most often
    "keras": 10, "weights.h5": 25, "h5": 10, "safetensors": 15, "npz": 10, "onnx": 10, "json": 20, "checkpoint": 150,
    "estimator": 5, "preparation": 30, "idx": 300, "array": 240, "arrays": 60, "picture": 15, "table": 100,
}  # fmt: skip
REPORT = 1000  # inputs between two lines


def reader_of(number: int, readers: list[str]) -> str:
    """Return who reads input `number`: each by its share, well mixed."""
    row = [name for name in readers for _ in range(SHARES.get(name, 20))]
    return row[number * 7919 % len(row)]


def kept_as(reader: str, seed: int, number: int) -> str:
    """Return the name of the file that an input is kept in."""
    return f"{reader}-{seed}-{number}{READERS[reader].ending}"


def main() -> None:
    """Read the inputs."""
    seed, first, count = map(int, sys.argv[1:4])
    folder, readers = Path(sys.argv[4]), sys.argv[5:]
    good = {name: READERS[name].good() for name in readers}
    paths = {name: folder / f"input{READERS[name].ending}" for name in readers}
    warnings.simplefilter("ignore")
    limit(ROOM, None)
    tally: Counter[str] = Counter()
    with open(folder / "number", "r+b") as file, mmap.mmap(file.fileno(), 8) as at:
        for number in range(first, first + count):
            at[:] = number.to_bytes(8, "little")
            name = reader_of(number, readers)
            data = strange_file(good[name], name, seed, number)
            outcome = read(READERS[name], paths[name], data)
            if isinstance(outcome, dict):
                (folder / kept_as(name, seed, number)).write_bytes(data)
                _say({"number": number, "reader": name, **outcome})
                tally[f"{name} undeclared"] += 1
            else:
                tally[f"{name} {outcome}"] += 1
            if number % REPORT == REPORT - 1:
                _say({"tally": tally, "peak": peak(), "number": number})
                tally.clear()
    _say({"tally": tally, "peak": peak(), "number": first + count - 1})


def read(reader: Reader, path: Path, data: bytes) -> str | dict[str, Any]:
    """Return "read" or "refused", or what is not declared: the error, its message, and where it was raised."""
    path.write_bytes(data)
    try:
        reader.read(path)
    except reader.errors:
        return "refused"
    except BaseException as error:  # noqa: BLE001 - the point is to see all of them
        where = traceback.extract_tb(error.__traceback__)[-1]
        return {"error": type(error).__name__, "message": str(error)[:200], "where": f"{where.filename}:{where.lineno}"}
    return "read"


def _say(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
