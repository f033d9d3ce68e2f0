"""Hostile files are refused: with the declared error, at once, without the memory they claim, and reaching for nothing.

One child process with limits reads all of them while an audit hook of the interpreter listens. `python
tests/test_hostile.py` prints what each file cost.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hostile_files import CASES

import backlit as bl
from backlit import cli, formats
from benchmarks.fuzz.readers import READERS

ROOT = Path(__file__).resolve().parent.parent
MOST_MEMORY = 100 * 2**20  # bytes that a reader may take beside four times the file
TIMEOUT = 300  # seconds for all files, on any machine

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits and peaks of memory as Linux tells them")


def built(folder: Path) -> dict[str, Path]:
    paths = {}
    for i, (name, (reader, build)) in enumerate(CASES.items()):
        paths[name] = folder / f"{i}{READERS[reader].ending}"
        paths[name].write_bytes(build())
    return paths


def outcomes(folder: Path) -> dict[str, dict[str, Any]]:
    """Return what became of every file; the files that a child was killed by are missing."""
    paths = built(folder)
    wanted = json.dumps([[CASES[name][0], str(path)] for name, path in paths.items()])
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.fuzz.child"],
        input=wanted, capture_output=True, text=True, cwd=folder, env=environment, timeout=TIMEOUT, check=False,
    )  # fmt: skip
    found = [json.loads(line) for line in done.stdout.splitlines()]
    if len(found) < len(CASES):
        print(f"the child ended with {done.returncode} at {list(CASES)[len(found)]!r}\n{done.stderr[-2000:]}")
    sizes = [path.stat().st_size for path in paths.values()]
    return {name: {**one, "size": size} for name, one, size in zip(CASES, found, sizes, strict=False)}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    return outcomes(tmp_path_factory.mktemp("hostile"))


def test_there_are_many() -> None:
    assert len(CASES) >= 60
    assert {reader for reader, _ in CASES.values()} == set(READERS)


MISCHIEF = """
import os, socket, sys
from pathlib import Path
from benchmarks.fuzz.readers import Reader
from benchmarks.fuzz.watched import Listener, watch
def read(path):
    open("/etc/hostname").close(); open(path, "ab").close(); socket.socket().close(); os.system("true")
    exec("1"); bytearray(300_000_000)
path = Path(sys.argv[1]); path.write_bytes(b"x")
seen = watch(Reader("", read, (), list), path, Listener())
print(max(seen.resident, seen.asked_for) > 200_000_000, *seen.events, sep="\\n")
"""


def test_the_listener_hears_mischief(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-c", MISCHIEF, str(tmp_path / "file")], capture_output=True, text=True, env=environment,
        check=True,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert lines[0] == "True"
    once = ["open", "open", "socket.__new__", "os.system", "compile", "exec"]
    assert [line.split()[0] for line in lines[1:]] == 2 * once  # a file is read twice


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_file_is_refused(name: str, seen: dict[str, dict[str, Any]]) -> None:
    assert name in seen, "the child was killed"
    one = seen[name]
    assert one["outcome"] == "refused", f"{one['outcome']}: {one['message'][:500]}"
    assert one["events"] == []
    assert max(one["resident"], one["asked_for"]) < MOST_MEMORY + 4 * one["size"]


def test_classes_that_do_not_fit_the_outputs_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = bl.Sequential([bl.layers.Input((3,)), bl.layers.Dense(4, "softmax")])
    target = {"task": "classification", "classes": ["a", "b"], "center": 0.0, "scale": 1.0}
    path, rows = tmp_path / "m.keras", tmp_path / "rows.npy"
    formats.save_model(model, path, notes={"preparation": {"kind": "array", "target": target}})
    np.save(rows, np.zeros((2, 3), np.float32))
    with pytest.raises(SystemExit, match="1"):
        cli.main(["predict", str(path), str(rows)])
    assert "names 2 classes and tells 4 apart" in capsys.readouterr().err


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = outcomes(Path(folder))
    for name, one in sorted(found.items(), key=lambda pair: -pair[1]["seconds"]):
        memory = max(one["resident"], one["asked_for"]) / 2**20
        cost = f"{one['seconds']:6.3f} s {memory:7.1f} MB {one['size'] / 1024:8.1f} kB"
        print(f"{name:55} {one['outcome']:12} {cost}  {one['message'][:100]!r} {one['events'][:2]}")


if __name__ == "__main__":
    main()
