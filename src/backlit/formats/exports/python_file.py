"""The `.py` file: a trained network as one program that needs NumPy and nothing else.

`predict` has a line for each layer, activations are functions printed from their rules, and the weights stand below as
text. The file is made of names, numbers and words of ours; of the user's own words only letters and digits are used.
"""

from __future__ import annotations

import base64
import keyword
import textwrap
from collections.abc import Iterable, Mapping
from pprint import pformat
from typing import Any

import numpy as np

from ..._version import __version__
from ...arrays import Array
from ...files import StrPath
from ...graph import Node
from ...graph.node import constant
from ...models.operations import table
from ..whole_file import write_bytes
from .composites import Function, function_of, is_function
from .expressions import Text
from .folding import folded
from .prediction import Prediction, prediction
from .python_template import FOOT, HEAD, PREDICT
from .python_words import WORDS, dtype_text, literal
from .statements import Names, called, lines, named_weights, readable, sizes_text

TAKEN = {
    *keyword.kwlist, "np", "base64", "sys", "argparse", "predict", "main", "batch", "read", "array",
    "bool", "isinstance", "len", "tuple", "zip",
}  # fmt: skip
WIDTH = 112
LONGEST_LINE = 92
LARGEST_LITERAL = 16  # numbers of an array that stands where it is used


def save(model: Any, path: StrPath, notes: Mapping[str, Any] | None = None) -> None:
    """Write a built model, atomically, and its notes as `NOTES`; what NumPy has no word for raises `ConfigError`."""
    found, arrays = folded(prediction(model, {*WORDS, *table()}, _is_known))
    write_bytes(path, Printer(found, arrays, notes).text())


def _is_known(node: Node) -> bool:
    return node.op.name in WORDS if node.op.body is None else is_function(node, WORDS)


class Printer:
    """Prints one prediction."""

    def __init__(self, found: Prediction, arrays: Mapping[Node, Array], notes: Mapping[str, Any] | None = None) -> None:
        self.found = found
        self.notes = dict(notes or {})
        self.arrays = dict(arrays)
        self.names = Names(TAKEN)
        self.functions: dict[tuple[str, str], str] = {}  # (name of the op, its lines with _ for the name) -> its name
        self.printed: list[str] = []
        single = len(found.inputs) == 1
        self.given = {node: self.names.new("x" if single else name) for name, node in found.inputs.items()}
        self.known = self.given | named_weights(self.arrays, self.names)

    def batch_size(self) -> str:
        """Return the expression for how many samples are given."""
        return f"len({next(iter(self.given.values()))})"

    def text(self) -> str:
        """Return the whole file."""
        own = called(lines(self.found, self.known), self.names)
        known = self.known | own
        steps = [
            (assigned(name, self.computed(node, known).text), sizes_text(node.shape)) for node, name in own.items()
        ]
        body = [f"{step}  # {sizes}" for step, sizes in steps]
        results = [self.value(node, known).text for node in self.found.outputs.values()]
        given = list(self.given.values())
        checks = [f'{n} = batch({n}, {dtype_text(k.dtype)}, {k.shape[1:]}, "{n}")' for k, n in self.given.items()]
        block = PREDICT.format(
            given=", ".join(given),
            body=textwrap.indent("\n".join((*checks, *body)), " " * 4),
            results=", ".join(results),
        )
        foot = FOOT.format(files=len(given), inputs=", ".join(given), shapes=[k.shape[1:] for k in self.given])
        weights = [self._weight(self.known[node], array) for node, array in self.arrays.items()]
        noted = [f"NOTES = {_ascii(pformat(self.notes, width=WIDTH, sort_dicts=False))}"] if self.notes else []
        return "\n\n\n".join((self._head() + block, *self.printed, *noted, foot + "\n\n".join(weights), MAIN)) + "\n"

    def _head(self) -> str:
        return HEAD.format(
            name=readable(self.found.name),
            version=__version__,
            takes=self._said(self.found.inputs.values()),
            gives=self._said(self.found.outputs.values()),
            outputs=", ".join(map(readable, self.found.outputs)),
        )

    def _said(self, nodes: Iterable[Node]) -> str:
        return ", ".join(f"{node.dtype.name} {sizes_text(node.shape)}" for node in nodes)

    def value(self, node: Node, known: Mapping[Node, str]) -> Text:
        """Return a node by its name if it has one, a constant, or what computes it."""
        if node in known:
            return Text(known[node])
        if node.op is constant:
            return literal(node.value) if node.value.size <= LARGEST_LITERAL else Text(self._array(node))
        return self.computed(node, known)

    def computed(self, node: Node, known: Mapping[Node, str]) -> Text:
        """Return what computes a node of others."""
        below = [self.value(one, known) for one in node.inputs]
        if node.op.body is None:
            return WORDS[node.op.name](self, node, below)
        return Text(f"{self.function(function_of(node))}({', '.join(one.text for one in below)})")

    def _array(self, node: Node) -> str:
        self.arrays[node] = node.value
        if node not in self.known:
            self.known[node] = self.names.new("constant")
        return self.known[node]

    def function(self, rule: Function) -> str:
        """Return the name of the function a composite op is, printed once."""
        inner = Names({*TAKEN, *rule.inputs.values()})
        letters = iter("abcdefghijklmnopqrstuvwz")
        known = {**rule.inputs, **{node: inner.new(next(letters, "t")) for node in rule.lines}}
        steps = [assigned(known[n], self.computed(n, known).text) for n in rule.lines]
        steps.append(assigned("return", self.value(rule.result, known).text))
        body = textwrap.indent("\n".join((f'"""{rule.said}"""', *steps)), " " * 4)
        text = f"({', '.join(rule.inputs.values())}):\n{body}"
        key = (rule.name, text)
        if key not in self.functions:
            self.functions[key] = self.names.new(rule.name)
            self.printed.append(f"def {self.functions[key]}{text}")
        return self.functions[key]

    @staticmethod
    def _weight(name: str, array: Array) -> str:
        plain = np.asarray(array, array.dtype.newbyteorder("<"), order="C")
        text = base64.b64encode(plain.tobytes()).decode()
        rows = [text[i : i + WIDTH] for i in range(0, len(text), WIDTH)]
        return "\n".join((f'{name} = array("{plain.dtype.str}", {array.shape}, """', *rows, '""")'))


def assigned(name: str, text: str) -> str:
    """Return `name = text`, or `return text`, in parentheses over several lines where it is long."""
    start = name if name == "return" else f"{name} ="
    if len(start) + len(text) < LONGEST_LINE:
        return f"{start} {text}"
    parts = textwrap.wrap(text, LONGEST_LINE, break_long_words=False, break_on_hyphens=False)
    return "\n".join((f"{start} (", *(f"    {part}" for part in parts), ")"))


def _ascii(text: str) -> str:
    """Return Python's text for some data without letters beyond ASCII: inside its strings they become escapes."""
    return text.encode("ascii", "backslashreplace").decode()


MAIN = """if __name__ == "__main__":
    main()"""
