"""Pictures too many for memory: the same rows in a file, which lives no longer than it is needed."""

from __future__ import annotations

import errno
import gc
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backlit import config
from backlit.cli.app import run
from backlit.datasets import Choices, Preparation, cache, load, mapped_file, picture_rows
from backlit.errors import DataError

Image = pytest.importorskip("PIL.Image", reason="pictures need the image extra")


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BACKLIT_HOME", str(tmp_path / "home"))


@pytest.fixture
def _in_files(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(picture_rows, "most_in_memory", 0)
    monkeypatch.setattr(picture_rows, "AT_ONCE", 2000)
    config.set_map_limit(0)
    yield
    config.set_map_limit(None)


def shades(root: str, count: int = 20, colors: int = 1) -> None:
    """Write dark and light pictures of 8x6 pixels."""
    rng = np.random.default_rng(0)
    for name, low in (("dark", 0), ("light", 150)):
        Path(root, name).mkdir(parents=True)
        for i in range(count):
            pixels = rng.integers(low, low + 100, (6, 8, 1 if colors < 3 else 3)).repeat(4 - colors, axis=2)
            shown = pixels[..., 0] if colors == 1 else pixels[..., :3]
            Image.fromarray(shown.astype(np.uint8)).save(f"{root}/{name}/{i:02}.png")


def left_behind() -> list[Path]:
    gc.collect()
    return sorted(cache.folder().glob(".pictures*"))


def same(one: Any, other: Any) -> None:
    for name in ("x_train", "y_train", "x_test", "y_test"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert one.description == other.description


@pytest.mark.parametrize("colors", [1, 2, 3])  # gray, gray written in colors, colors
def test_the_rows_are_those_of_memory(colors: int, request: pytest.FixtureRequest) -> None:
    shades("one", colors=colors)
    shades("two/train", colors=colors)
    shades("two/test", count=5, colors=colors)
    inside = [load("one"), load("two")]
    request.getfixturevalue("_in_files")
    outside = [load("one"), load("two")]
    for one, other in zip(inside, outside, strict=True):
        same(one, other)
        assert type(one.x_train) is np.ndarray
        assert isinstance(other.x_train, np.memmap)
        assert "kept in a file" in other.notice
    assert len(left_behind()) == 3  # one for the one folder, one for each part of the other
    del one, other, outside
    assert left_behind() == []


@pytest.mark.usefixtures("_in_files")
def test_training_and_what_follows_read_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    shades("all", count=40)
    assert run(["train", "--data", "all", "--epochs", "10", "--batch-size", "4", "--quiet"]) == 0
    accuracy = capsys.readouterr().out.split()[-2]
    assert float(accuracy) > 90
    assert run(["evaluate", "--data", "all"]) == 0
    assert f"accuracy {accuracy} %" in capsys.readouterr().out
    assert run(["predict", "backlit-run/model.keras", "all", "--csv", "said.csv"]) == 0
    assert len(Path("said.csv").read_text().splitlines()) == 81
    assert left_behind() == []


@pytest.mark.usefixtures("_in_files")
def test_every_bad_picture_is_named_and_no_file_left() -> None:
    shades("all")
    whole = Path("all/dark/03.png").read_bytes()
    for name in ("all/dark/03.png", "all/light/19.png"):
        Path(name).write_bytes(whole[:60])
    with pytest.raises(DataError) as told:
        load("all")
    assert "2 of 40 pictures" in str(told.value)
    assert str(told.value).index("dark/03.png") < str(told.value).index("light/19.png")
    assert left_behind() == []


@pytest.mark.usefixtures("_in_files")
def test_a_full_disk_is_told_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.FileIO):
        def write(self, data: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    shades("all")
    monkeypatch.setattr(mapped_file, "new_file", lambda what: (Path("full"), Full("full", "w+")))
    with pytest.raises(OSError, match=r"No space left on device; .* BACKLIT_HOME"):
        load("all")
    assert not Path("full").exists()


@pytest.mark.usefixtures("_in_files")
def test_without_a_cache_the_file_is_a_temporary_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shades("all")
    Path("home").write_text("a file where the cache's folder should be")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    data = load("all")
    assert [path.name[:17] for path in (tmp_path / "tmp").iterdir()] == [".backlit-pictures"]
    assert data.x_train.max() > 150


def test_a_folder_with_a_test_part_is_measured_on_that_part(capsys: pytest.CaptureFixture[str]) -> None:
    shades("all/train", count=30)
    shades("all/test", count=4)
    assert run(["train", "--data", "all", "--epochs", "1", "--quiet"]) == 0
    capsys.readouterr()
    assert run(["evaluate", "--data", "all"]) == 0
    said = capsys.readouterr().out
    assert "in test are taken" in said
    assert "8 examples" in said


def test_only_the_pictures_held_out_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    shades("all", count=12)
    data = load("all", choices=Choices(held_out=0.25))
    read: list[Any] = []
    plain = picture_rows.read_framed
    monkeypatch.setattr(picture_rows, "read_framed", lambda path, frame: read.append(path) or plain(path, frame))
    assert data.description is not None
    labeled = Preparation(data.description).read_labeled("all")
    np.testing.assert_array_equal(labeled.x, data.x_test)
    np.testing.assert_array_equal(labeled.y, data.y_test)
    assert len(read) == 6


def test_explain_takes_examples_as_training_did(capsys: pytest.CaptureFixture[str]) -> None:
    shades("all", count=12)
    rows = "".join(f"{i % 7},{'ab'[i % 2]},{i % 7 * 2 + i % 2}.5\n" for i in range(60))
    Path("table.csv").write_text("size,kind,cost\n" + rows)
    for data, more in (("all", []), ("table.csv", ["--target", "cost"]), ("table.csv", ["--target", "kind"])):
        assert run(["train", "--data", data, *more, "--epochs", "1", "--hidden", "4", "--quiet"]) == 0
        capsys.readouterr()
        assert run(["explain", "backlit-run/model.keras", "--data", data, "--count", "2"]) == 0
        assert "loss" in capsys.readouterr().out
    assert run(["explain", "backlit-run/model.keras"]) == 2
    assert "--data PATH" in capsys.readouterr().err
    assert run(["explain", "backlit-run/model.keras", "--data", "table.csv", "--index", "10"]) == 2
    assert "10 held out in training" in capsys.readouterr().err
    assert run(["explain", "backlit-run/model.keras", "--data", "table.csv", "--native"]) == 0
