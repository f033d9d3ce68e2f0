"""A short run of the fuzzer over every reader, and proof that it notices what it is there to notice.

`python -m benchmarks.fuzz` is the long run; docs/reference/safety.md has its figures.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import pytest

from benchmarks.fuzz.__main__ import fuzz
from benchmarks.fuzz.changes import strange_file
from benchmarks.fuzz.readers import READERS, Reader
from benchmarks.fuzz.worker import SHARES, read, reader_of

linux = pytest.mark.skipif(sys.platform != "linux", reason="limits and CPU seconds as Linux tells them")
FOUND = sorted((Path(__file__).parent / "found").iterdir())
INPUTS = 1000
BROKEN = """
import json, sys, time
from pathlib import Path
first, count, folder = int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
for number in range(first, first + count):
    (folder / "number").write_bytes(number.to_bytes(8, "little"))
    (folder / "input.idx").write_bytes(bytes([number]))
    if number == 1:
        while True: pass
    if number == 2:
        import os; os.abort()
    if number == 3:
        (folder / "idx-0-3.idx").write_bytes(bytes([number]))
        print(json.dumps({"number": 3, "reader": "idx", "error": "KeyError"}), flush=True)
print(json.dumps({"tally": {"idx read": 1}, "peak": 1, "number": first + count - 1}), flush=True)
"""


@linux
def test_strange_files_are_read_or_refused(tmp_path: Path) -> None:
    report = fuzz(INPUTS, 0, tmp_path / "found", list(READERS))
    assert not report.found, report
    assert report.inputs == INPUTS == sum(report.tally.values())
    assert all(report.tally[f"{name} read"] + report.tally[f"{name} refused"] for name in READERS)


@linux
def test_hangs_crashes_and_undeclared_errors_are_found_and_kept(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text(BROKEN)
    report = fuzz(5, 0, tmp_path / "found", ["idx"], worker=[str(broken)])
    assert [(one["number"], one["error"]) for one in report.found] == [
        (1, "hang"),
        (2, "ended with -6"),
        (3, "KeyError"),
    ]
    assert report.inputs == 5
    kept = {path.name: path.read_bytes() for path in (tmp_path / "found").iterdir()}
    assert kept == {f"idx-0-{n}.idx": bytes([n]) for n in (1, 2, 3)}


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_what_was_found_once_stays_mended(path: Path) -> None:
    """The names begin with the reader; `heap-in-a-circle` is where the HDF5 library never comes back."""
    reader = READERS[path.name.partition("-")[0]]
    with contextlib.suppress(*reader.errors):
        reader.read(path)


def test_an_error_that_is_not_declared_is_told(tmp_path: Path) -> None:
    found = read(Reader("", lambda path: 1 / 0, (ValueError,), list), tmp_path / "x", b"")
    assert isinstance(found, dict)
    assert found["error"] == "ZeroDivisionError"


@pytest.mark.parametrize("name", READERS)
def test_an_input_is_the_same_every_time_and_inputs_differ(name: str) -> None:
    good = READERS[name].good()
    inputs = [strange_file(good, name, 0, number) for number in range(30)]
    assert inputs == [strange_file(good, name, 0, number) for number in range(30)]
    assert len(set(inputs)) > 20


def test_every_reader_gets_its_share() -> None:
    assert set(SHARES) == set(READERS)
    assert sum(SHARES.values()) == 1000
    readers = list(READERS)
    assert sum(reader_of(number, readers) == "keras" for number in range(10_000)) == 100
