"""The `.c` file: a trained network as one C99 source with `predict`, which needs `<math.h>` and the stack only.

Arithmetic on single numbers stands in one loop for each line of the network, activations are functions printed from
their rules (`c_words`); products, sums over axes and the like fill arrays (`c_blocks`).
"""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..._version import __version__
from ...arrays import Array, DType
from ...files import StrPath
from ...graph import Node
from ...graph.node import constant
from ...ops import Op
from ..whole_file import write_bytes
from .c_blocks import BLOCKS, FUNCTIONS, INLINE, function_text
from .c_loops import Leaf, Nest, nest, sizes, view, whole
from .c_template import HEAD, KEYWORDS, PREDICT
from .c_words import HELPERS, MATH, SUFFIX, TYPES, WORDS, helper, hexadecimal, literal
from .composites import Function, function_of, is_function
from .expressions import Text
from .folding import folded
from .prediction import Prediction, no_word, prediction
from .statements import Names, called, lines, named_weights, readable, sizes_text

VIEWS = ("reshape", "transpose", "take_slice", "broadcast_to")
TAKEN = {*KEYWORDS, *(f"{name}f" for name in KEYWORDS), *HELPERS, *FUNCTIONS, *"abcdefghijklmnopqrstuvwxyz"}
LONGEST_LINE = 108
A_ROW = 6  # numbers of a weight


def save(model: Any, path: StrPath, notes: Mapping[str, Any] | None = None) -> None:
    """Write a built model, atomically; what C has no word for here raises `ConfigError`. Notes have no place here."""
    words = {*WORDS, *VIEWS, *BLOCKS, *_composites()}
    found, arrays = folded(prediction(model, words, _is_known))
    _require_apart(found)
    write_bytes(path, Printer(found, arrays).text())


def _composites() -> Mapping[str, Op]:
    from ...models.operations import table

    return {name: op for name, op in table().items() if op.body is not None}


def _is_known(node: Node) -> bool:
    if node.dtype.name not in TYPES:
        raise no_word(node, f"C has no {node.dtype.name}.")
    return node.op.name in BLOCKS or node.op.body is None or is_function(node, WORDS)


def _require_apart(found: Prediction) -> None:
    """Raise `ConfigError` where the samples of a batch are mixed: `predict` sees one at a time."""
    for node in found.graph.nodes:
        axes = node.attrs.get("axes", ()) if node.op.kind == "reduce" else ()
        if node.op.name in BLOCKS and "axis" in node.attrs and node.op.name != "one_hot":
            axes = (node.attrs["axis"],)
        inputs = [below for below in node.inputs if below.shape]
        mixes = any(below.shape[axis] is None for below in inputs[:1] for axis in axes) or node.shape.count(None) > 1
        if node.op.name == "matmul":
            mixes = mixes or (None not in node.shape and any(None in below.shape for below in inputs))
        if mixes:
            raise no_word(node, "It mixes the samples of a batch, and the C function sees one at a time.")


class Printer:
    """Prints one prediction."""

    def __init__(self, found: Prediction, arrays: Mapping[Node, Array]) -> None:
        self.found = found
        self.names = Names(TAKEN)
        self.arrays = dict(arrays) | {n: n.value for n in found.graph.nodes if n.op is constant and n.value.size != 1}
        self.printed: dict[str, str] = {}  # functions of ours by name
        self._rules: dict[tuple[str, str], str] = {}  # composite ops, by name and text -> the name of their function
        self.copies: list[str] = []  # lines that copy what a block wants in another order
        self.stack = 0
        self.inputs = self._parameters(found.inputs, "x")
        self.called = {node: name for name, node in self.inputs.items()}
        self._ends = self._parameters(found.outputs, "y")
        self.called |= self._weights()
        self._uses = Counter(below for node in found.graph.nodes for below in node.inputs)
        self._wanted = {below for node in found.graph.nodes if _wants_array(node) for below in node.inputs}
        self.own: Mapping[Node, None] = dict.fromkeys(lines(found, self.called, self._must, self._never))
        self._hosts = self._shared()
        self._name_lines()

    def _parameters(self, nodes: Mapping[str, Node], single: str) -> dict[str, Node]:
        if len(nodes) == 1:
            return {single: next(iter(nodes.values()))}
        return {self.names.new(name): node for name, node in nodes.items()}

    def _weights(self) -> dict[Node, str]:
        named = {node: node for node in self.arrays if node.op is not constant}
        rest = {node: self.names.new(f"{node.scope or 'model'}/constant") for node in self.arrays if node not in named}
        return named_weights(named, self.names) | rest

    def _must(self, node: Node) -> bool:
        """Blocks fill an array, and views and most blocks read one."""
        if node.op.name in BLOCKS:
            return True
        if node.op.name == "reshape" and self._is_leaf(node):
            return False
        return node in self._wanted

    def _never(self, node: Node) -> bool:
        """A reshape is another way to look at an array that is there."""
        return node.op.name == "reshape" and node not in self._ends.values() and self._is_leaf(node)

    def _is_leaf(self, node: Node) -> bool:
        while node.op.name == "reshape":
            node = node.inputs[0]
        return node.op.name not in VIEWS

    def _shared(self) -> dict[Node, Node]:
        """Return lines whose array another line takes over, number by number: `z + b` is written over z."""
        hosts: dict[Node, Node] = {}
        for node in self.own:
            if node.op.name in (*BLOCKS, *VIEWS):
                continue
            taken = {*hosts, *hosts.values(), *self._ends.values()}
            for below in self._read(node):
                alike = sizes(below) == sizes(node) and below.dtype == node.dtype
                if alike and below in self.own and below not in taken and self._uses[below] == 1:
                    hosts[below] = node
                    break
        return hosts

    def _read(self, node: Node) -> Iterable[Node]:
        """Yield what an expression reads number by number, looking into what stands inside it."""
        for below in node.inputs:
            if below in self.own or below in self.called:
                yield below
            elif below.op.name not in VIEWS:
                yield from self._read(below)

    def _name_lines(self) -> None:
        free = [node for node in self.own if node not in self._hosts and node not in self._ends.values()]
        names = called(free, self.names)
        for name, node in self._ends.items():
            if node in self.own and node not in names:
                names[node] = name
        for node in reversed(list(self.own)):
            if node in self._hosts:
                names[node] = names[self._hosts[node]]
        self.called |= names

    # What the words and blocks ask for

    def call(self, name: str, dtype: DType) -> str:
        """Return the function for an op: of `<math.h>`, or one of ours."""
        if name in MATH and dtype.kind == "f":
            return f"{MATH[name]}{SUFFIX[dtype.name]}"
        found, text = helper(name, dtype)
        self.printed[found] = text
        return found

    def function(self, name: str, node: Node) -> str:
        """Return the function of ours for the type of a node."""
        found, text = function_text(name, node)
        self.printed[found] = text
        return found

    def leaf(self, node: Node) -> Leaf:
        """Return how a node lies in an array that has a name."""
        if node in self.called:
            return whole(self.called[node], sizes(node))
        return view(node, self.leaf(node.inputs[0]))

    def array(self, node: Node) -> str:
        """Return the name of a node's array, one number after the other."""
        return self.leaf(node).name

    def leaves(self, node: Node) -> list[Leaf]:
        """Return the arrays that an expression reads."""
        if node in self.called or node.op.name in VIEWS:
            return [self.leaf(node)]
        return list(dict.fromkeys(leaf for below in node.inputs for leaf in self.leaves(below)))

    def inside(self, node: Node, loops: Nest, top: bool = False) -> Text:
        """Return one number of a node, inside loops."""
        if node.op is constant and node.value.size == 1:
            return literal(node.value)
        if (node in self.called and not top) or node.op.name in VIEWS:
            leaf = view(node, self.leaf(node.inputs[0])) if top else self.leaf(node)
            return Text(loops.at(leaf))
        return self._applied(node, [self.inside(below, loops) for below in node.inputs])

    def copied(self, leaf: Leaf, node: Node) -> Leaf:
        """Return the same numbers one after the other, in an array of their own."""
        out = whole(self.names.new(f"{leaf.name}_copy"), leaf.shape)
        loops = nest([out, leaf], leaf.shape)
        self.copies += [self._declared(out.name, node), *loops.around([f"{loops.at(out)} = {loops.at(leaf)};"])]
        return out

    def _applied(self, node: Node, below: list[Text]) -> Text:
        if node.op.body is None:
            return WORDS[node.op.name](self, node, below)
        return Text(f"{self._rule(function_of(node), node)}({', '.join(one.text for one in below)})")

    def _rule(self, rule: Function, node: Node) -> str:
        """Return the name of the function a composite op is, printed once."""
        inner = Names({*TAKEN, *rule.inputs.values()} - set("abcdefgh"))
        letters = iter("abcdefgh")
        known = {**rule.inputs, **{line: inner.new(next(letters, "t")) for line in rule.lines}}

        def value(one: Node, top: bool = False) -> Text:
            if one.op is constant:
                return literal(one.value)
            if one in known and not top:
                return Text(known[one])
            return self._applied(one, [value(below) for below in one.inputs])

        steps = [_broken(f"const {TYPES[n.dtype.name]} {known[n]} = {value(n, True).text};") for n in rule.lines]
        steps.append(_broken(f"return {value(rule.result).text};"))
        given = ", ".join(f"{TYPES[n.dtype.name]} {name}" for n, name in rule.inputs.items())
        text = f"({given}) {{\n{textwrap.indent(chr(10).join(steps), ' ' * 4)}\n}}"
        if (rule.name, text) not in self._rules:
            name = self._rules[rule.name, text] = self.names.new(f"{rule.name}_of" if rule.name in TAKEN else rule.name)
            self.printed[name] = f"/* {readable_rule(rule.said)} */\nstatic {TYPES[node.dtype.name]} {name}{text}"
        return self._rules[rule.name, text]

    # The file

    def text(self) -> str:
        """Return the whole file."""
        body = self._body()
        single = f"void predict({', '.join(self._arguments())})"
        batch = f"void predict_batch({', '.join(self._arguments())}, int n)"
        head = HEAD.format(
            name=readable(self.found.name), version=__version__, single=single, batch=batch, stack=self.stack,
            takes=_said(self.inputs.values()), gives=_said(self._ends.values()),
            outputs=", ".join(map(readable, self.found.outputs)),
        )  # fmt: skip
        calls = ", ".join(f"{n} + i * {math.prod(sizes(k))}" for n, k in (*self.inputs.items(), *self._ends.items()))
        main = PREDICT.format(single=single, batch=batch, calls=calls, body=textwrap.indent("\n".join(body), " " * 4))
        parts = [head, self._declarations(), *self.printed.values(), main, *self._definitions()]
        return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"

    def _arguments(self) -> list[str]:
        inputs = [f"const {TYPES[node.dtype.name]} *{name}" for name, node in self.inputs.items()]
        return inputs + [f"{TYPES[node.dtype.name]} *{name}" for name, node in self._ends.items()]

    def _declared(self, name: str, node: Node) -> str:
        count = math.prod(sizes(node))
        self.stack += count * node.dtype.itemsize
        return f"{TYPES[node.dtype.name]} {name}[{count}]; /* {sizes_text(n for n in node.shape if n is not None)} */"

    def _body(self) -> list[str]:
        done, there = list[str](), {*self._ends}
        for node in self.own:
            name = self.called[node]
            if name not in there:
                done.append(self._declared(name, node))
                there.add(name)
            filled = BLOCKS[node.op.name](self, node) if node.op.name in BLOCKS else self._line(node)
            done += [*self.copies, *filled]
            self.copies = []
        done += [
            line
            for name, node in self._ends.items()
            if self.called.get(node) != name
            for line in self._again(name, node)
        ]
        unread = [name for name, node in self.inputs.items() if node not in self.found.graph.nodes]
        return [*(f"(void){name};" for name in unread), *done]

    def _line(self, node: Node) -> list[str]:
        """Return the loops that fill the array of an expression."""
        shape, out = sizes(node), whole(self.called[node], sizes(node))
        read = self.leaves(node.inputs[0]) if node.op.name not in VIEWS else []
        for below in node.inputs[1:]:
            read += self.leaves(below)
        if node.op.name in VIEWS:
            read = [view(node, self.leaf(node.inputs[0]))]
        loops = nest(list(dict.fromkeys([out, *read])), shape)
        return loops.around([_broken(f"{loops.at(out)} = {self.inside(node, loops, True).text};", 4)])

    def _again(self, name: str, node: Node) -> list[str]:
        """Return the loop that copies to an output what has its place elsewhere."""
        out, leaf = whole(name, sizes(node)), self.leaf(node)
        loops = nest([out, leaf], sizes(node))
        return loops.around([f"{loops.at(out)} = {loops.at(leaf)};"])

    def _declarations(self) -> str:
        """Name the weights first: in C99 their numbers may come last, where they are in nobody's way."""
        return "\n".join(
            f"static const {TYPES[a.dtype.name]} {self.called[node]}[{a.size}]; /* {sizes_text(a.shape)} */"
            for node, a in self.arrays.items()
        )

    def _definitions(self) -> Iterable[str]:
        for node, array in self.arrays.items():
            flat: Sequence[Any] = np.ravel(array)
            rows = (", ".join(map(hexadecimal, flat[i : i + A_ROW])) for i in range(0, len(flat), A_ROW))
            head = f"static const {TYPES[array.dtype.name]} {self.called[node]}[{array.size}] = {{"
            yield "\n".join((head, *(f"    {row}," for row in rows), "};"))


def _wants_array(node: Node) -> bool:
    return node.op.name in VIEWS or (node.op.name in BLOCKS and node.op.name not in INLINE)


def _said(nodes: Iterable[Node]) -> str:
    return ", ".join(f"{TYPES[node.dtype.name]} {sizes_text(sizes(node)[1:])}" for node in nodes)


def readable_rule(said: str) -> str:
    """Return a formula as it may stand in a comment."""
    return said.replace("*/", "* /").replace("/*", "/ *").encode("ascii", "replace").decode()


def _broken(line: str, indent: int = 0) -> str:
    """Return a statement over several lines where it is long."""
    parts = textwrap.wrap(line, LONGEST_LINE, break_long_words=False, break_on_hyphens=False)
    return ("\n" + " " * (4 + indent)).join(parts)
