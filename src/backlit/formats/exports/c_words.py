"""How each element-wise primitive is said in C: a table from the names of ops to expressions of numbers.

Names of functions carry the suffix of their type: `expf` for float, `exp` for double. What C has no operator or
function for is a small function of ours (`HELPERS`), printed where it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ...arrays import Array, DType
from ...graph import Node
from .expressions import Text, infix, number, prefix, within

if TYPE_CHECKING:
    from .c_file import Printer

Word: TypeAlias = "Callable[[Printer, Node, list[Text]], Text]"

TYPES = {
    "float32": "float", "float64": "double", "bool": "unsigned char", "int8": "signed char", "uint8": "unsigned char",
    "int16": "short", "uint16": "unsigned short", "int32": "int", "uint32": "unsigned int", "int64": "long long",
    "uint64": "unsigned long long",
}  # fmt: skip
OPERATORS = {
    **dict.fromkeys(("add", "subtract", "multiply", "divide", "greater", "greater_equal", "less", "less_equal", "equal",
                     "not_equal")),
    "logical_and": "&&", "logical_or": "||",
}  # fmt: skip
MATH = {  # with the suffix f for float
    "absolute": "fabs", "sqrt": "sqrt", "exp": "exp", "expm1": "expm1", "log": "log", "log1p": "log1p", "sin": "sin",
    "cos": "cos", "tanh": "tanh", "arctan": "atan", "floor": "floor", "ceil": "ceil", "round": "rint", "power": "pow",
}  # fmt: skip
HELPERS = {  # {t}: the type, {f}: the suffix of its functions, {n}: that of the name, {or_nan}: fmax hides NaN
    "sign": "static {t} sign{n}({t} x) {{\n    return ({t})((x > 0) - (x < 0));\n}}",
    "square": "static {t} square{n}({t} x) {{\n    return x * x;\n}}",
    "mod": "static {t} mod{n}({t} x, {t} y) {{\n    const {t} r = {rest};\n"
           "    return r != 0 && (r < 0) != (y < 0) ? r + y : r;\n}}",
    "floor_divide": "static {t} floor_divide{n}({t} x, {t} y) {{\n    const {t} r = {rest};\n"
                    "    return {whole}((x - (r != 0 && (r < 0) != (y < 0) ? r + y : r)) / y);\n}}",
    "maximum": "static {t} maximum{n}({t} x, {t} y) {{\n    return x > y{or_nan} ? x : y;\n}}",
    "minimum": "static {t} minimum{n}({t} x, {t} y) {{\n    return x < y{or_nan} ? x : y;\n}}",
    "absolute": "static {t} absolute{n}({t} x) {{\n    return x < 0 ? -x : x;\n}}",
}  # fmt: skip
SUFFIX = {"float32": "f", "float64": ""}
QUESTION = 0  # how strongly ? : binds


def typed(name: str, text: str, dtype: DType) -> tuple[str, str]:
    """Return the name and the text of a function of ours for a type; float's has no suffix in its name."""
    kind, floating, f = TYPES[dtype.name], dtype.kind == "f", SUFFIX.get(dtype.name, "")
    own = "" if dtype == np.float32 else f"_{kind.replace(' ', '_')}"
    rest, whole = (f"fmod{f}(x, y)", f"rint{f}") if floating else ("x % y", "")
    or_nan = " || x != x" if floating else ""
    return f"{name}{own}", text.format(t=kind, f=f, n=own, rest=rest, whole=whole, or_nan=or_nan)


def literal(value: Array) -> Text:
    """Return one number as it stands in an expression, e.g. `0.5f`: the shortest text that is this number."""
    item = value.reshape(())[()]
    if value.dtype.kind != "f":
        return number(_whole(int(item)))
    if not np.isfinite(item):
        return number("NAN" if np.isnan(item) else "INFINITY" if item > 0 else "-INFINITY")
    return number(f"{item!s}{SUFFIX[value.dtype.name]}")


def _whole(value: int) -> str:
    """Return an integer; C has no negative numbers, and no positive one as large as the lowest is."""
    if value == -(2**63):
        return "(-9223372036854775807LL - 1)"
    return f"{value}{'LL' * (abs(value) >= 2**31)}{'U' * (value >= 2**63)}"


def digits(array: Array) -> list[str]:
    """Return the numbers of an array exactly, those with a point as C99 writes bits: `0x1.800000p+1f`."""
    flat = array.reshape(-1)
    if array.dtype.kind != "f":
        return [_whole(int(value)) for value in flat]
    if not np.isfinite(flat).all():
        return [literal(value).text for value in flat]
    text = " ".join([*map(float.hex, flat.tolist()), ""])
    text = text.replace("0000000p", "p")  # digits that float32 never needs
    return text.replace(" ", f"{SUFFIX[array.dtype.name]} ").split()


def _operator(p: Printer, node: Node, x: list[Text]) -> Text:
    found = infix(node.op.name, x[0], x[1], OPERATORS[node.op.name])
    return found if node.op.name != "logical_and" or "||" not in found.text else Text(f"({found.text})")


def _call(p: Printer, node: Node, x: list[Text]) -> Text:
    return Text(f"{p.call(node.op.name, node.dtype)}({', '.join(one.text for one in x)})")


def _test(name: str) -> Word:
    return lambda p, node, x: Text(f"({name}({x[0].text}) != 0)")


def _where(p: Printer, node: Node, x: list[Text]) -> Text:
    return Text(f"{within(x[0], 1)} ? {within(x[1], 1)} : {within(x[2], 1)}", QUESTION)


def _cast(p: Printer, node: Node, x: list[Text]) -> Text:
    if node.dtype.kind == "b":
        return infix("not_equal", x[0], Text("0"))
    return prefix(f"({TYPES[node.dtype.name]})", x[0])


WORDS: dict[str, Word] = {
    **dict.fromkeys(OPERATORS, _operator),
    **dict.fromkeys((*MATH, *HELPERS), _call),
    "negative": lambda p, node, x: prefix("-", x[0]), "logical_not": lambda p, node, x: prefix("!", x[0]),
    "stop_gradient": lambda p, node, x: x[0], "where": _where, "cast": _cast, "isnan": _test("isnan"),
    "isfinite": _test("isfinite"),
}  # fmt: skip
