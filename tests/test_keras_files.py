"""get_file keeps what it fetched, answers MNIST from our copy, and says one thing when there is no network."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backlit.compat import keras_files, keras_precision
from backlit.compat.keras_files import get_file
from backlit.config import floatx, set_floatx
from backlit.datasets import fetch, mnist
from backlit.errors import ConfigError, DataError, DownloadError
from backlit.layers import Dense

ORIGIN = "https://somewhere.example/data/table.csv"
TEXT = b"a,b\n1,2\n"


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were asked for; each gives the same file."""
    addresses: list[str] = []

    def give(url: str, target: Path, label: str) -> None:
        addresses.append(url)
        target.write_bytes(TEXT)

    monkeypatch.setattr(fetch, "_over_https", give)
    monkeypatch.setenv("BACKLIT_HOME", str(tmp_path / "ours"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("BACKLIT_OFFLINE", raising=False)
    return addresses


def test_it_is_fetched_once(asked: list[str], tmp_path: Path) -> None:
    path = get_file("mine.csv", ORIGIN)
    assert Path(path) == tmp_path / "ours" / "datasets" / "mine.csv"
    assert Path(path).read_bytes() == TEXT
    assert get_file("mine.csv", ORIGIN) == path
    assert asked == [ORIGIN]
    get_file("mine.csv", ORIGIN, force_download=True)
    assert asked == [ORIGIN] * 2
    assert get_file(origin=f"{ORIGIN}?raw=1", cache_dir=tmp_path, cache_subdir="x") == str(tmp_path / "x" / "table.csv")
    assert sorted(p.name for p in (tmp_path / "x").iterdir()) == ["table.csv"]


def test_what_keras_left_is_used(asked: list[str], tmp_path: Path) -> None:
    there = tmp_path / "keras" / "datasets" / "table.csv"
    there.parent.mkdir(parents=True)
    there.write_bytes(b"theirs")
    assert get_file("table.csv", ORIGIN) == str(there)
    assert asked == []


@pytest.mark.parametrize("kind", ["md5", "sha256"])
def test_a_hash_is_looked_at(kind: str, asked: list[str], tmp_path: Path) -> None:
    right = hashlib.new(kind, TEXT).hexdigest()
    path = Path(get_file("t.csv", ORIGIN, file_hash=right))
    path.write_bytes(b"damaged")
    assert Path(get_file("t.csv", ORIGIN, file_hash=right)).read_bytes() == TEXT
    assert len(asked) == 2
    with pytest.raises(DataError, match="It was not kept"):
        get_file("other.csv", ORIGIN, file_hash="0" * len(right))
    assert not (path.parent / "other.csv").exists()


def test_without_a_network_one_message(asked: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(url: str, target: Path, label: str) -> None:
        raise OSError("no route")

    monkeypatch.setattr(fetch, "_over_https", refuse)
    with pytest.raises(DownloadError, match=r"could not be fetched: OSError \(no route\).*put the file at .*t.csv"):
        get_file("t.csv", ORIGIN)
    with pytest.raises(DownloadError, match="no https address"):
        get_file("t.csv", "http://somewhere.example/t.csv")
    monkeypatch.setenv("BACKLIT_OFFLINE", "1")
    with pytest.raises(DownloadError, match="BACKLIT_OFFLINE forbids"):
        get_file("t.csv", ORIGIN)
    with pytest.raises(ConfigError, match="neither fname nor origin"):
        get_file()
    with pytest.raises(ConfigError, match="hash_algorithm"):
        get_file("t.csv", ORIGIN, hash_algorithm="crc")
    assert not (tmp_path / "ours" / "datasets" / "t.csv").exists()


def tarred(mode: Any, *members: tuple[str, bytes]) -> bytes:
    """A tar archive of files."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode=mode) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return whole.getvalue()


def zipped(*members: tuple[str, bytes]) -> bytes:
    """A zip archive of files."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return whole.getvalue()


FLOWERS = (("flowers/rose/1.txt", b"red"), ("flowers/tulip/1.txt", b"yellow" * 50))


@pytest.mark.parametrize(
    "content", [tarred("w:gz", *FLOWERS), tarred("w", *FLOWERS), zipped(*FLOWERS)], ids=["tgz", "tar", "zip"]
)
def test_archives_are_unpacked_once(
    content: bytes, asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "TEXT", content)
    ours = tmp_path / "ours" / "datasets"
    folder = get_file("flowers.tgz", ORIGIN, extract=True)
    assert folder == str(ours / "flowers_extracted")
    assert (Path(folder) / "flowers" / "rose" / "1.txt").read_bytes() == b"red"
    assert sorted(p.name for p in ours.iterdir()) == ["flowers.tgz", "flowers_extracted"]
    (Path(folder) / "mine.txt").write_text("kept")
    get_file("flowers.tgz", ORIGIN, extract=True)
    assert (Path(folder) / "mine.txt").exists()
    assert len(asked) == 1
    get_file("flowers.tgz", ORIGIN, extract=True, force_download=True)
    assert sorted(p.name for p in Path(folder).iterdir()) == ["flowers"]
    named = get_file("flowers", ORIGIN, extract=True)
    assert named == str(ours / "flowers")
    assert (ours / "flowers_archive").read_bytes() == content


def linked() -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        info = tarfile.TarInfo("way-out")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc"
        archive.addfile(info)
    return whole.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (tarred("w", ("../x", b"")), "outside the folder"),
        (zipped(("/abs", b"")), "outside the folder"),
        (zipped(("C:\\x", b"")), "outside the folder"),
        (linked(), "neither a file nor a folder"),
        (tarred("w", ("a", b"1"), ("a/b", b"2")), "is damaged"),
        (tarred("w:gz", *FLOWERS)[:90], "is damaged|no archive"),
        (zipped(*FLOWERS)[:60] + b"?" * 20 + zipped(*FLOWERS)[80:], "is damaged"),
        (b"a,b", "no archive"),
    ],
    ids=["above", "absolute", "drive", "link", "file-and-folder", "cut", "damaged", "text"],
)
def test_what_an_archive_must_not_hold(
    content: bytes, message: str, asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "TEXT", content)
    with pytest.raises(DataError, match=message):
        get_file("a.zip", ORIGIN, extract=True)
    assert sorted(p.name for p in (tmp_path / "ours" / "datasets").iterdir()) == ["a.zip"]
    assert not (tmp_path / "ours" / "x").exists()


def test_the_kind_of_an_archive(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "TEXT", zipped(*FLOWERS))
    with pytest.raises(DataError, match="kind asked for \\(tar\\)"):
        get_file("a.zip", ORIGIN, untar=True)
    with pytest.raises(ConfigError, match="archive_format='rar'"):
        get_file("a.zip", ORIGIN, extract=True, archive_format="rar")
    assert Path(get_file("a.zip", ORIGIN, extract=True, archive_format=["tar", "zip"])).is_dir()


def test_mnist_comes_from_our_copy(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.arange(2 * 28 * 28, dtype="uint8").reshape(2, 28, 28)
    split = ((rows, np.array([3, 4], "uint8")), (rows[:1], np.array([5], "uint8")))
    monkeypatch.setattr(mnist, "load_data", lambda **options: split)
    where = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
    with np.load(get_file("mnist.npz", where, file_hash="0" * 64)) as found:
        np.testing.assert_array_equal(found["x_train"], rows)
        np.testing.assert_array_equal(found["y_test"], [5])
    images = gzip.decompress(
        Path(get_file(origin="http://yann.lecun.com/exdb/mnist/train-images-idx3-ubyte.gz")).read_bytes()
    )
    assert images[:16] == bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28])
    assert images[16:] == rows.tobytes()
    assert asked == []
    get_file(origin="https://somewhere.example/fashion-mnist/t10k-labels-idx1-ubyte.gz")
    assert len(asked) == 1


def test_mnist_is_fetched_where_there_is_no_copy(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(**options: Any) -> Any:
        raise DownloadError("none here")

    monkeypatch.setattr(keras_files.mnist, "load_data", missing)
    get_file(origin="https://somewhere.example/mnist/mnist.npz")
    assert len(asked) == 1


def test_precision() -> None:
    before = floatx()
    try:
        keras_precision.set_global_policy("float64")
        assert Dense(1).dtype == "float64"
        assert keras_precision.global_policy().name == "float64"
        with pytest.warns(UserWarning, match="mixed_float16 was asked for; Backlit computes in float32"):
            keras_precision.set_global_policy(keras_precision.Policy("mixed_float16"))
        assert Dense(1).dtype == "float32"
        policy = keras_precision.global_policy()
        assert (policy.name, policy.compute_dtype, policy.variable_dtype) == ("float32", "float32", "float32")
        with pytest.raises(ConfigError, match="A policy is 'float8'"):
            keras_precision.set_global_policy("float8")
    finally:
        set_floatx(before)
