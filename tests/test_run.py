"""`backlit run`: cells in order with what they show, errors with their lines, files that are no notebooks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from backlit.notebook.magics import translated
from backlit.notebook.outputs import settled


def notebook(path: Path, *cells: str, **metadata: Any) -> Path:
    """Write a notebook of code cells; one that begins with # is text."""
    made = [
        {"cell_type": "markdown", "metadata": {}, "source": cell}
        if cell.startswith("# ")
        else {"cell_type": "code", "metadata": {}, "source": cell.splitlines(keepends=True), "outputs": [],
              "execution_count": None}
        for cell in cells
    ]  # fmt: skip
    path.write_text(json.dumps({"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}))
    return path


def run(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "backlit", "run", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)


def outputs(path: Path) -> list[list[Any]]:
    """Return the outputs of the code cells of an executed notebook, which must be a valid one."""
    book = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(book)
    return [cell.outputs for cell in book.cells if cell.cell_type == "code"]


def test_cells_run_in_order_and_keep_what_they_show(tmp_path: Path) -> None:
    file = notebook(
        tmp_path / "n.ipynb",
        "# Title",
        "import tensorflow as tf\nprint(tf.keras.layers.Dense.__module__)\nx = 2",
        "import sys; print('to stderr', file=sys.stderr)\nx + 1",
        "class Page:\n    def _repr_html_(self): return '<b>hi</b>'\ndisplay(Page())\nPage();",
        "print('10%\\r100%'); x, _",
        "from IPython.display import display, HTML\ndisplay(HTML('<i>x</i>'))",
    )
    saved = tmp_path / "out.ipynb"
    done = run(file, "--save", saved)
    assert done.returncode == 0, done.stderr
    assert "5 of 5 cells ok" in done.stdout
    first, second, third, fourth, fifth = outputs(saved)
    assert first[0].text == "backlit.layers.dense\n"
    assert [o.output_type for o in second] == ["stream", "execute_result"]
    assert second[0].name == "stderr"
    assert second[1].data["text/plain"] == "3"
    assert second[1].execution_count == 2
    assert third[0].data["text/html"] == "<b>hi</b>"
    assert len(third) == 1
    assert fourth[0].text == "100%\n"
    assert fourth[1].data["text/plain"] == "(2, 3)"
    assert fifth[0].data["text/html"] == "<i>x</i>"


def test_figures_become_pictures(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    file = notebook(
        tmp_path / "n.ipynb", "%matplotlib inline\nimport matplotlib.pyplot as plt\nprint('a')\nplt.plot([1, 2])\n"
        "plt.show()\nprint('b')\nplt.figure(figsize=(2, 1));",
    )  # fmt: skip
    done = run(file, "--save", tmp_path / "out.ipynb")
    assert done.returncode == 0, done.stderr
    (shown,) = outputs(tmp_path / "out.ipynb")
    assert [o.output_type for o in shown] == ["stream", "display_data", "stream", "display_data"]
    assert shown[1].data["image/png"].startswith("iVBOR")
    assert shown[3].data["text/plain"] == "<Figure size 200x100>"


FAILING = ("ok = 1", "def f():\n    return 1 / 0\nprint('before')\nf()", "print('after', ok)", "x = = 1")


def test_an_error_names_its_cell_and_line_and_others_still_run(tmp_path: Path) -> None:
    file = notebook(tmp_path / "n.ipynb", *FAILING)
    done = run(file, "--save", tmp_path / "out.ipynb")
    assert done.returncode == 1
    assert "<cell 2>" in done.stderr
    assert "return 1 / 0" in done.stderr
    assert "execution.py" not in done.stderr
    assert "after 1" in done.stdout
    assert "2 of 4 cells ok" in done.stdout
    _, failed, _, wrong = outputs(tmp_path / "out.ipynb")
    assert failed[1].ename == "ZeroDivisionError"
    assert wrong[0].ename == "SyntaxError"


def test_a_library_of_an_extra_that_is_not_installed_is_told_with_its_command(tmp_path: Path) -> None:
    hide = "import sys; sys.modules['matplotlib'] = None\n"
    file = notebook(tmp_path / "n.ipynb", hide + "import matplotlib.pyplot as plt", "import nowhere_at_all")
    done = run(file)
    assert 'pip install "backlit[plot]"' in done.stderr
    assert done.stderr.count("pip install") == 1
    assert done.stdout.count("ModuleNotFoundError") == 2
    script = tmp_path / "s.py"
    script.write_text(hide + "import matplotlib")
    assert 'pip install "backlit[plot]"' in run(script).stderr


def test_stop_on_error_stops(tmp_path: Path) -> None:
    done = run(notebook(tmp_path / "n.ipynb", *FAILING), "--stop-on-error")
    assert done.returncode == 1
    assert "after" not in done.stdout
    assert "2 not run" in done.stdout


@pytest.mark.parametrize(
    ("leaving", "status", "said"),
    [("sys.exit(3)", 3, ""), ("exit()", 0, ""), ("sys.exit('no data')", 1, ": no data"), ("sys.exit(0)", 0, "")],
)
def test_sys_exit_ends_the_notebook_and_is_said(leaving: str, status: int, said: str, tmp_path: Path) -> None:
    done = run(notebook(tmp_path / "n.ipynb", f"import sys\n{leaving}", "print('after')"))
    assert done.returncode == status
    assert f"asked to end the program (exit status {status}){said}. The notebook ends here." in done.stdout
    assert "after" not in done.stdout
    assert "1 not run" in done.stdout


def test_it_runs_in_its_folder_as_main(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "own_module.py").write_text("value = 41\n")
    file = notebook(
        tmp_path / "there" / "n.ipynb", "import own_module, os\nprint(own_module.value, os.path.basename(os.getcwd()))",
        "class A: pass\nprint(__name__, A.__module__)",
    )  # fmt: skip
    done = run(file, "--save", "saved.ipynb", cwd=tmp_path)
    assert "41 there" in done.stdout
    assert "__main__ __main__" in done.stdout
    assert (tmp_path / "saved.ipynb").is_file()


BAD: list[tuple[str, bytes, str]] = [
    ("empty.ipynb", b"", "is empty"),
    ("text.ipynb", b"print(1)\n", "not JSON"),
    ("binary.ipynb", b"\x89PNG\r\n\xff\xfe\x00", "not JSON"),
    ("list.ipynb", b"[1, 2]", "not a notebook"),
    ("object.ipynb", b'{"a": 1}', "no cells"),
    ("cells.ipynb", b'{"cells": 3}', "no list"),
    ("words.ipynb", b'{"cells": [{"cell_type": "markdown", "source": "hi"}]}', "none of them holds code"),
    ("source.ipynb", b'{"cells": [{"cell_type": "code", "source": 3}]}', "cell 1 has no text"),
    (
        "r.ipynb",
        b'{"cells": [{"cell_type": "code", "source": "x"}], "metadata": {"language_info": {"name": "R"}}}',
        "in R",
    ),
    ("deep.ipynb", b"[" * 100_000, "not"),
]


@pytest.mark.parametrize(("name", "content", "told"), BAD, ids=[row[0] for row in BAD])
def test_what_is_no_notebook_is_told_in_one_line(name: str, content: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    done = run(tmp_path / name)
    assert done.returncode == 1
    assert told in done.stderr
    assert done.stderr.count("\n") <= 2
    assert "Traceback" not in done.stderr


def test_other_wrong_arguments(tmp_path: Path) -> None:
    assert run(tmp_path / "none.ipynb").returncode == 1
    assert "a folder" in run(tmp_path).stderr
    (tmp_path / "s.py").write_text("print(1)\n")
    (tmp_path / "b.py").write_bytes(b"\x89PNG\r\n\xff\xfe")
    for options in ((), ("--check",)):
        done = run(tmp_path / "b.py", *options)
        assert done.returncode == 1
        assert "no Python program" in done.stderr
        assert "Traceback" not in done.stderr
    assert "--save" in run(tmp_path / "s.py", "--save", "x.ipynb").stderr
    file = notebook(tmp_path / "n.ipynb", "print(1)")
    assert "not there" in run(file, "--save", tmp_path / "no" / "x.ipynb").stderr


def test_a_notebook_of_format_3(tmp_path: Path) -> None:
    cells = [{"cell_type": "code", "input": "print('three')", "outputs": [], "language": "python"}]
    (tmp_path / "old.ipynb").write_text(json.dumps({"worksheets": [{"cells": cells}], "nbformat": 3, "metadata": {}}))
    done = run(tmp_path / "old.ipynb", "--save", tmp_path / "new.ipynb")
    assert "three" in done.stdout
    assert outputs(tmp_path / "new.ipynb")[0][0].text == "three\n"


def test_a_script_runs_with_its_arguments_and_exit_status(tmp_path: Path) -> None:
    script = tmp_path / "s.py"
    script.write_text(
        "import sys\nfrom keras.layers import Dense\nif __name__ == '__main__':\n"
        "    print(sys.argv[1:], Dense.__name__)\n"
        "    sys.exit(4)\n"
    )
    done = run(script, "--", "a", "--b")
    assert done.returncode == 4
    assert "['a', '--b'] Dense" in done.stdout
    script.write_text("from tensorflow.keras.layers import Conv2D\n")
    done = run(script)
    assert done.returncode == 1
    assert "line 1" in done.stderr
    assert "out of scope" in done.stderr
    assert "runpy" not in done.stderr


def test_check_lists_what_is_missing_without_running(tmp_path: Path) -> None:
    file = notebook(
        tmp_path / "n.ipynb",
        "open('ran', 'w')\nimport tensorflow as tf",
        "!pip install x\ntf.keras.layers.Conv2D",
        "= 3",
    )
    done = run(file, "--check")
    assert done.returncode == 1
    assert "cell 3" in done.stdout
    assert not (tmp_path / "ran").exists()
    good = notebook(tmp_path / "good.ipynb", "import keras\nkeras.layers.Dense(3)")
    done = run(good, "--check")
    assert done.returncode == 0
    assert "every name" in done.stdout


def test_check_lists_the_packages_that_are_not_installed(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("x = 1\n")
    file = notebook(
        tmp_path / "n.ipynb",
        "import json, mine, numpy as np\nimport surely_absent.part\nfrom IPython.display import display",
        "try:\n    import tried_only\nexcept ImportError:\n    import cv3\nimport surely_absent",
        "from tensorflow_datasets import load\nfrom common.layers import Relu",
    )
    unknown = "is not installed here. Install the package that brings it, or put its file beside the program."
    only = "is not installed here, and works with TensorFlow only: Backlit does not answer for it."
    done = run(file, "--check")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        f"cell 1, line 2: surely_absent {unknown}",
        f"cell 3, line 1: tensorflow_datasets {only}",
        f"{file}: every name of TensorFlow and Keras it uses is in Backlit.",
    ]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("import surely_absent.part", "Install the package that brings it"),
        ("raise ModuleNotFoundError('x', name='matplotlib')", 'Run `pip install "backlit[plot]"`'),
        ("raise ModuleNotFoundError('x', name='cv2')", "Run `pip install opencv-python`"),
        ("import json.nothing", None),
        ("from tensorflow.keras.layers import Conv2D", None),
        ("import os", None),
    ],
)
def test_a_package_that_is_not_installed_is_told_with_what_to_install(
    line: str, told: str | None, tmp_path: Path
) -> None:
    (tmp_path / "s.py").write_text(f"{line}\n")
    done = run(tmp_path / "s.py")
    assert done.returncode == (0 if line == "import os" else 1)
    assert told is None or told in done.stderr
    assert ("is not installed here" in done.stderr) == (told is not None)


MAGICS = [
    ("%matplotlib inline\nx = 1", "pass\nx = 1", []),
    ("!pip install keras\nx", "pass\nx", ["not run: !pip install keras"]),
    ("%%time\nf()", "\nf()", []),
    ("%time f()", "f()", []),
    ("files = !ls", "files = None", ["not run: files = !ls"]),
    ('s = """\n%not a magic\n"""', 's = """\n%not a magic\n"""', []),
    ("print?", "print(print.__doc__)", []),
    ("if True:\n    %who", "if True:\n    pass", ["not run: %who"]),
    ("a = b %c", "a = b %c", []),
]


@pytest.mark.parametrize(("source", "python", "notes"), MAGICS)
def test_lines_of_ipython_become_python(source: str, python: str, notes: list[str]) -> None:
    made = translated(source)
    assert made.source == python
    assert made.notes == notes


def test_other_cell_magics_are_refused() -> None:
    with pytest.raises(SyntaxError, match="%%bash"):
        translated("%%bash\nls")


@pytest.mark.parametrize(
    ("written", "seen"),
    [("a\rb", "b"), ("abc\rx", "xbc"), ("a\b\bc\nd", "c\nd"), ("x\r\ny", "x\ny"), ("\x1b[2Kq", "q"), ("a\n", "a\n")],
)
def test_progress_bars_are_kept_as_they_ended(written: str, seen: str) -> None:
    assert settled(written) == seen


@pytest.mark.mnist
@pytest.mark.slow
@pytest.mark.parametrize(("seed", "cells"), [("001_functional_api", 13), ("003_keras_from_scratch", 9)])
def test_the_learners_notebooks_run_unchanged(
    seed: str, cells: int, seeds_dir: Path, mnist_dir: Path, tmp_path: Path
) -> None:
    """Whole and unmodified, with their printed figures: validation accuracies of 001, losses and accuracy of 003."""
    file = tmp_path / f"{seed}.ipynb"
    file.write_bytes((seeds_dir / file.name).read_bytes())
    done = run(file, "--save", tmp_path / "out.ipynb")
    assert done.returncode == 0, done.stderr
    assert f"{cells} of {cells} cells ok" in done.stdout
    shown = outputs(tmp_path / "out.ipynb")
    text = "".join(o.text for cell in shown for o in cell if o.output_type == "stream")
    if seed.startswith("001"):
        assert text.count("val_accuracy: 0.97") >= 5
        assert "Total params: 79,510" in text
    else:
        assert "469" not in text
        assert text.count("loss at batch 400") == 10
        assert abs(float(text.rsplit("accuracy: ", 1)[1]) - 0.81) <= 0.02
