"""Archives of arrays larger than memory, compressed or not: maps, and nothing left of the files they needed."""

from __future__ import annotations

import contextlib
import gc
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from backlit import config
from backlit.cli.app import run
from backlit.datasets import cache, load, mapped_file, npz
from backlit.errors import DataError


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BACKLIT_HOME", str(tmp_path / "home"))


@contextlib.contextmanager
def limit_of(limit: int) -> Iterator[None]:
    config.set_map_limit(limit)
    try:
        yield
    finally:
        config.set_map_limit(None)


def packed_rows(save: Any) -> dict[str, Any]:
    """Write 300 rows of two classes that are easy to tell apart, and return what was written."""
    rng = np.random.default_rng(3)
    y = rng.integers(0, 2, 300)
    parts = {"x_train": (rng.standard_normal((300, 5)) + 3 * y[:, None]).astype(np.float32), "y_train": y}
    save("packed.npz", **parts)
    return parts


def kept_files() -> list[Path]:
    gc.collect()
    return sorted(cache.folder().glob(".arrays*"))


@pytest.mark.parametrize("fortran", [False, True])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_of_an_archive_larger_than_memory_are_maps(save, fortran, monkeypatch):
    monkeypatch.setattr(npz, "AT_ONCE", 1000)
    parts = packed_rows(lambda name, **given: save(name, **{k: np.asfortranarray(v) if fortran else v
                                                            for k, v in given.items()}))  # fmt: skip
    with limit_of(1000):
        data = load("packed.npz")
        assert isinstance(data.x_train, np.memmap)
        assert ("is compressed" in data.notice) == (save is np.savez_compressed)
        assert len(kept_files()) == 2 * (save is np.savez_compressed)  # x and y, each in a file
    np.testing.assert_array_equal(np.concatenate([data.x_train, data.x_test]), parts["x_train"])
    np.testing.assert_array_equal(np.concatenate([data.y_train, data.y_test]), parts["y_train"])
    del data
    assert kept_files() == []
    assert isinstance(load("packed.npz").x_train, np.ndarray)
    assert load("packed.npz").notice == ""


def test_training_on_a_compressed_archive_streams_and_leaves_nothing(capsys):
    packed_rows(np.savez_compressed)
    with limit_of(0):
        assert run(["train", "--data", "packed.npz", "--epochs", "20", "--batch-size", "8", "--quiet"]) == 0
        accuracy = capsys.readouterr().out.split()[2]
        assert float(accuracy) > 90
        assert run(["evaluate", "--data", "packed.npz"]) == 0
        assert f"accuracy {accuracy} %" in capsys.readouterr().out
    assert kept_files() == []


def test_a_damaged_archive_and_a_full_disk_leave_nothing_either(monkeypatch):
    packed_rows(np.savez_compressed)
    data = bytearray(Path("packed.npz").read_bytes())
    with zipfile.ZipFile("packed.npz") as archive:
        info = archive.getinfo("x_train.npy")
    data[info.header_offset + 3000] ^= 1
    Path("damaged.npz").write_bytes(data)
    with limit_of(0):
        with pytest.raises(DataError, match=r"x_train in damaged\.npz cannot be read"):
            load("damaged.npz")
        monkeypatch.setattr(mapped_file.shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
        with pytest.raises(OSError, match=r"of arrays need room: .* BACKLIT_HOME"):
            load("packed.npz")
    assert kept_files() == []
