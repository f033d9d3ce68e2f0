"""The pages under docs/ tell the truth: their Python runs, what they show is what is printed, their links resolve.

The blocks of a page run in order in one namespace, in an empty folder, with warnings as errors. A `text` block directly
below a `python` block is what that block prints: `...` stands for anything, and a decimal number may differ by one in
its last digit, since another processor adds in another order. `python tests/test_docs.py` runs all pages and writes
what they print into the `text` blocks that no longer agree: look at the difference before you keep it.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
import runpy
import sys
import warnings
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest

from backlit import compat
from backlit.datasets import mnist, strokes

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted((ROOT / "docs").rglob("*.md"))
FRONT = ROOT / "README.md"
PAIRS = [page for page in [*PAGES, *ROOT.glob("*.md")] if page.name.endswith(".zh-CN.md")]
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n?```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"[-+]?\d+\.\d+(?:e[-+]?\d+)?")
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
ARGUMENTS = {"mnist_dense.py": ["1", "2000"]}
REFERENCE = {
    "layers.md": ("layers", "activations", "initializers", "regularizers", "constraints"),
    "losses-and-metrics.md": ("losses", "metrics"),
    "optimizers.md": ("optimizers",),
    "callbacks.md": ("callbacks",),
    "errors.md": ("errors",),
}
PLUMBING = {"get", "serialize", "deserialize", "for_output", "fans", "Initializer", "RandomInitializer", "Iterable"}
VERBS = ("train", "evaluate", "predict", "summary", "explain", "verify", "lint")


class Block(NamedTuple):
    """A piece of Python on a page, the line it starts at, and what it must print (None: not said)."""

    source: str
    line: int
    shown: str | None


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in BLOCK.finditer(text):
        yield Block(found[1], text.count("\n", 0, found.start()) + 2, found[2])


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def agrees(shown: str, printed: str) -> bool:
    """Say whether `printed` is what a page shows, up to `...` and the last digit of decimal numbers."""
    shown, printed = (re.sub(r"[ \t]+$", "", text.strip("\n"), flags=re.MULTILINE) for text in (shown, printed))
    numbers = NUMBER.findall(shown)
    pieces = [re.escape(piece).replace(r"\.\.\.", ".*?") for piece in NUMBER.split(shown)]
    match = re.fullmatch(rf"({NUMBER.pattern})".join(pieces), printed, re.DOTALL)
    return match is not None and all(
        abs(float(a) - float(b)) <= 1.01 * last_place(a) and last_place(b) >= 0.99 * last_place(a)
        for a, b in zip(numbers, match.groups(), strict=True)
    )


def last_place(number: str) -> float:
    """Return the weight of the last digit of a decimal number: 0.01 for 3.14, 1e-10 for 4.7e-09."""
    mantissa, _, exponent = number.partition("e")
    return 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


@pytest.fixture
def foreign_names_forgotten() -> Iterator[None]:
    """Take away the foreign names a page installs, so that no other test in the process meets them."""
    yield
    compat.uninstall()


@pytest.mark.usefixtures("foreign_names_forgotten")
@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_a_page_shows_is_what_happens(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("BACKLIT_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("BACKLIT_OFFLINE", "1")
    space: dict[str, object] = {"__name__": "page"}
    for block in blocks(page):
        printed = run(block, page, space)
        if block.shown is not None:
            assert agrees(block.shown, printed), f"{name_of(page)}:{block.line} prints\n{printed}\nnot\n{block.shown}"


def test_the_code_of_the_front_page_runs_from_top_to_bottom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On drawn digits in the place of MNIST: nothing but what the page itself defines may be needed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(mnist, "load_data", lambda: strokes.load_data(train=640, test=64))
    space: dict[str, object] = {"__name__": "page"}
    printed = "".join(run(block, FRONT, space) for block in blocks(FRONT))
    assert "4. UPDATE: Adam" in printed
    assert printed.count("Epoch 5/5") == 2


def refresh(page: Path) -> None:
    """Write what the blocks of a page print into the `text` blocks that do not agree with it."""
    text = page.read_text(encoding="utf-8")
    space: dict[str, object] = {"__name__": "page"}
    for block in blocks(page):
        printed = run(block, page, space)
        if block.shown is not None and not agrees(block.shown, printed):
            old, new = (f"{block.source}```\n\n```text\n{shown}" for shown in (block.shown, printed))
            text = text.replace(old, new)
    page.write_text(text, encoding="utf-8")


def run(block: Block, page: Path, space: dict[str, object]) -> str:
    """Run a block as if it stood at its line of the page, so that a traceback points there; return what it prints."""
    code = compile("\n" * (block.line - 1) + block.source, str(page), "exec", dont_inherit=True)
    out = io.StringIO()
    with contextlib.redirect_stdout(out), warnings.catch_warnings():
        warnings.simplefilter("error")
        exec(code, space)  # noqa: S102 - our own pages, of this repository
    return out.getvalue()


def test_agreement_is_strict_where_it_matters() -> None:
    assert agrees("loss 0.123\n", "loss 0.1235\n") is False
    assert agrees("loss 0.123\n", "loss 0.124\n")
    assert not agrees("loss 0.123\n", "loss 0.125\n")
    assert not agrees("3 units\n", "4 units\n")
    assert agrees("a ... z\n", "a b\nc z\n")
    assert not agrees("a\n", "a\nb\n")


@pytest.mark.parametrize("page", PAIRS, ids=name_of)
def test_a_translation_has_the_code_of_its_original(page: Path) -> None:
    original = page.with_name(page.name.replace(".zh-CN", ""))
    assert [meaning(block) for block in blocks(page)] == [meaning(block) for block in blocks(original)]


def meaning(block: Block) -> str:
    """Return a block without comments, and with its texts emptied: these are translated."""
    tree = ast.parse(block.source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(tree)


def test_every_tutorial_is_there_in_both_languages() -> None:
    tutorials = {page.name for page in PAGES if page.parent.name == "tutorials"}
    english = {name for name in tutorials if not name.endswith(".zh-CN.md")}
    assert len(english) >= 6
    assert tutorials - english == {name.replace(".md", ".zh-CN.md") for name in english}


@pytest.mark.parametrize("page", [*PAGES, *ROOT.glob("*.md")], ids=name_of)
def test_links_resolve(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"`[^`\n]*`", "", text)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        place = page.parent / path if path else page
        if re.match(r"https?:", target):
            continue
        if not place.exists() or (anchor and anchor not in anchors(place)):
            broken.append(target)
    assert not broken


def anchors(page: Path) -> set[str]:
    """Return the anchors that a page's headings have on the usual sites."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", REFERENCE)
def test_the_reference_names_everything(name: str) -> None:
    """Classes by name; what goes by name in snake case too counts under either spelling."""
    page = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
    known = {word.replace("_", "").lower() for word in re.findall(r"\w+", page)}
    missing = [
        f"{module}.{public}"
        for module in REFERENCE[name]
        for public in public_names(module)
        if public.replace("_", "").lower() not in known
    ]
    assert not missing


def public_names(module: str) -> list[str]:
    found = import_module(f"backlit.{module}")
    names = getattr(found, "__all__", None) or [n for n, v in vars(found).items() if isinstance(v, type)]
    return [name for name in names if name not in PLUMBING and not name.startswith("_")]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_examples_run(
    example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BACKLIT_OFFLINE", "1")
    monkeypatch.setenv("BACKLIT_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "argv", [example.name, *ARGUMENTS.get(example.name, [])])
    runpy.run_path(str(example), run_name="__main__")
    assert capsys.readouterr().out
    assert len(example.read_text(encoding="utf-8").splitlines()) < 40


@pytest.mark.parametrize("verb", VERBS)
def test_options_of_the_command_line_exist(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    from backlit.cli.app import run as command

    written = {
        option
        for page in PAGES
        for line in re.findall(rf"backlit {verb}\b([^\n`]*)", page.read_text(encoding="utf-8"))
        for option in re.findall(r"(?<!\S)--[a-z-]+", line)
    }
    assert command([verb, "--help"]) == 0
    known = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    assert written <= known


if __name__ == "__main__":
    import os
    import tempfile

    from backlit.config import clear_session, set_random_seed

    os.environ["COLUMNS"] = "80"
    for one in PAGES:
        set_random_seed(0)
        clear_session()
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            refresh(one)
