"""Fuzz every reader: `python -m benchmarks.fuzz --inputs 1000000 --seed 0 --found FOLDER`.

A worker with a limit on its memory reads the inputs; this process sees whether it hangs (2 CPU seconds on one input),
dies, or meets an error that is not declared, keeps every such input in the folder, and starts it again behind it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .readers import READERS
from .worker import kept_as, reader_of

WORKER = ("-m", "benchmarks.fuzz.worker")
HANG = 2.0  # CPU seconds
STUCK = 60.0  # seconds without any progress, on a machine that others use too


@dataclass
class Report:
    """What became of the inputs: how many were read or refused by each reader, and what was found."""

    inputs: int = 0
    tally: Counter[str] = field(default_factory=Counter)
    found: list[dict[str, Any]] = field(default_factory=list)
    peak: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        names = sorted({key.split()[0] for key in self.tally})
        rows = [f"{'reader':12} {'inputs':>9} {'read':>9} {'refused':>9}"]
        for name in names:
            read, refused = (self.tally[f"{name} {what}"] for what in ("read", "refused"))
            rows.append(f"{name:12} {read + refused:9,} {read:9,} {refused:9,}")
        kinds = Counter(str(one["error"]) for one in self.found)
        said = ", ".join(f"{count} x {kind}" for kind, count in kinds.items()) or "nothing"
        rate = self.inputs / max(self.seconds, 1e-9)
        rows.append(f"{self.inputs:,} inputs in {self.seconds:,.0f} s ({rate:,.0f} a second); found: {said}")
        rows.append(f"the worker's memory was at most {self.peak / 2**20:.0f} MB")
        return "\n".join(rows)


def fuzz(
    inputs: int, seed: int, found: Path, readers: list[str], first: int = 0, said: bool = False,
    worker: Sequence[str] = WORKER,
) -> Report:  # fmt: skip
    """Read `inputs` strange files and return what happened; what was found is kept in the folder `found`."""
    report, start, end = Report(), time.monotonic(), first + inputs
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        place = Path(folder)
        while first < end:
            arguments = [*worker, str(seed), str(first), str(end - first), folder, *readers]
            first = _run(arguments, first, end - first, place, readers, report, said)
        for one in report.found:
            found.mkdir(parents=True, exist_ok=True)
            name = kept_as(one["reader"], seed, one["number"])
            last = place / f"last-{one['number']}"
            shutil.copy(last if last.exists() else place / name, found / name)
    report.seconds = time.monotonic() - start
    return report


def _memory() -> str | None:
    return "/dev/shm" if os.path.isdir("/dev/shm") else None


def _run(
    arguments: list[str], first: int, count: int, folder: Path, readers: list[str], report: Report, said: bool
) -> int:
    """Let a worker read until it is done or has to be ended; return the number of the next input."""
    (folder / "number").write_bytes((2**63).to_bytes(8, "little"))
    with subprocess.Popen(
        [sys.executable, "-X", "faulthandler", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as worker:  # fmt: skip
        lines = threading.Thread(target=_listen, args=(worker, report, said))
        errors: list[str] = []
        spoken = threading.Thread(target=lambda: errors.extend(worker.stderr or ()))
        lines.start()
        spoken.start()
        hung = any(_hangs(worker, folder))
        worker.wait()
        lines.join()
        spoken.join()
    at = _number(folder)
    if worker.returncode == 0 and not hung:
        report.inputs += count
        return first + count
    if at < first or at >= first + count:
        raise RuntimeError(
            f"the worker ended with {worker.returncode} before its first input: {''.join(errors)[-2000:]}"
        )
    error = "hang" if hung else f"ended with {worker.returncode}"
    shutil.copy(folder / f"input{READERS[reader_of(at, readers)].ending}", folder / f"last-{at}")
    report.found.append(
        {"number": at, "reader": reader_of(at, readers), "error": error, "message": "".join(errors)[-500:]}
    )
    report.inputs += at + 1 - first
    return at + 1


def _hangs(worker: subprocess.Popen[str], folder: Path) -> Iterator[bool]:
    """Yield True, and end the worker, when it spends 2 CPU seconds on one input."""
    at, spent, since = -1, 0.0, time.monotonic()
    while worker.poll() is None:
        number, now = _number(folder), _cpu(worker.pid)
        if number != at:
            at, spent, since = number, now, time.monotonic()
        elif at < 2**63 and (now - spent > HANG or time.monotonic() - since > STUCK):
            worker.kill()
            yield True
            return
        time.sleep(0.2)


def _number(folder: Path) -> int:
    return int.from_bytes((folder / "number").read_bytes(), "little")


def _cpu(pid: int) -> float:
    """Return the CPU seconds of a process; 0 where the system does not say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _listen(worker: subprocess.Popen[str], report: Report, said: bool) -> None:
    for text in worker.stdout or ():
        line = json.loads(text)
        if "tally" in line:
            report.tally.update(line["tally"])
            report.peak = max(report.peak, line["peak"])
            if said and line["number"] % 50_000 == 49_999:
                print(f"{line['number'] + 1:,} inputs, {len(report.found)} found", flush=True)
        else:
            report.found.append(line)
            if said:
                print(line, flush=True)


def main() -> None:
    """Read the arguments and fuzz."""
    words = argparse.ArgumentParser(description="Read strange files by the thousand.")
    words.add_argument("--inputs", type=int, default=20_000)
    words.add_argument("--first", type=int, default=0, help="the number of the first input")
    words.add_argument("--seed", type=int, default=0)
    words.add_argument("--found", type=Path, default=Path("found"), help="the folder for what is found")
    words.add_argument("--readers", nargs="*", default=list(READERS), choices=list(READERS))
    given = words.parse_args()
    report = fuzz(given.inputs, given.seed, given.found, given.readers, given.first, said=True)
    print(report)
    sys.exit(bool(report.found))


if __name__ == "__main__":
    main()
