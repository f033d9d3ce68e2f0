"""Data sets from files: the right bytes are found wherever they lie, wrong ones are named and never used.

Most tests use a toy data set published by the test itself; the real MNIST is read where it is at hand.
"""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import os
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from backlit import datasets
from backlit.datasets import cache, catalog, family, fetch, idx, npz, openml, sources, verify
from backlit.errors import ConfigError, DataError, DownloadError

Arrays = dict[str, np.ndarray[Any, Any]]


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Look into empty folders only, and never at the network."""
    for name in (sources.ENVIRONMENT, "KERAS_HOME", "SCIKIT_LEARN_DATA"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("BACKLIT_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv(fetch.OFFLINE, "1")
    monkeypatch.chdir(home)
    return home


def toy_arrays(seed: int = 0) -> Arrays:
    rng = np.random.default_rng(seed)
    shapes = {"x_train": (6, 28, 28), "y_train": (6,), "x_test": (2, 28, 28), "y_test": (2,)}
    return {role: rng.integers(0, 10, shape, dtype=np.uint8) for role, shape in shapes.items()}


def publish(arrays: Arrays, pinned: str = "payload") -> catalog.Published:
    """Return a catalog row named mnist for small arrays, pinned by payload or by gzip file."""
    parts = []
    for real in catalog.MNIST.parts:
        array = arrays[real.role]
        packed = hashlib.sha256(packed_bytes(array)).hexdigest()
        parts.append(
            catalog.Part(
                real.role,
                real.file,
                array.shape,
                idx.digest(array) if pinned == "payload" else None,
                packed if pinned == "packed" else None,
            )
        )
    return dataclasses.replace(catalog.MNIST, parts=tuple(parts), mirrors=("https://a.example/", "https://b.example/"))


def packed_bytes(array: np.ndarray[Any, Any]) -> bytes:
    return gzip.compress(idx.header(array.dtype, array.shape) + array.tobytes(), mtime=0)


def lay_down(folder: Path, arrays: Arrays, suffix: str = ".gz") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for part in catalog.MNIST.parts:
        idx.write(folder / f"{part.file}{suffix}", arrays[part.role])
    return folder


def assert_same(found: Arrays, expected: Arrays) -> None:
    for role in catalog.ROLES:
        np.testing.assert_array_equal(found[role], expected[role])


# --- the IDX format ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "float32", "float64"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 4)])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_idx_round_trip(tmp_path: Path, dtype: str, shape: tuple[int, ...], suffix: str) -> None:
    array = (np.arange(int(np.prod(shape))).reshape(shape) - 2).astype(dtype)
    file = tmp_path / f"a{suffix}"
    idx.write(file, array)
    found = idx.read(file)
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(found, array)
    assert idx.digest(array) == hashlib.sha256(idx.unpack(file.read_bytes(), file)).hexdigest()


def test_idx_digest_does_not_depend_on_memory_order() -> None:
    a = np.arange(24, dtype=np.int16).reshape(4, 6)
    assert idx.digest(np.asfortranarray(a)) == idx.digest(a) == idx.digest(a.astype(">i2"))


GOOD = idx.header(np.dtype("uint8"), (2, 3)) + bytes(6)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "not an IDX file"),
        (b"\x00\x00", "not an IDX file"),
        (b"\x01" + GOOD[1:], "not an IDX file"),
        (GOOD[:2] + b"\x07" + GOOD[3:], "not an IDX file"),
        (b"PK\x03\x04" + GOOD, "not an IDX file"),
        (GOOD[:10], "truncated"),
        (GOOD[:-1], "truncated"),
        (GOOD + b"\x00", "too long"),
        (GOOD[:4] + b"\xff\xff\xff\xff\xff\xff\xff\xff" + GOOD[12:], "truncated"),
        (gzip.compress(GOOD, mtime=0)[:-9], "truncated gzip"),
        (gzip.compress(GOOD, mtime=0)[:12] + b"\xff" * 8, "gzip"),
        (gzip.compress(GOOD, mtime=0)[:-8] + b"\x00" * 8, "damaged gzip"),
    ],
)
def test_damaged_idx_is_named(tmp_path: Path, data: bytes, complaint: str) -> None:
    file = tmp_path / "damaged-idx"
    file.write_bytes(data)
    with pytest.raises(DataError, match=complaint) as caught:
        idx.read(file)
    assert str(file) in str(caught.value)


def test_idx_missing_file_and_foreign_dtype(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        idx.read(tmp_path / "absent")
    with pytest.raises(DataError, match="complex"):
        idx.header(np.dtype("complex64"), (1,))


def test_gzip_bomb_is_stopped() -> None:
    with pytest.raises(DataError, match="more than the 1000 bytes"):
        idx.unpack(gzip.compress(bytes(10**6)), "bomb", most=1000)


# --- finding and checking ----------------------------------------------------------------------------------------

PLACES = {
    "data_dir": lambda home: home / "given",
    "data_dir/mnist": lambda home: home / "given" / "mnist",
    "data_dir/MNIST/raw": lambda home: home / "given" / "MNIST" / "raw",
    "environment": lambda home: home / "environment",
    "environment/mnist": lambda home: home / "environment" / "mnist",
    "torchvision here": lambda home: home / "data" / "MNIST" / "raw",
    "our cache": lambda home: cache.folder() / "mnist",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_idx_files_are_found(alone: Path, monkeypatch: pytest.MonkeyPatch, place: str, suffix: str) -> None:
    arrays = toy_arrays()
    folder = lay_down(PLACES[place](alone), arrays, suffix)
    data_dir = None
    if place.startswith("data_dir"):
        data_dir = alone / "given"
    if place.startswith("environment"):
        monkeypatch.setenv(sources.ENVIRONMENT, str(alone / "environment"))
    loaded = family.load_published(publish(arrays), data_dir=data_dir)
    assert_same(loaded.arrays, arrays)
    assert Path(loaded.source).resolve() == folder.resolve()


def test_kaggle_names_and_writable_arrays(alone: Path) -> None:
    arrays = toy_arrays()
    folder = lay_down(alone / "given", arrays, "")
    for file in list(folder.iterdir()):
        file.rename(folder / file.name.replace("-idx", ".idx"))
    loaded = family.load_published(publish(arrays), data_dir=folder)
    assert_same(loaded.arrays, arrays)
    assert all(array.flags.writeable for array in loaded.arrays.values())


@pytest.mark.parametrize("how", ["data_dir folder", "data_dir file", "keras cache", "keras home", "path"])
def test_npz_is_found(alone: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    arrays = toy_arrays()
    file = {
        "keras cache": alone / ".keras" / "datasets" / "mnist.npz",
        "keras home": alone / "k" / "datasets" / "mnist.npz",
    }.get(how, alone / "given" / "mnist.npz")
    file.parent.mkdir(parents=True)
    np.savez_compressed(file, **arrays)
    if how == "keras home":
        monkeypatch.setenv("KERAS_HOME", str(alone / "k"))
    given = {
        "data_dir folder": {"data_dir": file.parent},
        "data_dir file": {"data_dir": file},
        "path": {"path": str(file)},
    }
    assert_same(family.load_published(publish(arrays), **given.get(how, {})).arrays, arrays)


def test_a_wrong_file_is_named_with_both_digests_and_refused(alone: Path) -> None:
    arrays, other = toy_arrays(), toy_arrays(seed=1)
    folder = lay_down(alone / "given", arrays)
    idx.write(folder / "t10k-labels-idx1-ubyte.gz", 9 - other["y_test"])
    published = publish(arrays)
    with pytest.raises(DataError, match="not the published file") as caught:
        family.load_published(published, data_dir=folder)
    message = str(caught.value)
    assert str(folder / "t10k-labels-idx1-ubyte.gz") in message
    assert idx.digest(9 - other["y_test"]) in message
    assert published.parts[3].payload is not None
    assert published.parts[3].payload in message


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda data: data[:-20], "truncated gzip"),
        (lambda data: gzip.decompress(data)[:-1], "truncated"),
        (lambda data: b"\x01" + gzip.decompress(data)[1:], "not an IDX file"),
        (lambda data: gzip.compress(gzip.decompress(data) + b"x"), "more than"),
        (lambda data: packed_bytes(np.zeros((3, 2), np.uint8)), "shape"),
        (lambda data: b"", "not an IDX file"),
    ],
)
def test_damaged_files_in_a_chosen_folder(alone: Path, damage: Any, complaint: str) -> None:
    arrays = toy_arrays()
    file = lay_down(alone / "given", arrays) / "train-images-idx3-ubyte.gz"
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(DataError, match=complaint) as caught:
        family.load_published(publish(arrays), data_dir=file.parent)
    assert str(file) in str(caught.value)


def test_one_flipped_pixel_in_an_npz_is_refused(alone: Path) -> None:
    arrays = toy_arrays()
    published = publish(arrays)
    tampered = {**arrays, "x_train": arrays["x_train"].copy()}
    tampered["x_train"][3, 14, 14] ^= 1
    np.savez(alone / "mnist.npz", **tampered)
    with pytest.raises(DataError, match=r"x_train of .*mnist\.npz is not the published file"):
        family.load_published(published, path=str(alone / "mnist.npz"))


@pytest.mark.parametrize("change", [{"x_train": np.zeros((6, 28, 28))}, {"y_test": np.zeros((3,), np.uint8)}])
def test_npz_of_another_shape_or_dtype_is_refused(alone: Path, change: Arrays) -> None:
    arrays = toy_arrays()
    np.savez(alone / "mnist.npz", **{**arrays, **change})
    with pytest.raises(DataError, match="expected"):
        family.load_published(publish(arrays), data_dir=alone / "mnist.npz")


def test_a_wrong_file_in_a_cache_is_passed_over_with_a_warning(alone: Path) -> None:
    arrays = toy_arrays()
    lay_down(cache.folder() / "mnist", arrays)
    keras = alone / ".keras" / "datasets"
    keras.mkdir(parents=True)
    np.savez(keras / "mnist.npz", **toy_arrays(seed=1))
    with pytest.warns(UserWarning, match=r"passed over.*mnist\.npz"):
        loaded = family.load_published(publish(arrays))
    assert_same(loaded.arrays, arrays)


def test_incomplete_and_absent_folders_are_named(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = toy_arrays()
    folder = lay_down(alone / "given", arrays)
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match=r"t10k-labels-idx1-ubyte.*not found"):
        family.load_published(publish(arrays), data_dir=folder)
    monkeypatch.setenv(sources.ENVIRONMENT, str(folder))
    with pytest.raises(DataError, match=r"t10k-labels-idx1-ubyte.*not found"):
        family.load_published(publish(arrays))
    with pytest.raises(DataError, match="does not exist"):
        family.load_published(publish(arrays), data_dir=alone / "nowhere")
    with pytest.raises(DataError, match="does not hold MNIST"):
        family.load_published(publish(arrays), data_dir=alone)


def test_the_environment_may_name_a_folder_with_another_set(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_down(alone / "fashion-mnist", toy_arrays())
    monkeypatch.setenv(sources.ENVIRONMENT, str(alone / "fashion-mnist"))
    with pytest.raises(DownloadError, match="MNIST"):  # not found there, rather than found wrong
        family.load_published(publish(toy_arrays(seed=1)))


def test_gzip_digests_pin_sets_without_payload_digests(alone: Path) -> None:
    arrays = toy_arrays()
    published = publish(arrays, pinned="packed")
    folder = lay_down(alone / "given", arrays)
    assert_same(family.load_published(published, data_dir=folder).arrays, arrays)
    file = folder / "train-labels-idx1-ubyte.gz"
    file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes()), compresslevel=0))
    with pytest.raises(DataError, match="not the published file"):
        family.load_published(published, data_dir=folder)


def test_unpacked_files_are_checked_against_the_noted_payload(alone: Path) -> None:
    arrays = toy_arrays()
    published = publish(arrays, pinned="packed")
    folder = lay_down(alone / "plain", arrays, "")
    with pytest.raises(DataError, match="cannot be checked"):
        family.load_published(published, data_dir=folder)
    verify.note(published, arrays)
    assert_same(family.load_published(published, data_dir=folder).arrays, arrays)
    idx.write(folder / "train-labels-idx1-ubyte", 9 - arrays["y_train"])
    with pytest.raises(DataError, match="not the published file"):
        family.load_published(published, data_dir=folder)


# --- scikit-learn's copy -----------------------------------------------------------------------------------------


def write_arff(file: Path, arrays: Arrays) -> None:
    x = np.concatenate([arrays["x_train"], arrays["x_test"]]).reshape(8, 784)
    y = np.concatenate([arrays["y_train"], arrays["y_test"]])
    rows = [",".join(map(str, row)) + f",'{label}'" for row, label in zip(x, y, strict=True)]
    file.parent.mkdir(parents=True)
    file.write_bytes(gzip.compress(("@RELATION mnist_784\n@ATTRIBUTE p NUMERIC\n@DATA\n" + "\n".join(rows)).encode()))


def test_openml_copy(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openml, "ROWS", 8)
    monkeypatch.setattr(openml, "_TRAIN", 6)
    published = publish(toy_arrays())
    file = (
        alone
        / "scikit_learn_data"
        / "openml"
        / "openml.org"
        / "data"
        / "v1"
        / "download"
        / "52667"
        / "mnist_784.arff.gz"
    )
    write_arff(file, toy_arrays())
    loaded = family.load_published(published)
    assert_same(loaded.arrays, toy_arrays())
    assert loaded.source == str(file)


@pytest.mark.parametrize("text", [b"", b"@DATA\nhello", b"@DATA\n1,2,3", b"1,2,3"])
def test_damaged_openml_copy(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "mnist_784.arff.gz"
    file.write_bytes(gzip.compress(text))
    with pytest.raises(DataError, match=r"mnist_784\.arff\.gz"):
        openml.read(file)


# --- downloading -------------------------------------------------------------------------------------------------


class Mirror:
    """Serves the toy set; fails or lies on demand, and remembers what was asked."""

    def __init__(self, arrays: Arrays, broken: str = "", lying: str = "") -> None:
        self.files = {f"{part.file}.gz": packed_bytes(arrays[part.role]) for part in catalog.MNIST.parts}
        self.broken, self.lying, self.asked = broken, lying, []

    def __call__(self, url: str, target: Path, label: str) -> None:
        self.asked.append(url)
        if self.broken and self.broken in url:
            target.write_bytes(b"half of it")
            raise ConnectionError("no route to host")
        data = self.files[url.rsplit("/", 1)[1]]
        target.write_bytes(gzip.compress(b"portal") if self.lying and self.lying in url else data)


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(fetch.OFFLINE)


@pytest.mark.usefixtures("online")
@pytest.mark.parametrize("trouble", [{}, {"broken": "a.example"}, {"lying": "a.example"}])
def test_fetch_keeps_only_what_is_right(trouble: dict[str, str]) -> None:
    arrays = toy_arrays()
    published = publish(arrays)
    mirror = Mirror(arrays, **trouble)
    assert_same(fetch.fetch(published, mirror), arrays)
    assert all(url.startswith("https://") for url in mirror.asked)
    kept = sorted(file.name for file in (cache.folder() / "mnist").iterdir())
    assert kept == sorted(f"{part.file}.gz" for part in published.parts)
    assert_same(family.load_published(published, download=False).arrays, arrays)


@pytest.mark.usefixtures("online")
@pytest.mark.parametrize(
    ("trouble", "complaint"), [({"broken": "example"}, "no route"), ({"lying": "example"}, "SHA-256")]
)
def test_fetch_tells_why_every_mirror_failed(trouble: dict[str, str], complaint: str) -> None:
    with pytest.raises(DownloadError, match=complaint) as caught:
        fetch.fetch(publish(toy_arrays()), Mirror(toy_arrays(), **trouble))
    assert "https://a.example/" in str(caught.value)
    assert "https://b.example/" in str(caught.value)
    assert not list((cache.folder() / "mnist").iterdir())


@pytest.mark.usefixtures("online")
def test_fetch_notes_payloads_of_sets_pinned_by_gzip() -> None:
    arrays = toy_arrays()
    published = publish(arrays, pinned="packed")
    fetch.fetch(published, Mirror(arrays))
    noted = (cache.folder() / "mnist" / "payload.sha256").read_text()
    assert all(f"{idx.digest(arrays[part.role])}  {part.file}\n" in noted for part in published.parts)
    assert_same(family.load_published(published, download=False).arrays, arrays)


@pytest.mark.usefixtures("online")
def test_fetch_into_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("BACKLIT_HOME", str(tmp_path / "file" / "cache"))
    arrays = toy_arrays()
    assert_same(fetch.fetch(publish(arrays, pinned="packed"), Mirror(arrays)), arrays)


def test_interrupted_fetch_leaves_nothing(online: None) -> None:
    def interrupted(url: str, target: Path, label: str) -> None:
        target.write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch.fetch(publish(toy_arrays()), interrupted)
    assert not list((cache.folder() / "mnist").iterdir())


def test_offline_and_plain_http_are_refused() -> None:
    with pytest.raises(DownloadError, match=fetch.OFFLINE):
        datasets.kmnist.load_data()
    with pytest.raises(DownloadError, match="was not found on this machine"):
        datasets.kmnist.load_data(download=False)

    class Response:
        url = "https://good.example/a"
        headers: ClassVar = {"location": "http://evil.example/a"}

    with pytest.raises(OSError, match="not https"):
        fetch._stay_on_https(Response())
    Response.headers = {}
    fetch._stay_on_https(Response())
    assert all(url.startswith("https://") for entry in catalog.CATALOG.values() for url in entry.mirrors)


def test_the_catalog_is_whole() -> None:
    for entry in catalog.CATALOG.values():
        assert [part.role for part in entry.parts] == list(catalog.ROLES)
        for part in entry.parts:
            pinned = [digest for digest in (part.payload, part.packed) if digest]
            assert len(pinned) == 1
            assert len(pinned[0]) == 64
    digests = [part.payload or part.packed for entry in catalog.CATALOG.values() for part in entry.parts]
    assert len(set(digests)) == 12
    assert catalog.MNIST.parts[0].payload_bytes == 47_040_016


# --- by name and by path -----------------------------------------------------------------------------------------


def test_npz_by_path(tmp_path: Path) -> None:
    x, y = np.arange(24.0).reshape(12, 2), np.arange(12) % 3
    np.savez(tmp_path / "mine.npz", x_train=x, y_train=y)
    mine = datasets.load(str(tmp_path / "mine.npz"))
    assert (mine.name, mine.source, mine.notice) == ("mine", str(tmp_path / "mine.npz"), "")
    np.testing.assert_array_equal(mine.x_train, x[:10])
    np.testing.assert_array_equal(mine.y_test, y[10:])
    np.savez(tmp_path / "mine.npz", x_train=x, y_train=y, x_test=x[:3], y_test=y[:3])
    assert datasets.load(tmp_path / "mine.npz").x_test.shape == (3, 2)


ROWS = np.zeros((4, 2)), np.zeros(4, np.uint8)


@pytest.mark.parametrize(
    ("arrays", "complaint"),
    [
        ({"x_train": ROWS[0]}, "lacks y_train"),
        ({"y_train": ROWS[1]}, "lacks x_train"),
        ({"a": ROWS[0]}, "lacks x_train and y_train"),
        ({"x_train": ROWS[0], "y_train": ROWS[1], "x_test": ROWS[0]}, "lacks y_test"),
        ({"x_train": ROWS[0], "y_train": ROWS[1][:3]}, "same number of rows"),
        ({"x_train": ROWS[0], "y_train": ROWS[1], "x_test": ROWS[0], "y_test": ROWS[1][:1]}, "same number of rows"),
        ({"x_train": ROWS[0][:0], "y_train": ROWS[1][:0]}, "at least one"),
        ({"x_train": ROWS[0][:1], "y_train": ROWS[1][:1]}, "one row"),
        ({"x_train": np.float64(1), "y_train": np.uint8(1)}, "same number of rows"),
        ({"x_train": ROWS[0], "y_train": np.array(list("abcd"))}, "dtype '<U1'"),
        ({"x_train": ROWS[0].astype(complex), "y_train": ROWS[1]}, "dtype '<c16'"),
    ],
)
def test_npz_that_does_not_fit(tmp_path: Path, arrays: Arrays, complaint: str) -> None:
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(DataError, match=complaint) as caught:
        datasets.load(str(tmp_path / "bad.npz"))
    assert "bad.npz" in str(caught.value)


def test_npz_with_pickles_is_never_opened(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "exploded"),)

    np.savez(tmp_path / "bad.npz", x_train=np.array([Bomb(), 1], object), y_train=ROWS[1][:2])
    with pytest.raises(DataError, match=r"x_train in .*bad\.npz cannot be read"):
        datasets.load(str(tmp_path / "bad.npz"))
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half a zip", b"\x80\x04N.", b"plain text"])
def test_npz_that_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"bad\.npz is not a readable"):
        npz.read(tmp_path / "bad.npz")
    with pytest.raises(DataError, match="No such file"):
        npz.read(tmp_path / "absent.npz")


def test_npz_with_a_damaged_member_or_a_lone_array(tmp_path: Path) -> None:
    file = tmp_path / "bad.npz"
    np.savez(file, x_train=np.ones((50, 50)), y_train=np.ones(50))
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(data)
    with pytest.raises(DataError, match=r"x_train in .* cannot be read"):
        npz.read(file)
    np.save(tmp_path / "lone.npy", np.ones(3))
    with pytest.raises(DataError, match="single array"):
        npz.read(tmp_path / "lone.npy")


def test_unknown_names_are_guessed() -> None:
    with pytest.raises(ConfigError, match='Did you mean "fashion_mnist"'):
        datasets.load("fashin_mnist")
    with pytest.raises(ConfigError, match="Known names"):
        datasets.load("zzzz")


def test_auto_falls_back_to_strokes_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = datasets.strokes.load_data(60, 20)
    source = datasets.by_name._BUILT_IN["strokes"][1]
    monkeypatch.setitem(datasets.by_name._BUILT_IN, "strokes", (lambda: drawn, source))
    found = datasets.load("auto")
    assert found.name == "strokes"
    assert "strokes" in found.notice
    assert "\n" not in found.notice
    assert found.x_train is drawn[0][0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.name = "other"  # type: ignore[misc]
    with pytest.raises(DownloadError):
        datasets.load("mnist")


def test_auto_does_not_hide_a_wrong_file(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_down(alone / "mnist", toy_arrays())
    monkeypatch.setenv(sources.ENVIRONMENT, str(alone))
    with pytest.raises(DataError, match="not the published file"):
        datasets.load("auto")
    with pytest.raises(DataError, match="does not exist"):
        datasets.load("auto", data_dir=alone / "typo")


def test_digits() -> None:
    pytest.importorskip("sklearn")
    digits = datasets.load("digits")
    assert (digits.x_train.shape, digits.x_test.shape) == ((1500, 8, 8), (297, 8, 8))
    assert (digits.x_train.dtype, digits.x_train.max(), digits.y_train.max()) == (np.uint8, 255, 9)


def test_digits_without_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sklearn.datasets", None)
    with pytest.raises(ConfigError, match=r"backlit\[sklearn\]"):
        datasets.digits.load_data()


def test_cache_folder_follows_the_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert cache.folder() == tmp_path / "cache"
    monkeypatch.delenv("BACKLIT_HOME")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache.folder() == tmp_path / "xdg" / "backlit"
    monkeypatch.setattr("sys.platform", "darwin")
    assert cache.folder() == Path.home() / "Library" / "Caches" / "backlit"


# --- the real one ------------------------------------------------------------------------------------------------


@pytest.mark.mnist
def test_real_mnist(mnist_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (x_train, y_train), (x_test, y_test) = datasets.mnist.load_data(data_dir=mnist_dir)
    assert (x_train.shape, y_train.shape, x_test.shape, y_test.shape) == catalog.SHAPES
    assert {a.dtype.name for a in (x_train, y_train, x_test, y_test)} == {"uint8"}
    assert y_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert round(float(x_train.mean()), 4) == 33.3184
    monkeypatch.setenv(sources.ENVIRONMENT, str(mnist_dir))
    assert datasets.load("auto").name == "mnist"


@pytest.mark.mnist
def test_real_mnist_as_keras_keeps_it(mnist_dir: Path, alone: Path) -> None:
    (x_train, y_train), (x_test, y_test) = datasets.mnist.load_data(data_dir=mnist_dir)
    file = alone / ".keras" / "datasets" / "mnist.npz"
    file.parent.mkdir(parents=True)
    np.savez(file, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    (found, _), _ = datasets.mnist.load_data("mnist.npz")
    np.testing.assert_array_equal(found, x_train)
