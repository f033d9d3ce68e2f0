"""Lints: each rule with the wrong and the right program of its page, comments, places, and what a run tells."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from test_run import notebook, run

import backlit
from backlit import layers, lints
from backlit.cli.app import run as command
from backlit.cli.lint import program_of
from backlit.errors import LintWarning
from backlit.lints.program import Program, Source
from backlit.lints.reading import findings
from backlit.lints.table import NAMES, RULES

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "lints.md"
SECTION = re.compile(r"^## ([a-z-]+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
EXAMPLE = re.compile(r"^```py\n# (wrong|right)(, run)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
OF_PARTS = "undefined-name"  # the page's programs are parts of programs


@pytest.fixture(autouse=True)
def _nothing_was_said() -> Iterator[None]:
    lints.forget()
    yield
    lints.forget()


def examples() -> list[tuple[str, str, bool, str]]:
    text = PAGE.read_text("utf-8")
    return [
        (rule, kind, bool(runs), source)
        for rule, body in SECTION.findall(text)
        for kind, runs, source in EXAMPLE.findall(body)
    ]


def rules_found(source: str, rule: str, tmp_path: Path) -> set[str]:
    file = tmp_path / "program.py"
    file.write_text(source, encoding="utf-8")
    return {one.rule for one in findings(program_of(file), () if rule == OF_PARTS else (OF_PARTS,))}


def said(source: str) -> set[str]:
    """Run a program and return the rules it was told of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exec(compile(source, "<cell 1>", "exec"), {})  # noqa: S102 - our own page
    assert all(one.category is LintWarning and one.filename == "<cell 1>" for one in caught)
    return {str(one.message).partition(":")[0] for one in caught}


def test_the_page_has_every_rule_with_a_wrong_and_a_right_program() -> None:
    assert [rule for rule, _ in SECTION.findall(PAGE.read_text("utf-8"))] == list(NAMES)
    for rule in RULES:
        kinds = [(kind, runs) for name, kind, runs, _ in examples() if name == rule.name]
        assert kinds == [("wrong", rule.check is None), ("right", rule.check is None)], rule.name


@pytest.mark.parametrize(("rule", "kind", "runs", "source"), examples(), ids=lambda value: str(value)[:24])
def test_a_rule_finds_the_wrong_program_and_passes_the_right_one(
    rule: str, kind: str, runs: bool, source: str, tmp_path: Path
) -> None:
    found = said(source) if runs else rules_found(source, rule, tmp_path)
    assert found == ({rule} if kind == "wrong" else set())


def names_of(source: str) -> list[str]:
    return [one.rule for one in findings(Program([Source(source)]))]


SILENT = {
    "a test set that is watched, not acted on": "from keras.datasets import mnist\n"
    "(a, b), (x_test, y_test) = mnist.load_data()\n"
    "def f(model): model.fit(a / 255, b, validation_data=(x_test, y_test))",
    "rows cut off the training set": "from keras.datasets import mnist\nfrom keras.callbacks import EarlyStopping\n"
    "(x, y), (x_test, y_test) = mnist.load_data()\nx = x / 255\n"
    "def f(model): model.fit(x, y, validation_data=(x[:9], y[:9]), callbacks=[EarlyStopping()])",
    "a callback that watches the training loss": "from keras.datasets import mnist\n"
    "from keras.callbacks import EarlyStopping\n(x, y), test = mnist.load_data()\n"
    "def f(model): model.fit(x / 255, y, validation_data=test, callbacks=[EarlyStopping('loss')])",
    "a negative or whole angle": "from keras.preprocessing.image import ImageDataGenerator\n"
    "ImageDataGenerator(shear_range=1.0, rotation_range=0, zoom_range=0.2)",
    "normalization behind the first layer": "from keras import Sequential, layers\nfrom keras.datasets import mnist\n"
    "(x, y), _ = mnist.load_data()\nm = Sequential([layers.Flatten(), layers.Dense(9), layers.BatchNormalization()])\n"
    "m.fit(x, y)",
    "one seed for both orders": "import numpy as np\ndef f(x, y):\n    np.random.seed(1)\n    np.random.shuffle(x)\n"
    "    np.random.seed(1)\n    np.random.shuffle(y)",
    "a copy that is written into": "class A:\n    def forward(self, x):\n        return x\n"
    "    def backward(self, dout):\n        dout = dout.copy()\n        dout[0] = 0\n        return dout",
    "a name set by global, a loop, an except and a walrus": "def f():\n    global a\n    a = 1\n"
    "def g():\n    for i in range(3):\n        print(i, a)\n    try:\n        pass\n    except ValueError as e:\n"
    "        print(e)\n    if (n := 3):\n        return [n for m in range(n)]\nclass B:\n    x = 1\n    y = x",
    "star imports nobody knows": "from somewhere import *\ndef f():\n    return unknown_thing",
    "an attribute of two kinds": "class A:\n    def __init__(self):\n        self.a = {}\n"
    "    def g(self, other):\n        self.a = other\n        self.a.value()",
    "a file the program writes": "import numpy as np\nnp.save('a.npy', [1])\nnp.load('a.npy')",
    "a model built in a function with logits": "import keras\ndef build():\n    m = keras.Sequential()\n"
    "    m.add(keras.layers.Dense(3))\n    return m\nmodel = build()\n"
    "model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))",
    "a setting handed to another by name": "def fit(**kw): print(kw)\n"
    "def train(batch_size): fit(batch_size=batch_size)",
}


@pytest.mark.parametrize("source", SILENT.values(), ids=SILENT)
def test_what_is_right_is_left_in_peace(source: str) -> None:
    assert names_of(source) == []


FOUND = {
    "built by add in a function": (
        ("import keras\ndef build():\n    m = keras.Sequential()\n    m.add(keras.layers.Dense(3))\n    return m\n"
        "model = build()\nmodel.compile('adam', 'categorical_crossentropy')"), ["scores-as-probabilities"],
    ),
    "functional": (
        ("from keras.layers import Input, Dense\nfrom keras import Model, losses\nx = Input((4,))\n"
        "y = Dense(3)(x)\ny = Dense(2, activation='softmax')(y)\nm = Model(inputs=x, outputs=y)\n"
        "loss = losses.CategoricalCrossentropy(from_logits=True)\nm.compile(loss=loss)"), ["softmax-twice"],
    ),
    "behind a name": (
        ("from keras.preprocessing.image import ImageDataGenerator\nrange_ = 0.3\n"
        "ImageDataGenerator(shear_range=range_)"),
        ["angle-in-degrees"],
    ),
    "test rows through one-hot and reshape": (
        ("import tensorflow as tf\n(x, y), (a, b) = tf.keras.datasets.fashion_mnist.load_data()\n"
        "a = a.reshape(-1, 784)\n"
        "a /= 255\nb = tf.keras.utils.to_categorical(b)\nx = x / 255\n"
        "steps = [tf.keras.callbacks.ModelCheckpoint('m', save_best_only=True)]\ndef f(model):\n"
        "    model.fit(x, y, validation_data=(a, b), callbacks=steps)"), ["test-set-steers"],
    ),
    "called test, trained on": (
        "def f(model, x, y):\n    model.fit(x, y)\n    test_loss, test_acc = model.evaluate(x, y)",
        ["validation-is-training"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("source", "rules"), FOUND.values(), ids=FOUND)
def test_what_is_wrong_is_found_behind_names(source: str, rules: list[str]) -> None:
    assert names_of(source) == rules


COMMENTS = ("# backlit: ignore[angle-in-degrees]", "# backlit: ignore", "#backlit:ignore[a, angle-in-degrees]")


@pytest.mark.parametrize("comment", COMMENTS)
def test_a_comment_silences(comment: str) -> None:
    head = "from keras.preprocessing.image import ImageDataGenerator\n"
    body = "ImageDataGenerator(\n    zoom_range=0.1,{}\n    shear_range=0.5,\n)"
    assert names_of(head + body.format(f"  {comment}")) == []
    assert names_of(head + body.format("  # backlit: ignore[other]")) == ["angle-in-degrees"]
    assert names_of(f"{head}text = '{comment}'\n{body.format('')}") == ["angle-in-degrees"]


def test_places_are_cells_and_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = notebook(
        tmp_path / "n.ipynb", "# Title", "%matplotlib inline\nx = 1", "x = = 2", "\n\nprint(y_train)", "print(x)"
    )
    assert command(["lint", str(file)]) == 1
    assert capsys.readouterr().out == (
        f"{file}:cell 2:1:5: cannot-be-read: invalid syntax\n"
        f"{file}:cell 3:3:7: undefined-name: y_train is defined nowhere: this line ends in NameError as soon as it is "
        "reached.\n    Define or import it first.\nFound 2 things in 1 file.\n"
    )
    assert command(["lint", str(file), "--ignore", "undefined-name"]) == 1
    assert "Found 1 thing in 1 file." in capsys.readouterr().out
    assert command(["lint", str(file), "--ignore", "undefined-nam"]) == 2
    assert 'Did you mean "undefined-name"?' in capsys.readouterr().err
    assert command(["lint", "--rules"]) == 0
    listed = capsys.readouterr().out
    assert all(re.search(rf"^{name} ", listed, re.MULTILINE) for name in NAMES)


NETWORK = (
    (
        "import numpy as np\nfrom tensorflow import keras\n"
        "model = keras.Sequential([keras.layers.Dense(3, activation='softmax')])"
    ),
    (
        "model.compile('sgd', keras.losses.SparseCategoricalCrossentropy(from_logits=True))\n"
        "model.fit(np.ones((6, 2)), np.arange(6) % 3, verbose=0)"
    ),
    "for _ in range(3):\n    keras.preprocessing.image.ImageDataGenerator(**{'shear_range': 0.5})",
)


def test_a_run_tells_each_once_beside_its_cell(tmp_path: Path) -> None:
    file = notebook(tmp_path / "n.ipynb", *NETWORK)
    done = run(file)
    assert done.returncode == 0, done.stderr
    told = done.stdout + done.stderr
    assert told.count("softmax-twice") == 1
    assert "line 1: softmax-twice" in done.stdout
    assert told.index("cell 2/3") < told.index("softmax-twice")
    assert done.stderr.count("<cell 3>:2: LintWarning: angle-in-degrees") == 1
    quiet = run(file, "--no-lints")
    assert "softmax-twice" not in quiet.stdout + quiet.stderr
    assert "LintWarning" not in quiet.stderr
    checked = run(file, "--check")
    assert checked.returncode == 0
    assert "cell 2, line 1: softmax-twice" in checked.stdout


def test_a_script_is_told_at_its_end(tmp_path: Path) -> None:
    script = tmp_path / "s.py"
    script.write_text("\n".join(NETWORK) + "  # backlit: ignore\nprint('done')\n")
    done = run(script)
    assert done.stdout == "done\n"
    assert done.stderr.count("softmax-twice") == 1
    assert "line 4: softmax-twice" in done.stderr
    assert "angle-in-degrees" not in done.stderr


def test_a_test_set_is_known_again_by_its_labels() -> None:
    from backlit.lints import test_parts

    labels = np.random.default_rng(0).integers(0, 3, 30)
    test_parts.remember("letters", labels)
    model = backlit.Sequential([layers.Dense(3, activation="softmax")])
    model.compile("sgd", "categorical_crossentropy")
    x, y = np.ones((30, 2)), np.eye(3)[labels]
    stop = backlit.callbacks.EarlyStopping()
    model.fit(x, y[::-1], validation_data=(x, y), verbose=0)
    model.fit(x, y, validation_data=(x, y[::-1]), callbacks=[stop], verbose=0)
    with pytest.warns(LintWarning, match=r"^test-set-steers: EarlyStopping acts .* test set of letters"):
        model.fit(x, y[::-1], validation_data=(x, y), callbacks=[stop], verbose=0)
    test_parts.remember("letters", labels[:1])


RUNNING = {
    "unscaled-pixels": ("sparse_categorical_crossentropy", "softmax", 3, 255),
    "scores-as-probabilities": ("sparse_categorical_crossentropy", None, 3, 1),
    "softmax-of-one": ("binary_crossentropy", "softmax", 1, 1),
    "softmax-twice": (backlit.losses.SparseCategoricalCrossentropy(from_logits=True), "softmax", 3, 1),
}


@pytest.mark.parametrize("rule", RUNNING)
def test_fit_tells_once_what_reading_could_not_see(rule: str) -> None:
    loss, activation, units, largest = RUNNING[rule]
    x = np.random.default_rng(0).integers(0, 256, (12, 64)) * (largest / 255)
    y = np.arange(12) % max(units, 2)
    model = backlit.Sequential([layers.Dense(units, activation=activation)])
    model.compile("sgd", loss)
    with pytest.warns(LintWarning, match=rf"^{rule}: ") as caught:
        model.fit(x, y, verbose=0)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    model.fit(x, y, verbose=0)  # warnings are errors here: it has been said


def test_an_estimator_of_one_class_says_nothing_and_leaves_warnings_alone() -> None:
    pytest.importorskip("sklearn")
    from backlit.estimators import NeuralNetClassifier

    rows, filters, shown = np.zeros((6, 3)), list(warnings.filters), warnings.showwarning
    seen: list[bool] = []

    class Watch(backlit.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            seen.append(warnings.filters == filters and warnings.showwarning is shown)

    NeuralNetClassifier((2,), epochs=1, callbacks=[Watch()]).fit(rows, np.zeros(6, int))
    assert seen == [True]


def test_a_program_beside_ours_is_not_ours() -> None:
    name = str(Path(backlit.__file__).parent) + "_of_a_user.py"
    source = "from backlit import lints\n\nlints.say('unscaled-pixels', 'what a user wrote', 'Mend it.')"
    with pytest.warns(LintWarning, match="what a user wrote") as told:
        exec(compile(source, name, "exec"), {})  # noqa: S102 - our own line
    assert (told[0].filename, told[0].lineno) == (name, 3)


def test_the_learners_notebooks_own_mistakes(seeds_dir: Path) -> None:
    found = {
        file.name[:3]: [(one.cell, one.rule) for one in findings(program_of(file))]
        for file in sorted(seeds_dir.glob("*.ipynb"))
    }
    assert found == {
        "000": [(1, "angle-in-degrees"), (1, "test-set-steers")],
        "001": [],
        "002": [],
        "003": [(7, "setting-ignored")],
        "004": [
            (6, "argument-overwritten"), (7, "file-not-there"), (8, "nothing-returned"), (11, "star-replaces"),
            (11, "undefined-name"), (11, "undefined-name"), (11, "unknown-method"),
        ],
    }  # fmt: skip


@pytest.mark.parametrize("folder", ["examples", "benchmarks", "src"])
def test_our_own_programs_are_clean(folder: str) -> None:
    found = [f"{file}: {one}" for file in (ROOT / folder).rglob("*.py") for one in findings(program_of(file))]
    assert found == []


def test_a_notebook_with_only_markdown_is_an_error_of_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "n.ipynb").write_text(json.dumps({"cells": [], "metadata": {}, "nbformat": 4}))
    assert command(["lint", str(tmp_path / "n.ipynb")]) == 1
    assert "nothing to run" in capsys.readouterr().err
    assert command(["lint"]) == 1
