"""Data of one's own, from folder or table to an answer: every rule once, every bad input in one message."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backlit import config
from backlit.cli.app import run
from backlit.datasets import Choices, Preparation, load, picture_folder
from backlit.errors import BacklitError, ConfigError, DataError
from backlit.formats import read_notes
from backlit.layers import naming

Image = pytest.importorskip("PIL.Image", reason="pictures need the image extra")


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    naming.clear_session()


def read_csv(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(Path(name).read_text("utf-8").splitlines()))


# --- pictures ----------------------------------------------------------------------------------------------------


def bar(label: int, seed: int, size: tuple[int, int] = (12, 12)) -> np.ndarray:
    """Return a picture of a bar, upright for 0 and lying for 1."""
    rng = np.random.default_rng(seed)
    picture = rng.integers(0, 60, size)
    place = int(rng.integers(2, min(size) - 4))
    rows = (slice(None), slice(place, place + 3)) if label == 0 else (slice(place, place + 3), slice(None))
    picture[rows] = 250
    return picture.astype(np.uint8)


def folder(count: int = 30, root: str = "bars") -> Path:
    for label, name in enumerate(("standing", "lying")):
        Path(root, name).mkdir(parents=True)
        for i in range(count):
            Image.fromarray(bar(label, 100 * label + i)).save(f"{root}/{name}/{i:03}.png")
    return Path(root)


def png_head(width: int, height: int) -> bytes:
    """Return a PNG that claims a size and has hardly any pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def whole_png() -> bytes:
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40)).astype(np.uint8)).save("made.png")
    return Path("made.png").read_bytes()


BAD_PICTURES: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty.png": (lambda: b"", "empty: 0 bytes"),
    "text.png": (lambda: b"just text", "of no kind we know"),
    "truncated.png": (lambda: whole_png()[:900], "not a readable picture"),
    "header only.jpg": (lambda: b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "not a readable picture"),
    "bomb.png": (lambda: png_head(50_000, 50_000), "100,000,000 pixels"),
    "hollow.png": (lambda: png_head(300, 300), "not a readable picture"),
    "zero wide.png": (lambda: png_head(0, 30), "not a readable picture"),
    "program.png": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", "of no kind we know"),
    "archive.png": (lambda: b"PK\x03\x04" + b"\0" * 60, "of no kind we know"),
    "damaged.png": (lambda: whole_png()[:60] + b"\xff" * 200 + whole_png()[260:], "not a readable picture"),
}


@pytest.mark.parametrize("name", BAD_PICTURES)
def test_a_bad_picture_is_refused_by_name(name):
    content, says = BAD_PICTURES[name]
    data = content()
    path = folder() / "lying" / name
    path.write_bytes(data)
    with pytest.raises(DataError, match=says) as caught:
        load("bars")
    assert name in str(caught.value)


def test_all_bad_pictures_are_named_in_one_message_and_nothing_is_left(capsys):
    folder()
    contents = {name: content() for name, (content, _) in BAD_PICTURES.items()}
    for name, content in contents.items():
        Path("bars/standing", name).write_bytes(content)
    assert run(["train", "--data", "bars"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert {name for name in BAD_PICTURES if name in said.err} == set(BAD_PICTURES)
    assert said.err.startswith("error: bars: 10 of 70 pictures cannot be used:\n  ")
    assert not Path("backlit-run").exists()


def test_a_folder_of_results_that_was_there_stays_when_data_are_refused():
    folder()
    Path("bars/standing/bad.png").write_bytes(b"")
    os.mkdir("backlit-run")
    assert run(["train", "--data", "bars"]) == 1
    assert os.listdir("backlit-run") == []


def test_a_list_of_faults_is_cut_where_nobody_reads_on():
    folder()
    for i in range(50):
        Path(f"bars/lying/bad{i:02}.png").write_bytes(b"")
    with pytest.raises(DataError) as caught:
        load("bars")
    assert str(caught.value).count("\n") == 22
    assert "and 30 more" in str(caught.value)


def moving() -> bytes:
    frames = [Image.fromarray(np.full((12, 12), value, np.uint8)) for value in (10, 200)]
    frames[0].save("made.gif", save_all=True, append_images=frames[1:])
    return Path("made.gif").read_bytes()


def saved(array: Any, name: str, mode: str | None = None, **options: Any) -> bytes:
    picture = Image.fromarray(array)
    (picture.convert(mode) if mode else picture).save(name, **options)
    return Path(name).read_bytes()


FLAT = np.full((12, 12), 90, np.uint8)
RED = np.dstack([np.full((12, 12), 200, np.uint8), FLAT, FLAT])
CONVERTED: dict[str, tuple[str, Callable[[], bytes], float]] = {
    "wrong ending": ("x.jpg", lambda: saved(FLAT, "a.png"), 90),
    "16 bits": ("x.png", lambda: saved(FLAT.astype(np.uint16) * 257, "a.png"), 90),
    "palette": ("x.png", lambda: saved(FLAT, "a.png", "P"), 90),
    "colored": ("x.png", lambda: saved(RED, "a.png"), 0.299 * 200 + 0.701 * 90),
    "CMYK": ("x.jpg", lambda: saved(RED, "a.jpg", "CMYK", quality=100), 0.299 * 200 + 0.701 * 90),
    "one bit": ("x.png", lambda: saved(FLAT > 0, "a.png"), 255),
    "seen through": ("x.png", lambda: saved(np.dstack([FLAT, FLAT, FLAT, 0 * FLAT]), "a.png"), 255),
    "animated": ("x.gif", moving, 10),
    "BMP": ("x.bmp", lambda: saved(FLAT, "a.bmp"), 90),
    "TIFF": ("x.tif", lambda: saved(FLAT, "a.tif"), 90),
}


@pytest.mark.parametrize("case", CONVERTED)
def test_every_kind_of_picture_becomes_the_stated_bytes(case):
    name, content, value = CONVERTED[case]
    path = folder(2) / "lying" / name
    path.write_bytes(content())
    listing = picture_folder.find("bars")
    heads = picture_folder.look(listing)
    pixels = picture_folder.read(listing, picture_folder.Frame(12, 12))
    assert np.abs(pixels[listing.paths.index(path)].astype(float) - value).max() <= 2
    assert bool(picture_folder.notices(listing, heads)) == (case == "animated")


def test_classes_are_folders_in_order_and_pictures_lie_as_deep_as_they_like():
    folder(2)
    Path("bars/lying/more/deeper").mkdir(parents=True)
    Path("bars/lying/more/deeper/x.PNG").write_bytes(whole_png())
    Path("bars/.hidden").mkdir()
    Path("bars/.hidden/a.png").write_bytes(b"bad")
    Path("bars/lying/.DS_Store").write_bytes(b"bad")
    Path("bars/lying/Thumbs.db").write_bytes(b"bad")
    Path("bars/lying/notes.txt").write_text("about these")
    Path("bars/readme.md").write_text("about all")
    listing = picture_folder.find("bars")
    assert listing.class_names == ("lying", "standing")
    assert [path.name for path in listing.paths] == ["000.png", "001.png", "x.PNG", "000.png", "001.png"]
    np.testing.assert_array_equal(listing.labels, [0, 0, 0, 1, 1])
    assert sorted(path.name for path in listing.left_out) == ["notes.txt", "readme.md"]
    assert "notes.txt" in load("bars").notice


def one_class() -> None:
    folder(3)
    for path in Path("bars/lying").iterdir():
        path.unlink()
    Path("bars/lying").rmdir()


def with_empty_classes() -> None:
    folder(3)
    Path("bars/nothing").mkdir()
    Path("bars/only text").mkdir()
    Path("bars/only text/a.txt").write_text("a")


def without_classes() -> None:
    Path("bars").mkdir()
    Path("bars/a.png").write_bytes(whole_png())


FOLDERS: dict[str, tuple[Callable[[], None], str]] = {
    "one class": (one_class, "one class only, 'standing'"),
    "empty classes": (with_empty_classes, r"2 of 4 classes have no picture:\n  bars.nothing\n  bars.only text\n"),
    "no classes": (without_classes, "has no folders in it"),
    "empty": (lambda: Path("bars").mkdir(), "has no folders in it"),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_impossible_folders(case):
    make, says = FOLDERS[case]
    make()
    with pytest.raises(DataError, match=says):
        load("bars")


@pytest.mark.skipif(os.name == "nt", reason="makes links")
def test_files_that_cannot_be_read_are_named():
    folder(3)
    Path("bars/lying/gone.png").symlink_to("nowhere.png")
    with pytest.raises(DataError, match=r"gone\.png does not exist"):
        load("bars")


def test_pictures_of_many_sizes_take_the_most_common_one_whole_and_centered():
    folder(3)
    wide = np.full((10, 40), 100, np.uint8)
    wide[:, 15:25] = 255
    Image.fromarray(wide).save("bars/lying/wide.png")
    data = load("bars", choices=Choices(held_out=0.0))
    assert data.x_train.shape == (7, 12, 12)
    (row,) = [i for i in range(7) if (data.x_train[i, 0] == 100).all()]
    picture = data.x_train[row]
    assert (picture[:4] == 100).all()
    assert (picture[8:] == 100).all()  # the border's median fills what is left
    assert picture[5:7, 5:7].min() > 200
    big = load("bars", choices=Choices(size=(20, 30)))
    assert big.x_train.shape[1:] == (20, 30)
    np.testing.assert_array_equal(big.x_test, load("bars", choices=Choices(size=(20, 30))).x_test)


def test_a_frame_nobody_asked_for_has_at_most_64_pixels_a_side():
    folder(0)
    for name in ("lying", "standing"):
        for i in range(3):
            Image.fromarray(bar(0, i, (200, 400))).save(f"bars/{name}/{i}.png")
    assert load("bars").x_train.shape[1:] == (32, 64)


def test_colors_are_kept_where_there_are_any_and_gray_stays_gray():
    folder(3)
    Image.fromarray(np.dstack([bar(0, 1)] * 3)).save("bars/lying/gray in color.png")
    assert load("bars").x_train.shape[1:] == (12, 12)
    Image.fromarray(RED).save("bars/lying/red.png")
    assert load("bars").x_train.shape[1:] == (12, 12, 3)
    assert load("bars", choices=Choices(color="gray")).x_train.shape[1:] == (12, 12)


def test_folders_of_training_and_test_are_taken_as_such():
    folder(12, "all/train")
    folder(5, "all/test")
    data = load("all")
    assert (len(data.x_train), len(data.x_test)) == (24, 10)
    Path("all/test/lying").rename("all/test/laying")
    with pytest.raises(DataError, match="has the classes laying, standing"):
        load("all")


def test_each_class_gives_the_same_share_to_the_test_by_the_seed():
    folder(30)
    data, again, other = (load("bars", choices=Choices(seed=seed, held_out=0.2)) for seed in (0, 0, 1))
    assert np.bincount(data.y_test).tolist() == [6, 6]
    np.testing.assert_array_equal(data.x_test, again.x_test)
    assert not np.array_equal(data.x_test, other.x_test)
    every = np.concatenate([data.x_train, data.x_test]).reshape(60, -1)
    assert len(np.unique(every, axis=0)) == 60


def test_from_a_folder_to_the_names_of_new_pictures(capsys):
    folder(60)
    assert run(["train", "--data", "bars", "--epochs", "12", "--hidden", "16", "--quiet"]) == 0
    accuracy = capsys.readouterr().out.split()[2]
    assert float(accuracy) > 85
    for label, name in ((0, "up.png"), (1, "flat.jpg")):
        Image.fromarray(np.kron(bar(label, 900), np.ones((3, 3), np.uint8))).save(name)
    assert run(["predict", "backlit-run/model.keras", "up.png", "flat.jpg", "--show"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in said if line.endswith(")")] == [["up.png", "standing"], ["flat.jpg", "lying"]]
    assert run(["predict", "backlit-run/model.keras", "bars", "--csv", "answers.csv"]) == 0
    rows = read_csv("answers.csv")
    assert len(rows) == 120
    assert rows[0]["prediction"] in ("lying", "standing")
    capsys.readouterr()
    assert run(["evaluate", "--data", "bars"]) == 0
    said = capsys.readouterr().out
    assert "20 examples (held out in training)" in said
    assert f"accuracy {accuracy} %" in said
    folder(3, "others")
    assert run(["evaluate", "--data", "others"]) == 0
    assert "6 examples (all there are)" in capsys.readouterr().out
    assert run(["evaluate"]) == 2
    for name in ("a.png", "b.png"):
        Path(name).write_bytes(b"")
    assert run(["predict", "backlit-run/model.keras", "a.png", "up.png", "b.png"]) == 1
    said = capsys.readouterr().err
    assert "2 of 3 pictures" in said
    assert "a.png" in said
    assert "b.png" in said
    page = Path("backlit-run/report.html").read_text("utf-8")
    assert "standing" in page


# --- tables ------------------------------------------------------------------------------------------------------


def write_table(rows: int = 120, name: str = "people.csv", seed: int = 0) -> Path:
    rng = np.random.default_rng(seed)
    with open(name, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["age", "city", "code", "income", "yes"])
        for i in range(rows):
            age, city = int(rng.integers(18, 80)), str(rng.choice(["Köln", "Paris", "Oslo"]))
            income = 1000 * (city == "Oslo") + 20 * age + rng.normal(0, 30)
            text = "NA" if i % 10 == 3 else str(age)
            out.writerow([text, "" if i % 15 == 4 else city, i % 3, f"{income:.2f}", "yes" if income > 1300 else "no"])
    return Path(name)


def test_a_table_becomes_standardized_numbers_and_a_column_for_each_category():
    write_table()
    data = load("people.csv", choices=Choices(target="yes", categorical=["code"], drop=["income"]))
    names = list(data.feature_names)
    assert names == [
        "age", "age is missing", "city = Köln", "city = Oslo", "city = Paris", "city is missing",
        "code = 0", "code = 1", "code = 2",
    ]  # fmt: skip
    x = data.x_train
    assert x.dtype == np.float32
    assert abs(x[:, 0].mean()) < 1e-6
    assert abs(x[:, 0].std() - 1) < 1e-6
    np.testing.assert_array_equal(x[:, 2:6].sum(axis=1), 1)
    np.testing.assert_array_equal(x[:, 6:].sum(axis=1), 1)
    missing = x[:, 1] == 1
    assert len(np.unique(x[missing, 0])) == 1  # the median
    assert data.description is not None
    assert data.description["target"]["classes"] == ["no", "yes"]
    json.dumps(dict(data.description), allow_nan=False)


def test_new_rows_are_treated_by_the_numbers_of_training():
    write_table()
    data = load("people.csv", choices=Choices(target="yes", drop=["income"]))
    assert data.description is not None
    again = Preparation(json.loads(json.dumps(dict(data.description))))
    found = again.read_labeled("people.csv")
    assert found.held_out
    np.testing.assert_array_equal(found.x, data.x_test)
    np.testing.assert_array_equal(found.y, data.y_test)
    Path("new.csv").write_text("city;code;age\nRoma;1;30,5\n?;2;\n", "utf-8")
    rows = again.read(["new.csv"])
    names = list(data.feature_names)
    place = {name: i for i, name in enumerate(names)}
    assert "Roma" in rows.notice
    assert rows.x[0, [place[n] for n in names if n.startswith("city")]].tolist() == [0, 0, 0, 0]
    assert rows.x[1, place["city is missing"]] == 1
    assert rows.x[1, place["age is missing"]] == 1
    ages = {c["name"]: c for c in data.description["columns"]}["age"]
    assert rows.x[0, place["age"]] == np.float32((30.5 - ages["mean"]) / ages["deviation"])
    assert rows.x[1, place["age"]] == np.float32((ages["median"] - ages["mean"]) / ages["deviation"])


def test_from_a_table_to_classes_and_from_a_table_to_numbers(capsys):
    write_table(400)
    wanted = ["--data", "people.csv", "--epochs", "25", "--quiet"]
    assert run(["train", *wanted, "--target", "yes", "--drop", "income", "--out", "classes"]) == 0
    assert float(capsys.readouterr().out.split()[2]) > 80
    assert run(["train", *wanted, "--target", "income", "--drop", "yes", "--out", "numbers"]) == 0
    error = float(capsys.readouterr().out.split()[2])
    write_table(50, "new.csv", seed=5)
    assert run(["predict", "numbers/model.keras", "new.csv"]) == 0
    said = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    right = read_csv("new.csv")
    off = [float(a["prediction"]) - float(b["income"]) for a, b in zip(said, right, strict=True) if b["age"] != "NA"]
    assert np.sqrt(np.mean(np.square(off))) < 3 * error
    assert np.std([float(row["income"]) for row in right]) > 2 * error
    assert [row["line"] for row in said[:2]] == ["2", "3"]
    page = Path("numbers/report.html").read_text("utf-8")
    for part in (
        "Predicted and right values",
        "Furthest off",
        "test error, root mean",
        "Mean absolute error",
        "city = Oslo",
    ):
        assert part in page
    assert "Confusion" not in page
    assert run(["evaluate", "numbers/model.keras", "--data", "people.csv"]) == 0
    assert f"error {error:.4g}".split(".")[0] in capsys.readouterr().out
    assert run(["predict", "classes/model.keras", "new.csv", "--csv", "said.csv"]) == 0
    assert {row["prediction"] for row in read_csv("said.csv")} == {"yes", "no"}


@pytest.mark.parametrize(
    ("values", "asked", "task"),
    [
        (["0", "1"] * 30, "auto", "classification"),
        ([str(i % 20) for i in range(100)], "auto", "classification"),
        ([str(i % 21) for i in range(100)], "auto", "regression"),
        (["0.5", "1"] * 30, "auto", "regression"),
        (["a", "b"] * 30, "auto", "classification"),
        (["1", "2", "3"] * 20, "regression", "regression"),
        (["1.5", "2.5"] * 20, "classification", "classification"),
    ],
)
def test_amount_or_class(values, asked, task):
    rows = "\n".join(f"{i},{value}" for i, value in enumerate(values))
    Path("t.csv").write_text(f"x,y\n{rows}\n")
    data = load("t.csv", choices=Choices(target="y", task=asked))
    assert data.description is not None
    assert data.description["target"]["task"] == task


GOOD = "".join(f"{i},{i % 3},{'ab'[i % 2]}\n" for i in range(40))
BAD_TABLES: dict[str, tuple[bytes, dict[str, Any], str]] = {
    "empty": (b"", {}, "is empty"),
    "no rows": (b"x,y\n", {}, "no rows"),
    "ragged": (b"x,z,y\n1,2,a\n1,2\n1,2,b\n1,2,3,a\n", {}, r"2 of 4 rows .*\n  line 3 has 2\n  line 5 has 4\n"),
    "latin": (
        "x,y\n1,ä\n2,b\n3,ö\n".encode("latin-1"), {},
        r"not written in UTF-8; 2 of its lines.*\n  line 2: .*\n  line 4",
    ),
    "open quote": (b'x,y\n1,"a\n2,b\n', {}, "cannot be read as a table"),
    "same names": (b"x,x,y,y\n1,2,a,b\n", {}, r"same name:\n  'x': 2 times\n  'y': 2 times"),
    "no names": (b"1,2,3\n4,5,6\n", {}, "begins with a line of numbers"),
    "target absent": (b"x,why\n1,a\n", {}, r"no column 'y' for --target"),
    "target without values": (b"x,y\n1,\n2,NA\n", {}, "no value in any row"),
    "one class": (b"x,y\n1,a\n2,a\n3,\n", {}, "one class only, 'a'"),
    "one amount": (b"x,y\n" + b"1,2.5\n" * 9, {"task": "regression"}, "is 2.5 in every training row"),
    "text amounts": (
        b"x,y\n1,a\n2,3\n4,b\n", {"task": "regression"},
        r"2 values of the target .*\n  y in line 2: 'a'\n  y in line 4: 'b'",
    ),
    "classes of their own": (b"x,y\n" + b"".join(b"1,n%d\n" % i for i in range(50)), {}, "50 classes in 50 rows"),
    "nothing else": (b"y\na\nb\n", {}, "no column beside the target"),
    "columns without values": (
        b"p,q,x,y\n" + b",NA,1,a\n,?,2,b\n" * 9, {},
        r"2 of 3 columns .*\n  p has no value in any row\n  q has no value",
    ),
    "too many categories": (
        b"name,x,y\n" + b"".join(b"p%d,%d,%s\n" % (i, i, b"ab"[i % 2 : i % 2 + 1]) for i in range(200)), {},
        r"name has 1\d\d categories, expected at most 100\n  Leave them out with --drop name",
    ),
    "a number misspelled": (
        b"x,y\n" + b"".join(b"%d,%s\n" % (i, b"ab"[i % 2 : i % 2 + 1]) for i in range(200)) + b"1O,a\n", {},
        "200 are numbers, the first that is none is x in line 202: '1O'",
    ),
    "infinite": (b"x,y\n" + b"1,a\ninf,b\n2,a\n3,b\n", {}, "x is infinite or no number in 1 rows"),
    "drop of nothing": (b"x,y\n1,a\n2,b\n", {"drop": ["z", "w"]}, r"--drop z\n  --drop w"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_TABLES)
def test_an_impossible_table_is_refused_in_one_message(case):
    content, given, says = BAD_TABLES[case]
    Path("t.csv").write_bytes(content)
    with pytest.raises(DataError, match=says):
        load("t.csv", choices=Choices(target="y", **given))


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfx,y\n1,a\n2,b\n1,a\n2,b\n",
        "x,y\n1,a\n2,b\n1,a\n2,b\n".encode("utf-16"),
        b"x;y\r\n1,0;a\r\n2,0;b\r\n1;a\r\n2;b\r\n",
        b"x\ty\n1\ta\n2\tb\n\n1\ta\n2\tb\n",
        b'"x", "y"\n1, "a"\n2 , b\n1,a\n2,b\n',
    ],
    ids=["byte order mark", "UTF-16", "semicolons", "tabs", "quotes and blanks"],
)
def test_the_same_table_in_other_clothes(content):
    Path("t.csv").write_bytes(content)
    data = load("t.csv", choices=Choices(target="y", held_out=0.0))
    assert data.feature_names == ("x",)
    assert sorted(data.x_train[:, 0].tolist()) == [-1, -1, 1, 1]
    np.testing.assert_array_equal(data.y_train, data.x_train[:, 0] > 0)


def test_new_tables_that_do_not_fit_are_refused():
    write_table()
    data = load("people.csv", choices=Choices(target="yes", drop=["income"]))
    assert data.description is not None
    again = Preparation(data.description)
    Path("new.csv").write_text("city,income\nOslo,3\n", "utf-8")
    with pytest.raises(DataError, match=r"lacks columns .*\n  age\n  code\n"):
        again.read(["new.csv"])
    Path("new.csv").write_text("city,age,code\nOslo,old,1\nOslo,3,x\n", "utf-8")
    with pytest.raises(DataError, match=r"2 values .*\n  age in line 2: 'old'\n  code in line 3: 'x'"):
        again.read(["new.csv"])
    Path("new.csv").write_text("city,age,code,yes\nOslo,3,1,maybe\n", "utf-8")
    with pytest.raises(DataError, match=r"classes the network does not know:\n  maybe"):
        again.read_labeled("new.csv")
    with pytest.raises(ConfigError, match="2 files were given"):
        again.read(["new.csv", "people.csv"])
    for damaged in (
        {},
        {"kind": "table"},
        {"target": {"task": 1}},
        {**data.description, "columns": [{"kind": "number"}]},
    ):
        with pytest.raises(DataError, match="damaged"):
            Preparation(damaged)


# --- arrays ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [None, 0], ids=["in memory", "streamed"])
def test_from_two_arrays_to_a_network(limit, capsys):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 600)
    x = np.stack([bar(label, i) for i, label in enumerate(y)])
    np.save("x.npy", x)
    np.save("y.npy", y)
    with limit_of(limit):
        assert run(["train", "--data", "x.npy", "--labels", "y.npy", "--epochs", "8", "--quiet"]) == 0
        accuracy = capsys.readouterr().out.split()[2]
        assert float(accuracy) > 85
        assert run(["evaluate", "--data", "x.npy", "--labels", "y.npy"]) == 0
        said = capsys.readouterr().out
        assert "100 examples (held out in training)" in said
        assert accuracy in said
        assert run(["predict", "backlit-run/model.keras", "x.npy"]) == 0
        assert len(capsys.readouterr().out.splitlines()) == 601
    assert read_notes("backlit-run/model.keras")["preparation"]["kind"] == "array"


@contextlib.contextmanager
def limit_of(limit: int | None) -> Any:
    config.set_map_limit(limit)
    try:
        yield
    finally:
        config.set_map_limit(None)


def test_rows_sorted_by_class_are_told_of():
    np.save("x.npy", np.zeros((60, 4), np.uint8))
    np.save("y.npy", np.repeat([0, 1, 2], 20))
    with limit_of(0):
        assert "do not have the classes" in load("x.npy", choices=Choices(labels="y.npy")).notice
    assert load("x.npy", choices=Choices(labels="y.npy")).notice == ""


@pytest.mark.parametrize(
    ("x", "y", "says"),
    [
        (np.zeros((5, 2)), np.zeros(4, int), "shape"),
        (np.zeros(5), np.zeros(5, int), "shape"),
        (np.array(["a"] * 5), np.zeros(5, int), "expected numbers"),
        (np.zeros((0, 3)), np.zeros(0, int), "Expected rows of numbers"),
        (np.array([None, 1], object), np.zeros(2, int), "no whole .npy file"),
    ],
)
def test_impossible_arrays(x, y, says):
    np.save("x.npy", x, allow_pickle=True)
    np.save("y.npy", y)
    with pytest.raises(DataError, match=says):
        load("x.npy", choices=Choices(labels="y.npy"))


@pytest.mark.parametrize(
    ("name", "column", "says"),
    [
        ("n.npy", "x", "^n.npy holds nan in row 17 "),
        ("n.npz", "x_train", "^n.npz: x_train holds nan in row 17 "),
        ("n.npz", "x_test", "^n.npz: x_test holds inf in row 17 "),
        ("n.npy", "y", "^y.npy has one class only, 1"),
        ("n.npz", "y_train", "^n.npz: y_train has one class only, 1"),
    ],
)
def test_what_is_wrong_with_arrays_is_named_as_in_the_file(name, column, says, capsys):
    parts = {part: np.zeros((30, 3), np.float32) for part in ("x_train", "x_test")}
    parts |= {part: np.arange(30) % 2 for part in ("y_train", "y_test")}
    if column.startswith("x"):
        parts["x_train" if column == "x" else column][17, 1] = np.inf if column == "x_test" else np.nan
    else:
        parts["y_train"] = np.ones(30, int)
    np.savez("n.npz", **parts)
    np.save("n.npy", parts["x_train"])
    np.save("y.npy", parts["y_train"])
    more = ["--labels", "y.npy"] if name == "n.npy" else []
    assert run(["train", "--data", name, *more, "--epochs", "1"]) == 1
    assert re.search(says, capsys.readouterr().err.removeprefix("error: "))
    assert not Path("backlit-run/model.keras").exists()


def test_a_bad_test_row_of_an_array_larger_than_memory_is_told_before_training(capsys):
    x = np.zeros((30, 3), np.float32)
    x[29, 1] = np.nan
    np.save("n.npy", x)
    np.save("y.npy", np.arange(30) % 2)
    with limit_of(100):
        assert run(["train", "--data", "n.npy", "--labels", "y.npy", "--epochs", "1"]) == 1
    assert "n.npy, counted from row 25, holds nan in row 4" in capsys.readouterr().err
    assert not Path("backlit-run/model.keras").exists()


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_a_network_of_an_npz_answers_for_rows_and_is_measured_on_the_file(task, capsys):
    x = np.random.default_rng(0).normal(size=(90, 3)).astype(np.float32)
    y = (x[:, 0] > 0).astype(int) if task == "classification" else 500 + 40 * x[:, 0]
    np.savez("n.npz", x_train=x, y_train=y)
    np.save("new.npy", x[:4])
    assert run(["train", "--data", "n.npz", "--task", task, "--epochs", "2", "--quiet"]) == 0
    trained = capsys.readouterr().out
    assert run(["predict", "backlit-run/model.keras", "new.npy"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 5
    for verb in ("evaluate", "explain"):
        assert run([verb, "backlit-run/model.keras", "--data", "n.npz"]) == 0
        said = capsys.readouterr().out
        assert "the test rows are taken" in said
        if verb == "evaluate":
            assert trained.split()[2] in said


def test_a_file_of_another_kind_is_no_unknown_name(capsys):
    Path("t.png").write_bytes(b"")
    assert run(["train", "--data", "t.png"]) == 1
    assert "t.png has no ending we know" in capsys.readouterr().err
    np.save("x.npy", np.zeros((9, 2)))
    np.save("y.npy", np.arange(9) - 1)
    assert run(["train", "--data", "x.npy", "--labels", "y.npy"]) == 1
    assert "The labels hold -1" in capsys.readouterr().err


def test_an_npz_larger_than_memory_stays_in_its_file(capsys):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 300)
    x = np.stack([bar(label, i) for i, label in enumerate(y)])
    np.savez("plain.npz", x_train=x, y_train=y)
    with limit_of(1000):
        plain = load("plain.npz")
        assert isinstance(plain.x_train, np.memmap)
        np.testing.assert_array_equal(np.concatenate([plain.x_train, plain.x_test]), x)
        assert run(["train", "--data", "plain.npz", "--epochs", "8", "--quiet"]) == 0
        assert float(capsys.readouterr().out.split()[2]) > 80


def test_a_number_from_an_npz(capsys):
    x = np.random.default_rng(0).normal(size=(300, 3))
    np.savez("n.npz", x_train=x, y_train=500 + 40 * x[:, 0])
    assert run(["train", "--data", "n.npz", "--task", "regression", "--epochs", "30", "--quiet"]) == 0
    assert float(capsys.readouterr().out.split()[2]) < 20
    np.save("new.npy", np.array([[1.0, 0, 0], [-1, 0, 0]]))
    assert run(["predict", "backlit-run/model.keras", "new.npy"]) == 0
    said = [float(line.split(",")[1]) for line in capsys.readouterr().out.splitlines()[1:]]
    np.testing.assert_allclose(said, [540, 460], atol=15)


# --- options, and what a run that fails leaves -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says", "status"),
    [
        ("--data t.csv", "say which column to learn with --target. It has x, y", 2),
        ("--data t.csv --target z", "no column 'z'", 1),
        ("--data t.csv --target y --size 28", "--size was given", 2),
        ("--data t.csv --target y --task regressions", 'Did you mean "regression"', 2),
        ("--data bars --target y", "--target was given", 2),
        ("--data bars --color green", "green", 2),
        ("--data bars --size 0", "--size is '0'", 2),
        ("--data bars --size 28x28x3", "--size is", 2),
        ("--data bars --test-split 1", "--test-split is 1.0", 2),
        ("--data bars --test-split nan", "--test-split is nan", 2),
        ("--data nowhere.csv --target y", "nowhere.csv", 1),
        ("--data no/where", "does not exist", 1),
        ("--data x.npy", "--labels", 2),
        ("--data x.npy --labels nowhere.npy", "nowhere.npy", 1),
    ],
)
def test_options_that_do_not_fit_the_data(arguments, says, status, capsys):
    folder(3)
    Path("t.csv").write_text("x,y\n" + "1,a\n2,b\n" * 9)
    np.save("x.npy", np.zeros((5, 2)))
    assert run(["train", *arguments.split()]) == status
    said = capsys.readouterr()
    assert said.out == ""
    assert says in said.err
    assert "Traceback" not in said.err


def test_a_run_that_fails_leaves_the_earlier_one_as_it_was(capsys):
    write_table()
    good = ["train", "--data", "people.csv", "--target", "yes", "--epochs", "1", "--quiet"]
    assert run(good) == 0
    before = {path: path.read_bytes() for path in Path("backlit-run").iterdir()}
    Path("bad.csv").write_text("x,yes\n1\n2,3,4\n")
    assert run(["train", "--data", "bad.csv", "--target", "yes"]) == 1
    hot = ["--optimizer", "sgd", "--learning-rate", "1e30", "--target", "income", "--drop", "yes"]
    with pytest.warns(UserWarning, match="finite"):
        assert run(["train", "--data", "people.csv", "--epochs", "2", *hot, "--quiet"]) == 1
    assert "nothing was saved" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in Path("backlit-run").iterdir()} == before


def test_the_folder_of_results_is_tried_before_the_data(capsys):
    Path("taken").write_text("a file")
    assert run(["train", "--data", "bars", "--out", "taken"]) == 2
    assert "cannot be a folder" in capsys.readouterr().err


def test_keras_passes_over_the_notes(capsys):
    write_table()
    assert run(["train", "--data", "people.csv", "--target", "yes", "--epochs", "1", "--quiet"]) == 0
    with zipfile.ZipFile("backlit-run/model.keras") as archive:
        assert sorted(archive.namelist()) == ["config.json", "metadata.json", "model.weights.h5"]
        notes = json.loads(archive.read("metadata.json"))["backlit_notes"]
    assert notes == read_notes("backlit-run/model.keras")
    with pytest.raises(BacklitError):
        read_notes("people.csv")
