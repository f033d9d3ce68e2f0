"""Reads files that are named on standard input and tells what happened, one JSON line each; run as a child process.

The process limits itself first. `python -m benchmarks.fuzz.child < LIST`: the list is JSON, [[reader, path], ...].
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from .readers import READERS
from .watched import Listener, limit, watch

ROOM = 512 * 2**20  # bytes beyond what the process has when it has read good files
CPU = 300  # seconds for all files together


def warm_up(readers: list[str]) -> None:
    """Read good and bad files once, so that everything is imported that reading and refusing need."""
    with tempfile.TemporaryDirectory() as folder:
        for name in readers:
            reader = READERS[name]
            path = Path(folder) / f"good{reader.ending}"
            for data in (*reader.good(), b"", b"nothing of the kind"):
                path.write_bytes(data)
                try:
                    reader.read(path)
                except reader.errors:
                    continue


def main() -> None:
    """Read the files of the list."""
    wanted = json.load(sys.stdin)
    warm_up(sorted({name for name, _ in wanted}))
    limit(ROOM, CPU)
    listener = Listener()
    for name, path in wanted:
        print(json.dumps(watch(READERS[name], Path(path), listener)._asdict()), flush=True)


if __name__ == "__main__":
    main()
