"""The `.c` file: a trained network as one C99 source with `predict`, which needs `<math.h>` and the stack only.

Arithmetic on single numbers stands in one loop for each line of the network, activations are functions printed from
their rules (`c_words`); products, sums over axes and the like fill arrays (`c_blocks`).
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

from ..._version import __version__
from ...arrays import Array, DType
from ...files import StrPath
from ...graph import Node
from ...graph.node import constant
from ...models.operations import table
from ..whole_file import write_bytes
from .c_blocks import BLOCKS, FUNCTIONS
from .c_layout import TAKEN, VIEWS, Layout
from .c_loops import Leaf, Nest, nest, sizes, whole
from .c_template import HEAD, PREDICT
from .c_words import HELPERS, MATH, SUFFIX, TYPES, WORDS, digits, literal, typed
from .composites import Function, function_of, is_function
from .expressions import Text
from .folding import folded
from .prediction import Prediction, no_word, prediction
from .statements import Names, readable, sizes_text

LONGEST_LINE = 108
A_ROW = 6  # numbers of a weight


def save(model: Any, path: StrPath, notes: Mapping[str, Any] | None = None) -> None:
    """Write a built model, atomically; what C has no word for here raises `ConfigError`. Notes have no place here."""
    found, arrays = folded(prediction(model, {*WORDS, *VIEWS, *BLOCKS, *table()}, _is_known))
    _require_apart(found)
    write_bytes(path, Printer(found, arrays).text())


def _is_known(node: Node) -> bool:
    if node.dtype.name not in TYPES:
        raise no_word(node, f"C has no {node.dtype.name}.")
    if node.op.body is None:
        return node.op.name in WORDS or node.op.name in VIEWS or node.op.name in BLOCKS
    return node.op.name in BLOCKS or is_function(node, WORDS)


def _require_apart(found: Prediction) -> None:
    """Raise `ConfigError` where the samples of a batch are mixed: `predict` sees one at a time."""
    for node in found.graph.nodes:
        first = node.inputs[0].shape if node.inputs else ()
        axes = node.attrs.get("axes", ()) if node.op.kind == "reduce" else ()
        if node.op.name in BLOCKS and "axis" in node.attrs:
            axes = (node.attrs["axis"],)
        inner = node.op.name == "matmul" and None not in node.shape and any(None in n.shape for n in node.inputs)
        if inner or node.shape.count(None) > 1 or any(first[axis] is None for axis in axes):
            raise no_word(node, "It mixes the samples of a batch, and the C function sees one at a time.")


class Printer:
    """Prints one prediction; words and blocks ask it where numbers lie, and for the functions they call."""

    def __init__(self, found: Prediction, arrays: Mapping[Node, Array]) -> None:
        self.found = found
        self.layout = Layout(found, arrays)
        self.called = self.layout.called
        self.functions: dict[str, str] = {}  # texts of functions of ours, by name
        self._rules: dict[tuple[str, str], str] = {}  # composite ops, by name and text -> the name of their function
        self._copies: list[str] = []  # lines that copy what a block wants in another order
        self._stack = 0

    # What words and blocks ask for

    def call(self, name: str, dtype: DType) -> str:
        """Return the function for an op: of `<math.h>`, or one of ours."""
        if name in MATH and dtype.kind == "f":
            return f"{MATH[name]}{SUFFIX[dtype.name]}"
        found, self.functions[found] = typed(name, HELPERS[name], dtype)
        return found

    def function(self, name: str, node: Node) -> str:
        """Return the function of ours for the type of a node."""
        found, self.functions[found] = typed(name, FUNCTIONS[name], node.dtype)
        return found

    def inside(self, node: Node, loops: Nest) -> Text:
        """Return one number of a node, inside loops."""
        if node.op is constant and node.value.size == 1:
            return literal(node.value)
        if node in self.called or node.op.name in VIEWS:
            return Text(loops.at(self.layout.leaf(node)))
        return self._applied(node, [self.inside(below, loops) for below in node.inputs])

    def copied(self, leaf: Leaf, node: Node) -> Leaf:
        """Return the same numbers one after the other, in an array of their own."""
        out = whole(self.layout.names.new(f"{leaf.name}_copy"), leaf.shape)
        self._copies += [self._declared(out.name, node), *_copy(out, leaf)]
        return out

    def _applied(self, node: Node, below: list[Text]) -> Text:
        if node.op.body is None:
            return WORDS[node.op.name](self, node, below)
        return Text(f"{self._rule(function_of(node), node)}({', '.join(one.text for one in below)})")

    def _rule(self, rule: Function, node: Node) -> str:
        """Return the name of the function a composite op is, printed once."""
        inner = Names({*TAKEN, *rule.inputs.values()} - set("abcdefgh"))
        known = dict(rule.inputs)
        steps: list[str] = []

        def value(one: Node) -> Text:
            if one.op is constant:
                return literal(one.value)
            return Text(known[one]) if one in known else computed(one)

        def computed(one: Node) -> Text:
            return self._applied(one, [value(below) for below in one.inputs])

        for letter, line in zip([*"abcdefgh", *["t"] * len(rule.lines)], rule.lines):
            text = computed(line).text
            known[line] = inner.new(letter)
            steps.append(_broken(f"const {TYPES[line.dtype.name]} {known[line]} = {text};"))
        steps.append(_broken(f"return {value(rule.result).text};"))
        given = ", ".join(f"{TYPES[n.dtype.name]} {name}" for n, name in rule.inputs.items())
        text = f"({given}) {{\n{_indented(steps)}\n}}"
        if (rule.name, text) not in self._rules:
            wish = f"{rule.name}_of" if rule.name in TAKEN else rule.name
            name = self._rules[rule.name, text] = self.layout.names.new(wish)
            self.functions[name] = f"/* {_comment(rule.said)} */\nstatic {TYPES[node.dtype.name]} {name}{text}"
        return self._rules[rule.name, text]

    # The file

    def text(self) -> str:
        """Return the whole file."""
        body = self._body()
        single = f"void predict({', '.join(self._arguments())})"
        batch = f"void predict_batch({', '.join(self._arguments())}, int n)"
        given, results = self.layout.inputs, self.layout.outputs
        head = HEAD.format(
            name=readable(self.found.name), version=__version__, single=single, batch=batch, stack=self._stack,
            takes=_said(given.values()), gives=_said(results.values()),
            outputs=", ".join(map(readable, self.found.outputs)),
        )  # fmt: skip
        calls = ", ".join(f"{n} + i * {math.prod(sizes(k))}" for n, k in (*given.items(), *results.items()))
        main = PREDICT.format(single=single, batch=batch, calls=calls, body=_indented(body))
        parts = [head, self._declarations(), *self.functions.values(), main, *self._definitions()]
        return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"

    def _arguments(self) -> list[str]:
        inputs = [f"const {TYPES[node.dtype.name]} *{name}" for name, node in self.layout.inputs.items()]
        return inputs + [f"{TYPES[node.dtype.name]} *{name}" for name, node in self.layout.outputs.items()]

    def _declared(self, name: str, node: Node) -> str:
        count = math.prod(sizes(node))
        self._stack += count * node.dtype.itemsize
        return f"{TYPES[node.dtype.name]} {name}[{count}]; /* {_one_sample(node)} */"

    def _body(self) -> list[str]:
        nodes = set(self.found.graph.nodes)
        done = [f"(void){name};" for name, node in self.layout.inputs.items() if node not in nodes]
        there = set(self.layout.outputs)
        for node in self.layout.lines:
            name = self.called[node]
            if name not in there:
                done.append(self._declared(name, node))
                there.add(name)
            filled = BLOCKS[node.op.name](self, node) if node.op.name in BLOCKS else self._line(node)
            done += [*self._copies, *filled]
            self._copies = []
        for name, node in self.layout.outputs.items():
            if self.called.get(node) != name:  # an input, a weight, or a value that is another output already
                done += _copy(whole(name, sizes(node)), self.layout.leaf(node))
        return done

    def _line(self, node: Node) -> list[str]:
        """Return the loops that fill the array of an expression."""
        out = whole(self.called[node], sizes(node))
        if node.op.name in VIEWS:
            return _copy(out, self.layout.seen(node))
        loops = nest(list(dict.fromkeys([out, *self.layout.read(node)])), sizes(node))
        value = self._applied(node, [self.inside(below, loops) for below in node.inputs])
        return loops.around([_broken(f"{loops.at(out)} = {value.text};", 4)])

    def _declarations(self) -> str:
        """Name the weights first: in C99 their numbers may come last, where they are in nobody's way."""
        return "\n".join(
            f"static const {TYPES[a.dtype.name]} {self.called[node]}[{a.size}]; /* {sizes_text(a.shape)} */"
            for node, a in self.layout.weights.items()
        )

    def _definitions(self) -> Iterable[str]:
        for node, array in self.layout.weights.items():
            flat = digits(array)
            rows = (", ".join(flat[i : i + A_ROW]) for i in range(0, len(flat), A_ROW))
            head = f"static const {TYPES[array.dtype.name]} {self.called[node]}[{array.size}] = {{"
            yield "\n".join((head, *(f"    {row}," for row in rows), "};"))


def _copy(out: Leaf, leaf: Leaf) -> list[str]:
    loops = nest([out, leaf], out.shape)
    return loops.around([f"{loops.at(out)} = {loops.at(leaf)};"])


def _said(nodes: Iterable[Node]) -> str:
    return ", ".join(f"{TYPES[node.dtype.name]} {_one_sample(node)}" for node in nodes)


def _one_sample(node: Node) -> str:
    return sizes_text(size for size in node.shape if size is not None)


def _comment(said: str) -> str:
    """Return a formula as it may stand in a comment."""
    return said.replace("*/", "* /").replace("/*", "/ *").encode("ascii", "replace").decode()


def _indented(lines: Iterable[str]) -> str:
    return textwrap.indent("\n".join(lines), " " * 4)


def _broken(line: str, indent: int = 0) -> str:
    """Return a statement over several lines where it is long."""
    parts = textwrap.wrap(line, LONGEST_LINE, break_long_words=False, break_on_hyphens=False)
    return ("\n" + " " * (4 + indent)).join(parts)
