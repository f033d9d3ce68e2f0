"""The shell of model files: writing all or nothing, and refusing what a hostile or damaged file holds."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from backlit.errors import ModelFileError
from backlit.files import replacing, write_file
from backlit.formats import archive, hdf5
from backlit.formats.state import snake_case

SRC = Path(__file__).resolve().parent.parent / "src"
FLOAT = np.dtype("float32")


# --- write -------------------------------------------------------------------------------------------------------


def test_write_replaces_and_leaves_nothing_else(tmp_path):
    target = tmp_path / "a.txt"
    write_file(target, "old")
    write_file(target, "naïve")
    assert target.read_bytes() == "naïve".encode()
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_failing_write_leaves_the_old_file(tmp_path):
    target = tmp_path / "a.txt"
    write_file(target, "old")
    with pytest.raises(ValueError, match="closed"), replacing(target) as file:
        file.close()
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals and locks")
def test_a_killed_write_leaves_the_old_file_and_the_next_one_sweeps(tmp_path):
    target = tmp_path / "a.txt"
    write_file(target, "old")
    code = (
        "import sys\nfrom backlit.files import replacing\n"
        f"with replacing({str(target)!r}) as f:\n"
        " f.write(b'half'); f.flush(); print('go', flush=True); sys.stdin.read()\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(SRC)}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"go\n"
        assert len(os.listdir(tmp_path)) == 2
        write_file(tmp_path / "a.txt", "during")  # a living writer is not swept away
        assert len(os.listdir(tmp_path)) == 2
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    assert target.read_text() == "during"
    write_file(target, "new")
    assert target.read_text() == "new"
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes and links")
def test_write_keeps_mode_and_follows_links(tmp_path):
    target, link = tmp_path / "a.txt", tmp_path / "link"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    write_file(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o640


def test_write_into_a_missing_folder_is_an_oserror(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        write_file(tmp_path / "no" / "a.txt", "x")


# --- the zip -----------------------------------------------------------------------------------------------------

GOOD = {archive.METADATA: b"{}", archive.CONFIG: b'{"a": 1}', archive.WEIGHTS: bytes(range(256)) * 8}


def zipped(path, members, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", method) as file:
        for name, data in members:
            file.writestr(name, data)
    return path


def test_archive_round_trip_and_layout(tmp_path):
    path = tmp_path / "m.keras"
    archive.write_archive(path, GOOD)
    assert archive.read_archive(path) == GOOD
    with zipfile.ZipFile(path) as file:
        assert file.namelist() == list(GOOD)
        assert {info.compress_type for info in file.infolist()} == {zipfile.ZIP_STORED}


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ([*GOOD.items(), ("../evil", b"")], "without folders"),
        ([*GOOD.items(), ("assets/x.txt", b"")], "without folders"),
        ([*GOOD.items(), *((f"m{i}", b"") for i in range(80))], "too many"),
        (list(GOOD.items())[:2], "no member model.weights.h5"),
        (list(GOOD.items())[1:], "no member metadata.json"),
        ([], "no member"),
    ],
)
def test_archives_with_other_members_are_refused(tmp_path, members, words):
    with pytest.raises(ModelFileError, match=words):
        archive.read_archive(zipped(tmp_path / "m.keras", members))


def test_a_member_twice_is_refused(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate"):
        path = zipped(tmp_path / "m.keras", [*GOOD.items(), (archive.CONFIG, b"{}")])
    with pytest.raises(ModelFileError, match="twice"):
        archive.read_archive(path)


def test_a_bomb_is_refused_before_it_unpacks(tmp_path):
    path = zipped(
        tmp_path / "m.keras", [*list(GOOD.items())[:2], (archive.WEIGHTS, bytes(10**7))], zipfile.ZIP_DEFLATED
    )
    with pytest.raises(ModelFileError, match="claims to unpack"):
        archive.read_archive(path)


def test_every_flipped_bit_and_every_cut_is_noticed(tmp_path):
    path = tmp_path / "m.keras"
    archive.write_archive(path, GOOD)
    good = path.read_bytes()
    rng = np.random.default_rng(0)
    harmless = 0
    for place in rng.choice(len(good), 300, replace=False):
        bad = bytearray(good)
        bad[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(bad)
        try:
            assert archive.read_archive(path) == GOOD  # a bit of the zip's dates and attributes changes nothing
            harmless += 1
        except ModelFileError:
            pass
    assert harmless < 60
    for length in rng.choice(len(good), 50, replace=False):
        path.write_bytes(good[:length])
        with pytest.raises(ModelFileError):
            archive.read_archive(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelFileError, match=r"nowhere\.keras does not exist"):
        archive.read_archive(tmp_path / "nowhere.keras")


def test_a_folder_is_no_archive(tmp_path):
    with pytest.raises(ModelFileError, match="could not be read"):
        archive.read_archive(tmp_path)


# --- HDF5 --------------------------------------------------------------------------------------------------------


def store(fill) -> io.BytesIO:
    file = io.BytesIO()
    with h5py.File(file, "w") as target:
        fill(target)
    file.seek(0)
    return file


def read(file, shape=(3,), dtype=FLOAT):
    return hdf5.Reader(file.getvalue(), "m.keras").array("layers/dense", 0, shape, dtype)


def test_tree_round_trip():
    arrays = [np.arange(6, dtype="float32").reshape(2, 3), np.float32(7), np.zeros((0, 4), "float32")]
    file = io.BytesIO()
    hdf5.write_tree(file, {"layers/dense": ("fc", arrays), "layers/flatten": ("f", []), "": ("model", [])})
    reader = hdf5.Reader(file.getvalue(), "m.keras")
    assert [reader.count(p) for p in ("layers/dense", "layers/flatten", "", "layers/nothing")] == [3, 0, 0, 0]
    for i, array in enumerate(arrays):
        assert np.array_equal(reader.array("layers/dense", i, array.shape, FLOAT), array)
    with h5py.File(file, "r") as plain:
        assert plain["layers/dense/vars"].attrs["name"] == "fc"


DATA = np.arange(3, dtype="float32")
PLACE = "layers/dense/vars/0"


def external_storage(target):
    target.create_dataset(PLACE, (3,), "float32", external=[("/etc/hostname", 0, 12)])


def virtual(target):
    layout = h5py.VirtualLayout((3,), "float32")
    layout[:] = h5py.VirtualSource("/etc/hostname", "x", (3,))
    target.create_virtual_dataset(PLACE, layout)


def linked(link):
    def fill(target):
        target.create_dataset("elsewhere", data=DATA)
        target.create_group("layers/dense/vars")["0"] = link

    return fill


@pytest.mark.parametrize(
    ("fill", "words"),
    [
        (external_storage, "stored in another file"),
        (virtual, "stored in another file|compressed or chunked"),
        (linked(h5py.SoftLink("/elsewhere")), "SoftLink"),
        (linked(h5py.ExternalLink("/etc/hostname", "x")), "ExternalLink"),
        (lambda t: t.__setitem__("layers", h5py.SoftLink("/")), "SoftLink"),
        (lambda t: t.create_dataset(PLACE, data=DATA, compression="gzip"), "compressed"),
        (lambda t: t.create_dataset(PLACE, data=DATA, chunks=(1,)), "chunked"),
        (lambda t: t.create_dataset(PLACE, (2**40,), "float32"), "has shape"),
        (lambda t: t.create_dataset(PLACE, (3,), "float32"), "0 bytes on disk"),
        (lambda t: t.create_dataset(PLACE, data=[b"a", b"b", b"c"]), "holds"),
        (lambda t: t.create_dataset(PLACE, data=["a", "b", "c"]), "holds"),
        (lambda t: t.create_dataset(PLACE, data=np.arange(3)), "holds int64"),
        (lambda t: t.create_dataset(PLACE, data=h5py.Empty("float32")), "has shape"),
        (lambda t: t.create_group(PLACE), "is missing"),
        (lambda t: t.create_dataset("layers", data=DATA), "is missing"),
        (lambda t: None, "is missing"),
    ],
)
def test_strange_arrays_are_refused(fill, words):
    with pytest.raises(ModelFileError, match=words):
        read(store(fill))


def test_no_hdf5_at_all():
    with pytest.raises(ModelFileError, match="not a readable HDF5"):
        hdf5.Reader(b"hello", "m.keras")


def test_half_and_double_precision_are_cast():
    for kind in ("float16", "float64"):
        array = read(store(lambda t, kind=kind: t.create_dataset(PLACE, data=DATA.astype(kind))))
        assert array.dtype == FLOAT
        assert np.array_equal(array, DATA)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Dense", "dense"), ("LeakyReLU", "leaky_re_lu"), ("BatchNormalization", "batch_normalization"),
     ("PReLU", "p_re_lu"), ("ELU", "elu"), ("InputLayer", "input_layer"), ("GaussianNoise", "gaussian_noise")],
)  # fmt: skip
def test_snake_case_is_that_of_keras(name, expected):
    assert snake_case(name) == expected
