"""How ops that are more than arithmetic on single numbers are said in C: statements that fill an array.

A block takes the printer and the node, and gives lines. What an op needs of C that is longer than a few lines is a
function of ours (`FUNCTIONS`), printed where it is used.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from ...arrays import Shape
from ...graph import Node
from .c_loops import Leaf, contiguous, nest, sizes, whole
from .c_words import TYPES
from .expressions import Text
from .prediction import no_word

if TYPE_CHECKING:
    from .c_file import Printer

Block: TypeAlias = "Callable[[Printer, Node], list[str]]"

FUNCTIONS = {  # {t}: the type, {f}: the suffix of its functions, {n}: that of the name
    "product": """\
/* y = a b: (rows, inner) times (inner, columns). */
static void product{n}(const {t} *a, const {t} *b, {t} *y, int rows, int inner, int columns) {{
    for (int i = 0; i < rows; i++) {{
        for (int j = 0; j < columns; j++)
            y[i * columns + j] = 0;
        for (int k = 0; k < inner; k++)
            for (int j = 0; j < columns; j++)
                y[i * columns + j] += a[i * inner + k] * b[k * columns + j];
    }}
}}""",
    "softmax": """\
/* y = e**x / sum(e**x) along an axis of that size, whose numbers lie `inner` apart. */
static void softmax{n}(const {t} *x, {t} *y, int outer, int size, int inner) {{
    for (int i = 0; i < outer * inner; i++) {{
        const int start = i / inner * size * inner + i % inner, end = start + size * inner;
        {t} top = x[start], total = 0;
        for (int j = start; j < end; j += inner)
            top = fmax{f}(top, x[j]);
        for (int j = start; j < end; j += inner)
            total += y[j] = exp{f}(x[j] - top);
        for (int j = start; j < end; j += inner)
            y[j] /= total;
    }}
}}""",
    "cumsum": """\
/* y = the running sum of x along an axis of that size, whose numbers lie `inner` apart. */
static void cumsum{n}(const {t} *x, {t} *y, int outer, int size, int inner, int reverse) {{
    for (int i = 0; i < outer * inner; i++) {{
        {t} total = 0;
        for (int j = 0; j < size; j++) {{
            const int at = (i / inner * size + (reverse ? size - 1 - j : j)) * inner + i % inner;
            y[at] = total += x[at];
        }}
    }}
}}""",
    "sort": """\
/* y = x in ascending order along an axis of that size, whose numbers lie `inner` apart. */
static void sort{n}(const {t} *x, {t} *y, int outer, int size, int inner) {{
    for (int i = 0; i < outer * inner; i++) {{
        const int start = i / inner * size * inner + i % inner;
        for (int j = 0; j < size; j++) {{
            const {t} value = x[start + j * inner];
            int k = j;
            for (; k > 0 && y[start + (k - 1) * inner] > value; k--)
                y[start + k * inner] = y[start + (k - 1) * inner];
            y[start + k * inner] = value;
        }}
    }}
}}""",
    "arg": """\
/* y = the first place where sign * x is greatest along an axis of that size, whose numbers lie `inner` apart. */
static void arg{n}(const {t} *x, long long *y, int outer, int size, int inner, int sign) {{
    for (int i = 0; i < outer * inner; i++) {{
        const {t} *row = x + i / inner * size * inner + i % inner;
        int best = 0;
        for (int j = 1; j < size; j++)
            if (sign > 0 ? row[j * inner] > row[best * inner] : row[j * inner] < row[best * inner])
                best = j;
        y[i] = best;
    }}
}}""",
    "gather": """\
/* y = the entries of x at places along an axis of that size; a place out of range is the nearest one within. */
static void gather{n}(const {t} *x, const long long *places, {t} *y, int outer, int size, int inner, int count) {{
    for (int i = 0; i < outer * count; i++) {{
        const long long named = places[i % count], place = named < 0 ? named + size : named;
        const int held = place < 0 ? 0 : place < size ? (int)place : size - 1;
        for (int j = 0; j < inner; j++)
            y[i * inner + j] = x[(i / count * size + held) * inner + j];
    }}
}}""",
}
START = {"sum": "0", "mean": "0", "prod": "1", "any": "0", "all": "1"}


def _lanes(node: Node, axis: int) -> tuple[int, int, int]:
    """Return (outer, size, inner): how many numbers lie before, along and behind an axis."""
    shape = sizes(node)
    return math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :])


def _matmul(p: Printer, node: Node) -> list[str]:
    shape, lead = sizes(node), sizes(node)[:-2]
    a, b = (_factor(p, node, i) for i in (0, 1))
    inner, columns = a.shape[-1], shape[-1]
    name = p.function("product", node)
    if math.prod(b.shape[:-2]) == 1:
        rows = math.prod(shape[:-1])
        return [f"{name}({a.name}, {b.name}, {p.called[node]}, {rows}, {inner}, {columns});"]
    a, b = (f.spread((*lead, *f.shape[-2:])) for f in (a, b))
    starts = [Leaf(f.name, f.offset, f.strides[:-2], lead) for f in (a, b)]
    out = Leaf(p.called[node], 0, contiguous(shape)[:-2], lead)
    loops = nest([*starts, out], lead)
    places = (f"{leaf.name} + {loops.place(leaf)}" for leaf in (*starts, out))
    return loops.around([f"{name}({', '.join(places)}, {shape[-2]}, {inner}, {columns});"])


def _factor(p: Printer, node: Node, i: int) -> Leaf:
    """Return a factor as matrices whose numbers lie one after the other; others are copied first."""
    leaf = p.layout.leaf(node.inputs[i])
    if node.attrs["transpose_" + "ab"[i]]:
        swap = (*range(len(leaf.shape) - 2), len(leaf.shape) - 1, len(leaf.shape) - 2)
        leaf = Leaf(leaf.name, leaf.offset, tuple(leaf.strides[k] for k in swap), tuple(leaf.shape[k] for k in swap))
    return leaf if leaf.is_whole else p.copied(leaf, node.inputs[i])


def _reduction(p: Printer, node: Node) -> list[str]:
    """Loops over what is kept around loops over what is summed, in which `total` grows."""
    [below] = node.inputs
    axes, shape = node.attrs["axes"], sizes(below)
    out = whole(p.called[node], tuple(1 if i in axes else n for i, n in enumerate(shape)))
    leaves = p.layout.leaves(below)
    outer = nest([out, *leaves], shape, [i for i in range(len(shape)) if i not in axes])
    inner = nest(leaves, shape, axes, len(outer.counts))
    value = p.inside(below, outer.then(inner, leaves))
    start = START[node.op.name] if node.op.name in START else p.inside(below, outer).text
    mean = f" / {math.prod(shape[i] for i in axes)}" if node.op.name == "mean" else ""
    body = [
        f"{TYPES[node.dtype.name]} total = {start};",
        *inner.around([_step(p, node, value)]),
        f"{outer.at(out)} = total{mean};",
    ]
    return outer.around(body) if outer.counts else ["{", *(f"    {line}" for line in body), "}"]


def _step(p: Printer, node: Node, value: Text) -> str:
    name = node.op.name
    if name in ("max", "min"):
        return f"total = {p.call(f'{name}imum', node.dtype)}(total, {value.text});"
    if name in ("any", "all"):
        return f"total = total {'||' if name == 'any' else '&&'} ({value.text});"
    return f"total {'*' if name == 'prod' else '+'}= {value.text};"


def _softmax(p: Printer, node: Node) -> list[str]:
    axis = node.attrs["axis"] % len(node.shape)
    return _call(p, node, p.function("softmax", node), *_lanes(node, axis))


def _call(p: Printer, node: Node, name: str, *numbers: int) -> list[str]:
    given = [p.layout.array(node.inputs[0]), p.called[node], *map(str, numbers)]
    return [f"{name}({', '.join(given)});"]


def _cumsum(p: Printer, node: Node) -> list[str]:
    lanes = _lanes(node, node.attrs["axis"])
    return _call(p, node, p.function("cumsum", node), *lanes, int(node.attrs["reverse"]))


def _sort(p: Printer, node: Node) -> list[str]:
    return _call(p, node, p.function("sort", node), *_lanes(node, node.attrs["axis"]))


def _arg(p: Printer, node: Node) -> list[str]:
    [below] = node.inputs
    sign = 1 if node.op.name == "argmax" else -1
    return _call(p, node, p.function("arg", below), *_lanes(below, node.attrs["axis"]), sign)


def _gather(p: Printer, node: Node) -> list[str]:
    below, places = node.inputs
    name = p.function("gather", below)
    if places.dtype.name != "int64":
        raise no_word(node, "Its places are no int64.")
    lanes = (*_lanes(below, node.attrs["axis"]), math.prod(sizes(places)))
    return [
        f"{name}({p.layout.array(below)}, {p.layout.array(places)}, {p.called[node]}, {', '.join(map(str, lanes))});"
    ]


def _one_hot(p: Printer, node: Node) -> list[str]:
    count, classes = math.prod(sizes(node.inputs[0])), node.attrs["num_classes"]
    out, below = p.called[node], p.layout.array(node.inputs[0])
    return [
        f"for (int i = 0; i < {count}; i++)",
        f"    for (int j = 0; j < {classes}; j++)",
        f"        {out}[i * {classes} + j] = {below}[i] == j;",
    ]


def _concatenate(p: Printer, node: Node) -> list[str]:
    axis, start, lines = node.attrs["axis"] % len(node.shape), 0, list[str]()
    strides = contiguous(sizes(node))
    for below in node.inputs:
        shape: Shape = sizes(below)
        out = Leaf(p.called[node], start * strides[axis], strides, shape)
        loops = nest([out, *p.layout.leaves(below)], shape)
        lines += loops.around([f"{loops.at(out)} = {p.inside(below, loops).text};"])
        start += shape[axis]
    return lines


REDUCTIONS = ("sum", "mean", "max", "min", "prod", "any", "all")
BLOCKS: dict[str, Block] = {
    **dict.fromkeys(REDUCTIONS, _reduction),
    **dict.fromkeys(("argmax", "argmin"), _arg),
    "matmul": _matmul, "softmax": _softmax, "cumsum": _cumsum, "sort": _sort, "gather": _gather, "one_hot": _one_hot,
    "concatenate": _concatenate,
}  # fmt: skip
INLINE = (*REDUCTIONS, "concatenate")  # blocks that take an expression; the others want an array
