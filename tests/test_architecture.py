"""The house rules, held by tests: imports point down, third-party names stay caged, the texture stays fine.

The tables (layers, cages) are read from import-linter's contracts in pyproject.toml, so that they are written once;
the check is our own, over the syntax tree, and also sees imports inside functions.
"""

from __future__ import annotations

import ast
import graphlib
import importlib
import inspect
import json
import os
import pkgutil
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src"
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
SUFFIXES = {".py", ".md", ".toml", ".cfg", ".txt", ".yml", ".yaml", ".json", ".svg", ".html", ""}
NOT_NAMES = {"utils", "helpers", "common", "misc", "manager", "handler", "processor", "base", "core", "context", "fast"}
ORACLES = ("tensorflow", "keras", "torch", "jax", "scipy", "onnx", "onnxruntime", "pickle", "cloudpickle", "joblib")


# --- reading the tree --------------------------------------------------------------------------------------------


def module_name(path: Path) -> str:
    parts = path.relative_to(SRC).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(path): path for path in sorted(SRC.rglob("*.py"))}


@cache
def tree_of(name: str) -> ast.Module:
    return ast.parse(FILES[name].read_text("utf-8"))


def imports_of(name: str, inner: bool = True) -> Iterator[tuple[str, int]]:
    """Yield (imported module, line), relative names resolved; `inner` takes those inside functions too."""
    package = name if FILES[name].name == "__init__.py" else name.rpartition(".")[0]
    for node in running(tree_of(name), inner):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package.rsplit(".", node.level - 1)[0] if node.level else ""
            source = ".".join(part for part in (start, node.module) if part)
            for alias in node.names:
                deeper = f"{source}.{alias.name}"
                yield (deeper if deeper in FILES else source), node.lineno


def running(tree: ast.AST, inner: bool) -> Iterator[ast.AST]:
    """Yield the nodes that run: not `if TYPE_CHECKING:`, and the bodies of functions only if `inner`."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            pending.extend(node.orelse)
        elif inner or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            pending.extend(ast.iter_child_nodes(node))


def functions() -> Iterator[tuple[str, int]]:
    """Yield (where, lines of the body without the docstring) for every function of the package."""
    for name in FILES:
        for node in ast.walk(tree_of(name)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
                yield f"{name}:{node.lineno} {node.name}", (body[-1].end_lineno or 0) - body[0].lineno + 1


# --- the import contract -----------------------------------------------------------------------------------------


def layers() -> dict[str, tuple[int, int]]:
    """Return module -> (height, place in the layer); a higher layer may import a lower one, never the reverse."""
    rows = next(contract["layers"] for contract in CONTRACTS if contract["type"] == "layers")
    table = {}
    for height, row in enumerate(reversed(rows)):
        for place, cell in enumerate(row.split("|")):
            table[cell.strip(" ()")] = (height, place)
    return table


def cages() -> dict[str, tuple[str, ...]]:
    """Return third-party name -> the packages that may import it."""
    table: dict[str, tuple[str, ...]] = {}
    for contract in CONTRACTS:
        if contract["type"] == "forbidden":
            keys = [rule.split(" -> ")[0].removesuffix(".**") for rule in contract.get("ignore_imports", ())]
            table.update(dict.fromkeys(contract["forbidden_modules"], tuple(dict.fromkeys(keys))))
    return table


def room(name: str) -> str:
    return ".".join(name.split(".")[:2])


def inside(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def test_every_module_has_a_place_in_the_house() -> None:
    known = layers()
    strays = {room(name) for name in FILES} - set(known) - {"backlit", "backlit._version", "backlit.__main__"}
    assert not strays, f"give these a layer in pyproject.toml: {sorted(strays)}"


def test_imports_point_down_and_siblings_do_not_meet() -> None:
    known = layers()
    known["backlit._version"] = (-1, 0)
    allowed = set(next(contract.get("ignore_imports", ()) for contract in CONTRACTS if contract["type"] == "layers"))
    known["backlit"] = (max(height for height, _ in known.values()) - 1, 0)  # the public face: for the door only
    wrong = [
        f"{name}:{line} imports {target}"
        for name in FILES
        if room(name) in known and name != "backlit"
        for target, line in imports_of(name)
        if inside(target, ("backlit",)) and room(target) != room(name)
        if known.get(room(target), (99, 0))[0] >= known[room(name)][0] and f"{name} -> {target}" not in allowed
    ]
    assert not wrong, "\n".join(dict.fromkeys(wrong))


def test_no_import_cycles() -> None:
    # while loading; between rooms the layers forbid them altogether, within a room a method may call a neighbor
    graph = {name: {t for t, _ in imports_of(name, inner=False) if t in FILES} - {name} for name in FILES}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail("import cycle: " + " -> ".join(error.args[1]))


def test_third_party_names_stay_in_their_cages() -> None:
    known, wrong = cages(), []
    for name in FILES:
        for target, line in imports_of(name):
            outside = target.split(".")[0]
            if outside in ("numpy", "backlit") or (outside in sys.stdlib_module_names and outside not in ORACLES):
                continue
            if not inside(name, known.get(outside, ())):
                wrong.append(f"{name}:{line} imports {target}")
    assert not wrong, "\n".join(dict.fromkeys(wrong))


# --- light import ------------------------------------------------------------------------------------------------

LOADED = """
import json, sys
import numpy
before = set(sys.modules)
import backlit
for name in {names}:
    getattr(backlit, name)
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def loaded(names: str) -> set[str]:
    """Return the modules that `import backlit` and looking up `names` add to those of `import numpy`, in a process."""
    command = [sys.executable, "-c", LOADED.format(names=names)]
    environment = {**os.environ, "PYTHONPATH": str(SRC)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("names", ["()", "backlit.__all__"], ids=["import", "every public name"])
def test_import_loads_numpy_and_nothing_heavier(names: str) -> None:
    found = loaded(names)
    assert "backlit" in found
    assert not {name.split(".")[0] for name in found} - {"backlit", "numpy"} - set(sys.stdlib_module_names)


def test_import_loads_no_heavy_standard_module() -> None:
    # benchmarks/import_time.py measures the milliseconds; this names what usually costs them
    heavy = "asyncio concurrent.futures.process email html http multiprocessing sqlite3 ssl unittest urllib.request xml"
    assert not set(heavy.split()) & loaded("()")


# --- texture -----------------------------------------------------------------------------------------------------


def test_functions_are_short() -> None:
    rows = sorted(functions(), key=lambda row: row[1])
    assert rows[int(len(rows) * 0.9)][1] <= 20, f"90th percentile: {rows[int(len(rows) * 0.9)]}"
    assert not [row for row in rows if row[1] > 60]


@pytest.mark.parametrize("name", FILES)
def test_module_is_a_short_talk(name: str) -> None:
    lines = FILES[name].read_text("utf-8").count("\n")
    assert lines <= 400, f"{lines} lines: when a file wants a table of contents it is two files"
    opening = (ast.get_docstring(tree_of(name)) or "").split("\n\n")
    assert opening[0], "the module does not say what it is"
    sentences = re.findall(r"[.!?:;](?=\s|$)", " ".join(opening))
    assert len(sentences) >= 2, "a module opens with two sentences: what it is, and how it stands to its neighbor"


@pytest.mark.parametrize("name", FILES)
def test_module_is_named_after_something(name: str) -> None:
    words = set(name.split("."))
    assert not words & NOT_NAMES
    assert not [word for word in words if word.endswith(("_v2", "_new", "_old"))]


# --- words -------------------------------------------------------------------------------------------------------

PLACES = "|".join(("wo" + "rk", "ro" + "ot", "ho" + "me", "op" + "t", "tm" + "p", "Us" + "ers"))
FORBIDDEN = {
    "a path of one machine": re.compile(rf"(?<![\w.~:/-])/(?:{PLACES})/\w"),
    "how the work was organized": re.compile(r"(?i)\b(?:this|earlier|previous) " + r"ses" + r"sion\b"),
    "a marker left behind": re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX)\b"),
}


def text_files() -> Iterator[Path]:
    """Yield the text files of the repository: what git would commit, or, outside a clone, the usual folders."""
    command = ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        folders = [ROOT / folder for folder in ("src", "tests", "benchmarks", "docs", "examples")]
        listed = [str(path.relative_to(ROOT)) for folder in folders for path in folder.rglob("*")]
    for name in listed:
        path = ROOT / name
        if name and path.is_file() and path.suffix in SUFFIXES:
            yield path


def test_words_that_do_not_belong_in_the_tree() -> None:
    found = []
    for path in text_files():
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            wrong = [reason for reason, pattern in FORBIDDEN.items() if pattern.search(line)]
            found += [f"{path.relative_to(ROOT)}:{number}: {reason}: {line.strip()[:90]}" for reason in wrong]
    assert not found, "\n".join(found)


# --- the public face ---------------------------------------------------------------------------------------------


@cache
def public_modules() -> tuple[ModuleType, ...]:
    """Return backlit and each of its modules that says what it offers (`__all__`)."""
    import backlit

    names = [info.name for info in pkgutil.walk_packages(backlit.__path__, "backlit.") if "__main__" not in info.name]
    modules = [backlit, *(importlib.import_module(name) for name in names)]
    return tuple(module for module in modules if hasattr(module, "__all__"))


def public_objects() -> dict[str, Any]:
    """Return qualified name -> class, function or op of ours, each once."""
    found: dict[str, Any] = {}
    for module in public_modules():
        for name in module.__all__:
            thing = getattr(module, name)
            if str(getattr(thing, "__module__", "")).startswith("backlit") and callable(thing):
                found[f"{thing.__module__}.{name}"] = thing
    return found


def methods(cls: type) -> Iterator[tuple[str, Any]]:
    for name, member in vars(cls).items():
        ours = inspect.isfunction(member) and member.__module__.startswith("backlit")
        if ours and (not name.startswith("_") or name == "__init__"):
            yield name, member


def own_words(thing: Any) -> str | None:
    """Return the docstring written for `thing` itself, not one inherited from its class."""
    return thing.__doc__ if inspect.isfunction(thing) else vars(thing).get("__doc__")


def unannotated(function: Any) -> list[str]:
    """Return the parameters (and "return") of `function` that carry no annotation."""
    signature = inspect.signature(function)
    bare = [p.name for p in signature.parameters.values() if p.annotation is p.empty and p.name not in ("self", "cls")]
    return bare + (["return"] if signature.return_annotation is signature.empty else [])


def test_all_names_exist() -> None:
    missing = [f"{m.__name__}.{n}" for m in public_modules() for n in m.__all__ if not hasattr(m, n)]
    assert not missing
    assert len(public_modules()) > 1


def test_everything_public_is_explained() -> None:
    bare = [name for name, thing in public_objects().items() if not own_words(thing)]
    for name, thing in public_objects().items():
        if inspect.isclass(thing):
            own = [m for m, member in methods(thing) if m != "__init__" and not inspect.getdoc(getattr(thing, m))]
            bare += [f"{name}.{method}" for method in own]
    assert not bare, "\n".join(bare)


def test_everything_public_is_annotated() -> None:
    bare = []
    for name, thing in public_objects().items():
        # an op is data, not a function: pyright's strict mode holds the rule it was made of
        parts = methods(thing) if inspect.isclass(thing) else [("", thing)] if inspect.isfunction(thing) else []
        bare += [f"{name}.{part}: {missing}" for part, member in parts if (missing := unannotated(member))]
    assert not bare, "\n".join(bare)


# --- the tests themselves ----------------------------------------------------------------------------------------


def can_fail(test: ast.AST, failing: set[str]) -> bool:
    """Say whether `test` asserts, raises, or calls something that does: by its name, or one of `failing`."""
    for node in ast.walk(test):
        if isinstance(node, ast.Assert | ast.Raise):
            return True
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).split(".")[-1].lstrip("_")
            if called in failing or called.startswith(("assert", "check", "expect", "raises", "warns", "fail")):
                return True
    return False


@cache
def parsed_tests() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text("utf-8")) for path in sorted(Path(__file__).parent.rglob("*.py"))}


@cache
def failing() -> set[str]:
    """Return the names of the functions and classes of the tests that assert, or call one that does."""
    named = [n for tree in parsed_tests().values() for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    found: set[str] = set()
    for _ in range(3):
        found |= {node.name.lstrip("_") for node in named if can_fail(node, found)}
    return found


@pytest.mark.parametrize("path", parsed_tests(), ids=lambda path: path.stem)
def test_no_test_is_unable_to_fail(path: Path) -> None:
    tests = [n for n in ast.walk(parsed_tests()[path]) if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")]
    assert not [node.name for node in tests if not can_fail(node, failing())]
