"""A save that fails hurts nobody: every call to the system of every format's writer is made to fail, one by one.

Changed and cut model files are refused or give the same model. `python -m benchmarks.damage` does it 10,000 times.
"""

from __future__ import annotations

import errno
import functools
import io
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backlit as bl
from backlit import files, layers
from backlit.datasets import idx
from backlit.errors import ModelFileError
from backlit.formats import load_model, save_model
from backlit.formats.checkpoint import previous, read_checkpoint, write_checkpoint
from backlit.preprocessing.image import img_to_array, load_img, save_img
from backlit.training.events.event_file import EventFile
from backlit.training.events.summaries import scalar
from backlit.training.snapshot import Snapshot
from benchmarks.damage import Outcome, cuts, flips, same_or_refused, small_model

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX calls")

CODES = (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS, errno.EDQUOT)
CALLS = ("open", "fsync", "replace", "link", "unlink", "close", "chmod", "write", "fstat")
NAMED = ("open", "replace", "link", "unlink", "chmod")  # those whose errors name a file


class Faults:
    """Counts the calls to the system and makes the `at`-th fail; `short`: a write does half and the next one fails."""

    def __init__(self, code: int, at: int, short: bool = False) -> None:
        self.code, self.at, self.short = code, at, short
        self.count = 0
        self.name = ""
        self.hit_on_write = False

    def strikes(self, name: str) -> bool:
        self.count += 1
        if self.count == self.at:
            self.name = name
        return self.count == self.at

    def error(self, *where: Any) -> OSError:
        return OSError(self.code, os.strerror(self.code), *where[:1])


@contextmanager
def failing(faults: Faults, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put `faults` between the writer and the system."""

    class Raw(io.FileIO):
        def write(self, data: Any, /) -> int:
            if faults.hit_on_write:
                raise faults.error()
            if faults.strikes("write"):
                if faults.short and len(data) > 1:
                    faults.hit_on_write = True
                    return super().write(memoryview(data)[: len(data) // 2]) or 0
                raise faults.error()
            return super().write(data) or 0

        def close(self) -> None:
            if self.closed:
                return
            super().close()  # the descriptor is gone, also where close says it failed
            if faults.strikes("close"):
                raise faults.error()

    def between(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            if faults.strikes(name):
                if name == "close":
                    real(*args)
                if name == "write" and faults.short and len(args[1]) > 1:
                    faults.hit_on_write = True
                    return real(args[0], args[1][: len(args[1]) // 2])
                raise faults.error(*(args if name in NAMED else ()))
            if name == "write" and faults.hit_on_write:
                raise faults.error()
            return real(*args, **named)

        return call

    with monkeypatch.context() as patch:
        for name in CALLS:
            patch.setattr(files.os, name, between(name, getattr(os, name)))
        patch.setattr(files.os, "fdopen", lambda descriptor, mode: io.BufferedRandom(Raw(descriptor, "r+")))
        yield


def snapshot(number: int) -> Snapshot:
    return Snapshot({"w": np.full((40, 7), number, np.float32), "step": np.asarray(number)}, {"epoch": number})


@functools.cache
def model_with(number: int) -> Any:
    model = small_model()
    model.set_weights([np.full_like(w, number) for w in model.get_weights()])
    return model


def graph_text(path: Path, number: int) -> None:
    from backlit.inspect import graphs

    graphs._kept(f"digraph {{ {number} }}", path)


def export(path: Path, number: int) -> None:
    save_model(model_with(number), path)


def save_weights(path: Path, number: int) -> None:
    model_with(number).save_weights(path)


@functools.cache
def reader() -> Any:
    return small_model()


def loaded_weight(path: Path) -> int:
    reader().load_weights(path)
    return int(reader().get_weights()[0].max())


@functools.cache
def exported(ending: str, number: int) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        export(Path(folder) / f"m{ending}", number)
        return (Path(folder) / f"m{ending}").read_bytes()


def which(path: Path) -> int:
    """Return the number of the model whose export these bytes are."""
    return next(n for n in (1, 2) if path.read_bytes() == exported(path.suffix, n))


def save_network(path: Path, number: int) -> None:
    save_model(bl.Sequential([layers.Input((3,)), layers.Dense(number)]), path)


def save_picture(path: Path, number: int) -> None:
    save_img(path, np.full((4, 4, 1), number, np.uint8), scale=False)


def save_idx(path: Path, number: int) -> None:
    idx.write(path, np.full((30, 5), number, np.uint8))


def log(path: Path, number: int) -> None:
    """Write two lines, as a training of two epochs does."""
    logger = bl.callbacks.CSVLogger(path)
    logger.on_train_begin()
    for epoch in range(2):
        logger.on_epoch_end(epoch, {"loss": number})


def add_events(path: Path, number: int) -> None:
    """Write two records of a fixed time into a file of that name."""
    events = EventFile(str(path.parent))
    events.path = str(path)
    for step in range(2):
        events.write(step, [scalar("loss", number)])


def highest(path: Path) -> int:
    return int(idx.read(path).max())


def highest_weight(path: Path) -> int:
    return int(load_model(path).get_weights()[0].max())


FORMATS: list[tuple[str, Callable[[Path, int], Any], Callable[[Path], int]]] = [
    ("t.txt", lambda path, n: files.write_file(path, f"{n}" * 9000), lambda path: int(path.read_text()[0])),
    ("m.keras", lambda path, n: save_model(model_with(n), path), highest_weight),
    (
        "c.checkpoint",
        lambda path, n: write_checkpoint(path, snapshot(n)),
        lambda path: int(read_checkpoint(path).facts["epoch"]),
    ),
    *((f"m{ending}", export, highest_weight) for ending in (".safetensors", ".npz", ".onnx")),
    *((f"m{ending}", export, which) for ending in (".py", ".c")),
    *((f"w{ending}", save_weights, loaded_weight) for ending in (".weights.h5", ".safetensors", ".npz")),
    ("m.json", save_network, lambda path: load_model(path).layers[-1].units),
    ("p.png", save_picture, lambda path: int(img_to_array(load_img(path, color_mode="grayscale")).max())),
    ("i.idx", save_idx, highest),
    ("i.idx.gz", save_idx, highest),
    ("g.dot", graph_text, lambda path: int(path.read_text().split()[2])),
]  # fmt: skip


@pytest.mark.parametrize(("name", "save", "load"), FORMATS, ids=[name for name, _, _ in FORMATS])
def test_every_call_may_fail(
    name: str, save: Callable[[Path, int], Any], load: Callable[[Path], int], tmp_path: Path, monkeypatch: Any
) -> None:
    """The old file or the new one stands, whole; what raised says where and what to do; rubbish goes with the next."""
    path = tmp_path / name
    wholly = Faults(errno.EIO, 0)
    save(path, 1)
    save(path, 1)
    with failing(wholly, monkeypatch):
        save(path, 1)
    assert wholly.count >= 6
    raised = set[str]()
    for code, short in [*((code, False) for code in CODES), (errno.ENOSPC, True)]:
        for at in range(1, wholly.count + 1):
            old, faults = path.read_bytes(), Faults(code, at, short)
            error: OSError | None = None
            with failing(faults, monkeypatch):
                try:
                    save(path, 2)
                except OSError as caught:
                    error = caught
            assert faults.name, "the call that was to fail did not come"
            assert path.read_bytes() == old if error else load(path) == 2, (faults.name, at, error)
            if error is not None:
                raised.add(faults.name)
                assert str(path) in str(error)
                assert "unharmed" in str(error)
                assert any(advice in str(error) for advice in ("make room", "choose a", "make the folder"))
                assert os.strerror(code) in str(error)
            left = {p.name for p in tmp_path.iterdir()} - {name, previous(path).name}
            assert len(left) <= 1
            save(path, 1)
            assert {p.name for p in tmp_path.iterdir()} - {previous(path).name} == {name}
            if previous(path).exists():
                assert load(previous(path)) in (1, 2)
    assert raised >= {"open", "write", "fsync", "replace", "close"}


@pytest.mark.parametrize("add", [log, add_events])
def test_a_log_holds_whole_lines_whichever_call_fails(
    add: Callable[[Path, int], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was added before stays; half a line is taken back; the error has the path and what to do."""
    monkeypatch.setattr("time.time", lambda: 1e9)
    path, wholly = tmp_path / "log", Faults(errno.EIO, 0)
    states = [b""]
    with monkeypatch.context() as patch:
        real = files.append_file
        for module in ("backlit.training.callbacks.csv_logger", "backlit.training.events.event_file"):
            patch.setattr(f"{module}.append_file", lambda *a: (real(*a), states.append(path.read_bytes()))[0])
        with failing(wholly, monkeypatch):
            add(path, 1)
    states.append(path.read_bytes().partition(b"\n")[0] + b"\n")  # of a table, the header
    for code, short in [*((code, False) for code in CODES), (errno.ENOSPC, True)]:
        for at in range(1, wholly.count + 1):
            path.unlink()
            faults = Faults(code, at, short)
            error: OSError | None = None
            with failing(faults, monkeypatch):
                try:
                    add(path, 1)
                except OSError as caught:
                    error = caught
            assert faults.name
            if error is not None:
                assert str(path) in str(error)
                assert "unharmed" in str(error)
            path.touch()
            assert path.read_bytes() in (states if error else states[-2:-1]), (faults.name, at)
    assert wholly.count >= 6


def test_two_failures_in_a_row_leave_one_temporary_and_the_next_save_sweeps(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "a"
    files.write_file(path, "old")

    def refused(*_: Any) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "replace", refused)
        patch.setattr(files.os, "unlink", refused)
        with pytest.raises(OSError, match="unharmed"):
            files.write_file(path, "new")
    assert len(list(tmp_path.iterdir())) == 2
    assert path.read_text() == "old"
    files.write_file(path, "new")
    assert [p.name for p in tmp_path.iterdir()] == ["a"]
    assert path.read_text() == "new"


def test_an_error_about_another_file_is_not_blamed_on_the_target(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught, files.replacing(tmp_path / "a"):
        open(tmp_path / "another")  # noqa: SIM115
    assert caught.value.filename == str(tmp_path / "another")
    assert list(tmp_path.iterdir()) == []


def test_no_other_way_to_write() -> None:
    """Files are made through `files` alone; what belongs to others' formats is named here."""
    allowed = {
        "files.py",
        "object_cache.py",  # machine code: checked by digest, made again where it is missing
        "hdf5.py",  # into memory
        "fetch.py",  # moves what was downloaded and checked
        "keras_archives.py",  # unpacks into a fresh folder, and moves that when it is whole
    }  # fmt: skip
    source = Path(bl.__file__).parent
    words = (
        "os.replace(",
        "os.rename(",
        ".write_bytes(",
        "Path(path).write_text(",
        "mkstemp(",
        '"wb")',
        '"w")',
        '"ab")',
        '"a", encoding',
    )
    found = {p.name for p in source.rglob("*.py") if any(word in p.read_text("utf-8") for word in words)}
    assert found - allowed == set()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("damage") / "whole.keras"
    save_model(small_model(), path)
    return path


def test_a_changed_keras_file_gives_the_same_model_or_is_refused(whole: Path, tmp_path: Path) -> None:
    outcomes = [same_or_refused(whole, changed, tmp_path) for changed in flips(whole.read_bytes(), 120, seed=1)]
    assert Outcome.REFUSED in outcomes
    assert set(outcomes) <= {Outcome.REFUSED, Outcome.SAME}


def test_a_cut_keras_file_is_refused(whole: Path, tmp_path: Path) -> None:
    assert {same_or_refused(whole, cut, tmp_path) for cut in cuts(whole.read_bytes(), 97)} == {Outcome.REFUSED}


def test_the_judge_sees_another_model(whole: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.keras"
    save_model(model_with(5), other)
    assert same_or_refused(whole, other.read_bytes(), tmp_path) is Outcome.DIFFERENT
    with pytest.raises(ModelFileError):
        load_model(tmp_path / "none.keras")
