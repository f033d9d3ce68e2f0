"""The command line: every verb, every impossible option in one line, and a clean end on Ctrl-C and broken pipes."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from backlit import datasets
from backlit._version import __version__
from backlit.cli.app import run
from backlit.formats import load_model
from backlit.layers import naming

SRC = Path(__file__).resolve().parent.parent / "src"


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BACKLIT_DATA", raising=False)


def command(*arguments: str, **options) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(SRC), "COLUMNS": "100"}
    return subprocess.Popen(
        [sys.executable, "-m", "backlit", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, **options,
    )  # fmt: skip


# --- help --------------------------------------------------------------------------------------------------------


def test_version(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"backlit {__version__}\n"


@pytest.mark.parametrize("verb", ["train", "evaluate", "predict", "summary", "explain", "verify"])
def test_help_of_every_verb(verb, capsys):
    assert run(["--help"]) == 0
    assert verb in capsys.readouterr().out
    assert run([verb, "--help"]) == 0
    assert "Usage" in capsys.readouterr().out


def test_help_names_every_option_of_train(capsys):
    run(["train", "--help"])
    text = capsys.readouterr().out
    for option in [
        "dataset",
        "data-dir",
        "hidden",
        "activation",
        "dropout",
        "batch-norm",
        "epochs",
        "batch-size",
        "optimizer",
        "learning-rate",
        "validation-split",
        "seed",
        "resume",
        "out",
        "run-eagerly",
        "quiet",
    ]:
        assert f"--{option}" in text


# --- impossible options ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "--epochs", "0"], "--epochs is 0"),
        (["train", "--epochs", "-3"], "--epochs is -3"),
        (["train", "--epochs", "2.5"], "--epochs"),
        (["train", "--batch-size", "0"], "--batch-size is 0"),
        (["train", "--batch-size", "many"], "--batch-size"),
        (["train", "--hidden", "0"], "--hidden is 0"),
        (["train", "--hidden", "100", "--hidden", "-1"], "--hidden is -1"),
        (["train", "--dropout", "1"], "--dropout is 1.0"),
        (["train", "--dropout", "-0.1"], "--dropout is -0.1"),
        (["train", "--dropout", "nan"], "--dropout is nan"),
        (["train", "--learning-rate", "0"], "--learning-rate is 0.0"),
        (["train", "--learning-rate", "-1"], "--learning-rate is -1.0"),
        (["train", "--learning-rate", "inf"], "--learning-rate is inf"),
        (["train", "--learning-rate", "nan"], "--learning-rate is nan"),
        (["train", "--validation-split", "1"], "--validation-split is 1.0"),
        (["train", "--validation-split", "nan"], "--validation-split is nan"),
        (["train", "--seed", "-1"], "--seed is -1"),
        (["train", "--out", os.devnull + "/x"], "--out"),
        (["train", "--nonsense"], "No such option"),
        (["train", "surplus"], "surplus"),
        (["trian"], "trian"),
        (["predict"], "Missing argument"),
    ],
)
def test_impossible_options(arguments, words, capsys):
    assert run(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1
    assert words in said.err
    assert not re.search(r"Traceback|[┌╭│]", said.err)


def test_no_arguments_show_the_help(capsys):
    assert run([]) == 0
    assert "Usage" in capsys.readouterr().out


# --- the main job ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Return an .npz file: 12x12 pictures of bars, four classes by their place, some of them hard."""
    rng = np.random.default_rng(0)

    def part(count):
        y = rng.integers(0, 4, count)
        x = rng.integers(0, 120, (count, 12, 12))
        for i, label in enumerate(y):
            x[i, :, 3 * label : 3 * label + rng.integers(1, 4)] += rng.integers(20, 130)
        return x.astype(np.uint8), y

    (x, y), (x_test, y_test) = part(400), part(100)
    path = tmp_path_factory.mktemp("data") / "bars.npz"
    np.savez(path, x_train=x, y_train=y, x_test=x_test, y_test=y_test)
    return path


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory) -> Path:
    """Return the folder of a finished run."""
    out = tmp_path_factory.mktemp("run")
    naming.clear_session()
    assert run(["train", "--dataset", str(data), "--hidden", "16", "--epochs", "2", "--out", str(out), "--quiet"]) == 0
    return out


def test_train_prints_the_story_and_leaves_three_files(data, capsys):
    assert run(["train", "--dataset", str(data), "--hidden", "20", "--hidden", "10", "--epochs", "3"]) == 0
    text = capsys.readouterr().out
    assert "400 training and 100 test examples" in text
    assert "144-20-10-4: 3,154 parameters" in text
    assert "Epoch 3/3" in text
    assert re.search(r"Test accuracy \d+\.\d\d % \(\d+ of 100 wrong\)", text)
    assert sorted(os.listdir("backlit-run")) == ["history.csv", "model.keras", "report.html"]
    with open("backlit-run/history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} < set(rows[0])
    page = Path("backlit-run/report.html").read_text("utf-8")
    for part in (
        "Learning curves",
        "Confusion matrix",
        "Most confident mistakes",
        "First-layer weights",
        "Layer by layer",
    ):
        assert part in page
    assert "144–20–10–4" in page


def test_the_saved_network_is_the_trained_one(data, trained, capsys):
    assert run(["train", "--dataset", str(data), "--hidden", "16", "--epochs", "2", "--quiet"]) == 0
    said = capsys.readouterr().out
    assert re.fullmatch(r"Test accuracy \d+\.\d\d %\n", said)
    assert run(["evaluate", str(trained / "model.keras"), "--dataset", str(data)]) == 0
    assert said.split()[2] in capsys.readouterr().out  # the same seed gave the same network


@pytest.mark.parametrize(
    "more",
    [
        ["--batch-norm", "--dropout", "0.3", "--activation", "leaky_relu", "--optimizer", "RMSprop"],
        ["--learning-rate", "0.05", "--optimizer", "sgd", "--run-eagerly", "--validation-split", "0"],
        ["--batch-size", "1000", "--seed", "18446744073709551615"],
    ],
)
def test_train_with_other_options(more, data, capsys):
    assert run(["train", "--dataset", str(data), "--hidden", "8", "--epochs", "1", "--quiet", *more]) == 0
    assert capsys.readouterr().err == ""


def test_train_on_rows_that_are_no_pictures(tmp_path, capsys):
    x = np.random.default_rng(0).normal(size=(60, 5)).astype("float32")
    np.savez(tmp_path / "rows.npz", x_train=x, y_train=(x[:, 0] > 0).astype(int))
    assert run(["train", "--dataset", "rows.npz", "--epochs", "1"]) == 0
    assert "5-100-2" in capsys.readouterr().out
    assert "a row for each unit" in Path("backlit-run/report.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--activation", "rellu"], 'Did you mean "relu"'),
        (["--optimizer", "adamm"], "Did you mean"),
        (["--dataset", "mnits"], 'Did you mean "mnist"'),
    ],
)
def test_unknown_names(more, words, data, capsys):
    assert run(["train", "--dataset", str(data), *more]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    assert words in said


@pytest.mark.parametrize(
    "labels", [np.arange(60) - 1, np.arange(60) / 7, np.eye(4)[np.arange(60) % 4], np.array(["a", "b"] * 30)]
)
def test_labels_that_are_no_classes(labels, tmp_path, capsys):
    np.savez(tmp_path / "bad.npz", x_train=np.zeros((60, 4), "float32"), y_train=labels)
    assert run(["train", "--dataset", "bad.npz"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1


# --- the other verbs ---------------------------------------------------------------------------------------------


def test_summary(trained, capsys):
    assert run(["summary", str(trained / "model.keras")]) == 0
    assert "dense (Dense)" in capsys.readouterr().out
    assert run(["summary", str(trained / "model.keras"), "--cost"]) == 0
    assert "FLOPs" in capsys.readouterr().out


def test_explain(data, trained, capsys):
    assert run(["explain", str(trained / "model.keras"), "--dataset", str(data), "--weight", "dense/kernel"]) == 0
    text = capsys.readouterr().out
    places = [text.index(word) for word in ("FORWARD", "LOSS", "BACKWARD", "UPDATE", "ONE WEIGHT")]
    assert places == sorted(places)
    assert run(["explain", "--dataset", str(data)]) == 0
    assert run(["explain", "--dataset", str(data), "--index", "400"]) == 2


def test_explain_native(data, trained, monkeypatch, capsys):
    pytest.importorskip("llvmlite")
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["explain", str(trained / "model.keras"), "--dataset", str(data), "--native"]) == 0
    text = capsys.readouterr().out
    assert "dense (Dense), from the formula to the instruction" in text
    assert "(32, 144)" in text  # a batch as in training
    assert max(map(len, text.splitlines())) <= 80
    assert run(["explain", "--dataset", str(data), "--layer", "-1", "--full", "--count", "2"]) == 0
    assert "Kernel (1)" in capsys.readouterr().out
    assert run(["explain", "--dataset", str(data), "--native", "--layer", "dens"]) == 2
    assert "Did you mean" in capsys.readouterr().err


def test_predict(tmp_path, capsys):
    image = pytest.importorskip("PIL.Image", reason="predict reads pictures with the image extra")
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 20, (200, 28, 28)), np.arange(200) % 2
    x[y == 0, 4:24, 12:16] = 255  # an upright bar is 0, a lying one 1
    x[y == 1, 12:16, 4:24] = 255
    np.savez("bars.npz", x_train=x.astype(np.uint8), y_train=y)
    assert run(["train", "--dataset", "bars.npz", "--epochs", "6", "--quiet"]) == 0
    paper = np.full((90, 60, 3), 250, np.uint8)
    paper[20:70, 30:36] = 30
    image.fromarray(paper).save("upright.png")
    image.fromarray(paper.swapaxes(0, 1)).save("lying.jpg")
    capsys.readouterr()
    assert run(["predict", "backlit-run/model.keras", "upright.png", "lying.jpg", "--show"]) == 0
    text = capsys.readouterr().out
    assert re.search(r"^upright\.png +0 ", text, re.M)
    assert re.search(r"^lying\.jpg +1 ", text, re.M)
    assert text.count("\n") == 2 * 29
    (tmp_path / "blank.png").write_bytes(b"no picture")
    assert run(["predict", "backlit-run/model.keras", "blank.png"]) == 1
    assert capsys.readouterr().err.startswith("error: blank.png")


@pytest.mark.parametrize("verb", ["evaluate", "summary", "explain"])
def test_a_model_file_that_is_missing_or_damaged(verb, data, capsys):
    more = [] if verb == "summary" else ["--dataset", str(data)]
    Path("damaged.keras").write_bytes(b"PK\x03\x04" + b"x" * 100)
    for name, words in (("nowhere.keras", "does not exist"), ("damaged.keras", "no intact .keras archive")):
        assert run([verb, name, *more]) == 1
        said = capsys.readouterr().err
        assert said.startswith("error: ")
        assert words in said


def test_data_that_does_not_fit_the_model(trained, tmp_path, capsys):
    np.savez("wide.npz", x_train=np.zeros((9, 5), "float32"), y_train=np.arange(9) % 3, x_test=np.zeros((9, 5)),
             y_test=np.arange(9) % 3)  # fmt: skip
    assert run(["evaluate", str(trained / "model.keras"), "--dataset", "wide.npz"]) == 1
    assert "examples of shape (12, 12)" in capsys.readouterr().err


# --- how it ends -------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
def test_ctrl_c_leaves_a_usable_model_and_130(data, capsys):
    with command("train", "--dataset", str(data), "--epochs", "100000") as process:
        assert process.stdout is not None
        while "Epoch 3/" not in (line := process.stdout.readline()):
            assert line or process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert re.search(r"Stopped after ([02-9]|\d\d+) whole epochs|Stopped after 1 whole epoch;", out)
    assert "give the same command with --resume" in out
    assert sorted(os.listdir("backlit-run")) == ["checkpoint", "history.csv", "model.keras", "report.html"]
    assert "stopped with Ctrl-C" in Path("backlit-run/report.html").read_text("utf-8")
    assert run(["evaluate", "--dataset", str(data)]) == 0
    assert "accuracy" in capsys.readouterr().out


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_training_that_was_cut_off_goes_on_with_the_same_bits(how, data, capsys):
    arguments = ["train", "--dataset", str(data), "--epochs", "60", "--dropout", "0.2", "--hidden", "16", "--quiet"]
    assert run([*arguments, "--out", "whole"]) == 0
    with command(*arguments, "--out", "cut") as process:
        while not os.path.exists("cut/checkpoint/training.checkpoint") and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(how)
        process.communicate(timeout=60)
    if how is signal.SIGTERM:
        assert process.returncode == 130
    assert run([*arguments, "--out", "cut", "--resume", "--epochs", "61"]) == 2
    assert "had --epochs 60, this one has 61" in capsys.readouterr().err
    assert run([*arguments, "--out", "cut", "--resume"]) == 0
    assert Path("cut/history.csv").read_text() == Path("whole/history.csv").read_text()
    ours, theirs = (load_model(f"{name}/model.keras").get_weights() for name in ("cut", "whole"))
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)
    assert sorted(os.listdir("cut")) == ["history.csv", "model.keras", "report.html"]
    assert run([*arguments, "--out", "cut", "--resume"]) == 2
    assert "There is no training to go on with" in capsys.readouterr().err


def test_a_broken_pipe_is_no_error(trained):
    with command("summary", str(trained / "model.keras")) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.wait(timeout=60)
        assert process.stderr.read() == ""
    assert process.returncode == 1


def test_output_that_cannot_show_every_character(trained):
    environment = {**os.environ, "PYTHONPATH": str(SRC), "PYTHONIOENCODING": "ascii"}
    arguments = [sys.executable, "-m", "backlit", "summary", str(trained / "model.keras")]
    done = subprocess.run(arguments, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0
    assert "Total params" in done.stdout


def test_ctrl_c_while_everything_is_still_imported_has_no_traceback():
    code = (
        "import sys; from backlit.cli import main\n"
        "class Stops:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'typer': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Stops()); main(['--version'])"
    )
    environment = {**os.environ, "PYTHONPATH": str(SRC)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (130, "")


@pytest.mark.parametrize("asked", [None, "2"])
def test_products_run_in_one_thread_unless_the_environment_says_otherwise(asked):
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    environment = {key: value for key, value in os.environ.items() if key not in names} | {"PYTHONPATH": str(SRC)}
    code = (
        "import os, sys; from backlit.cli import main; assert 'numpy' not in sys.modules\n"
        "try: main(['--version'])\n"
        "finally: print(os.environ['OPENBLAS_NUM_THREADS'])"
    )
    environment |= {"OPENBLAS_NUM_THREADS": asked} if asked else {}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.split()[-1] == (asked or "1")


def test_the_command_it_names_can_be_typed(data, capsys):
    assert run(["train", "--dataset", str(data), "--epochs", "1", "--out", "two words"]) == 0
    assert "`backlit predict 'two words/model.keras' ROWS.npy`" in capsys.readouterr().out.replace(os.sep, "/")


def test_help_loads_nothing_heavy():
    code = (
        "import sys\nfrom backlit.cli.app import run\nrun(['train', '--help'])\n"
        "print([m for m in ('h5py', 'PIL', 'sklearn', 'pooch', 'backlit.models') if m in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(SRC)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_quiet_run_still_says_that_it_uses_other_data(monkeypatch, capsys):
    x = np.random.default_rng(0).integers(0, 256, (60, 8, 8)).astype("uint8")
    y = np.arange(60) % 3
    stand_in = datasets.Dataset("strokes", x, y, x[:9], y[:9], "drawn", "MNIST is not here: using the built-in strokes")
    monkeypatch.setattr(datasets, "load", lambda *_, **__: stand_in)
    assert run(["train", "--epochs", "1", "--hidden", "4", "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert re.fullmatch(r"Test accuracy \d+\.\d\d %\n", out)
    assert err == stand_in.notice + "\n"
