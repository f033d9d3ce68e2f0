"""What else a program imports, and what to install where it is not there.

Names of TensorFlow and its kin are `compat`'s to answer; this is about all other packages. Nothing is run.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from importlib.machinery import PathFinder
from pathlib import Path
from typing import NamedTuple

from ..compat.modules import ROOTS

EXTRAS = {"matplotlib": "plot", "PIL": "image"}  # libraries, and our extra that brings them
PACKAGES = {  # what a command is given for: not for names that a program's author, or somebody else, made up
    "cv2": "opencv-python", "pandas": "pandas", "scipy": "scipy", "seaborn": "seaborn", "sklearn": "scikit-learn",
    "skimage": "scikit-image", "tqdm": "tqdm",
}  # fmt: skip
ANSWERED = {*ROOTS, "IPython", "backlit"}


class AbsentPackage(NamedTuple):
    """A package that is not installed, and the first line that imports it."""

    line: int
    name: str

    def __str__(self) -> str:
        return f"line {self.line}: {advice(self.name)}"


def advice(name: str) -> str:
    """Return how to get a package that is not here."""
    if name.startswith(("tensorflow_", "keras_")):
        return f"{name} is not installed here, and works with TensorFlow only: Backlit does not answer for it."
    if name not in {*EXTRAS, *PACKAGES}:
        return f"{name} is not installed here. Install the package that brings it, or put its file beside the program."
    what = f'"backlit[{EXTRAS[name]}]"' if name in EXTRAS else PACKAGES[name]
    return f"{name} is not installed here. Run `pip install {what}`, then once more."


def absent_packages(source: str, folder: Path) -> list[AbsentPackage]:
    """Return the packages that importing `source`, a program in `folder`, would not find, each once, in order.

    An import that is tried, with an `except` for its failing, is no need. Bad syntax raises `SyntaxError`.
    """
    found: dict[str, AbsentPackage] = {}
    for line, name in sorted(_imported(ast.parse(source))):
        if name not in ANSWERED and not _is_there(name, folder):
            found.setdefault(name, AbsentPackage(line, name))
    return sorted(found.values())


def _imported(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and top name of each import below `node`."""
    if isinstance(node, ast.Import):
        yield from ((node.lineno, one.name.partition(".")[0]) for one in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.lineno, node.module.partition(".")[0]
    elif isinstance(node, ast.Try) and node.handlers:
        for below in (*node.orelse, *node.finalbody):
            yield from _imported(below)
    else:
        for below in ast.iter_child_nodes(node):
            yield from _imported(below)


def _is_there(name: str, folder: Path) -> bool:
    known = name in sys.stdlib_module_names or name in sys.modules
    return known or PathFinder.find_spec(name, [str(folder), *sys.path]) is not None
