"""The ops, one row each: the function, the domain of each input, and the shapes it is proven on.

`NO_GRADIENT` lists the ops through which nothing flows back, and why; a name in neither table fails the test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from backlit import ops
from backlit.arrays import Shape
from backlit.ops.op import apply

from .draw import PAIRS, SHAPES, Domain, above_minus_one, distribution, integers, nonzero, positive, real, truth, wide


class Row(NamedTuple):
    """`function(*handles)` on inputs of the given domains and shapes; `name` is the public name it proves."""

    name: str
    label: str
    function: Callable[..., Any]
    domains: tuple[Domain, ...]
    shapes: tuple[Shape, ...]


UNARY: dict[str, tuple[Callable[..., Any], Domain]] = {
    "negative": (ops.negative, real),
    "absolute": (ops.absolute, real),
    "abs": (ops.abs, real),
    "square": (ops.square, real),
    "sqrt": (ops.sqrt, positive),
    "exp": (ops.exp, real),
    "expm1": (ops.expm1, real),
    "log": (ops.log, positive),
    "log1p": (ops.log1p, above_minus_one),
    "sin": (ops.sin, wide),
    "cos": (ops.cos, wide),
    "tanh": (ops.tanh, real),
    "arctan": (ops.arctan, wide),
    "erf": (ops.erf, wide),
    "erfc": (ops.erfc, wide),
    "clip": (lambda x: ops.clip(x, -0.5, 0.75), real),
    "power": (lambda x: x**3, real),
}
POWERS: dict[str, tuple[Callable[..., Any], Domain]] = {
    "cube": (lambda x: x**3.0, nonzero),
    "inverse": (lambda x: x**-1, nonzero),
    "inverse_square": (lambda x: x**-2.0, nonzero),
    "square": (lambda x: x**2, real),
    "root": (lambda x: x**0.5, positive),
    "exponential": (lambda x: 2.0**x, real),
    "first": (lambda x: x**1, real),
    "zeroth": (lambda x: x**0, nonzero),
    "fractional": (lambda x: x**1.7, positive),
}
BINARY: dict[str, tuple[Callable[..., Any], Domain, Domain]] = {
    "add": (ops.add, real, real),
    "subtract": (ops.subtract, real, real),
    "multiply": (ops.multiply, real, real),
    "divide": (ops.divide, real, nonzero),
    "power": (ops.power, positive, real),
    "maximum": (ops.maximum, real, real),
    "minimum": (ops.minimum, real, real),
    "mod": (ops.mod, wide, nonzero),
}

_ALL = ((), None)
_AXES: tuple[tuple[Shape, Any], ...] = (
    _ALL, ((4,), None), ((4,), 0), ((1,), -1), ((2, 3), None), ((2, 3), 0), ((2, 3), -1), ((2, 3), (0, 1)),
    ((2, 3, 2), 1), ((2, 3, 2), (0, 2)), ((3, 1), 1),
)  # fmt: skip
_EMPTY: tuple[tuple[Shape, Any], ...] = (((0,), None), ((0, 3), 0), ((2, 0), -1), ((0, 3), 1))
REDUCTIONS: dict[str, tuple[Callable[..., Any], Domain, tuple[tuple[Shape, Any], ...]]] = {
    "sum": (ops.sum, real, _AXES + _EMPTY),
    "mean": (ops.mean, real, (*_AXES, ((0, 3), 1))),
    "max": (ops.max, real, (*_AXES, ((0, 3), 1))),
    "min": (ops.min, real, (*_AXES, ((0, 3), 1))),
    "prod": (ops.prod, nonzero, _AXES + _EMPTY),
    "variance": (ops.variance, real, (*_AXES, ((0, 3), 1))),
    "std": (ops.std, real, tuple(row for row in _AXES if row[0] not in ((), (1,), (3, 1)))),
}
_LAST: tuple[tuple[Shape, int], ...] = (
    ((4,), -1), ((1,), 0), ((2, 3), -1), ((2, 3), 0), ((2, 3, 2), 1), ((0, 3), -1), ((3, 1), 1),
)  # fmt: skip
ALONG: dict[str, tuple[Callable[..., Any], Domain]] = {
    "softmax": (ops.softmax, wide),
    "log_softmax": (ops.log_softmax, wide),
    "logsumexp": (ops.logsumexp, wide),
    "unit_normalize": (ops.unit_normalize, nonzero),
    "cumsum": (ops.cumsum, real),
}


def _s(start: int | None = None, stop: int | None = None, step: int | None = None) -> slice:
    return slice(start, stop, step)


_ROWS = np.array([2, 0, 2, 1])
_GRID = np.array([[1, 0, 1], [2, 2, -1]])
SHAPE_OPS: tuple[tuple[str, str, Callable[..., Any], tuple[Shape, ...]], ...] = (
    ("reshape", "to_matrix", lambda x: ops.reshape(x, (3, 2)), ((2, 3),)),
    ("reshape", "flat", lambda x: ops.reshape(x, -1), ((2, 3),)),
    ("reshape", "scalar", lambda x: ops.reshape(x, ()), ((1, 1),)),
    ("reshape", "empty", lambda x: ops.reshape(x, (3, 0)), ((0, 2),)),
    ("transpose", "reversed", ops.transpose, ((2, 3),)),
    ("transpose", "cycle", lambda x: ops.transpose(x, (2, 0, 1)), ((2, 3, 4),)),
    ("transpose", "vector", ops.transpose, ((4,),)),
    ("transpose", "empty", ops.transpose, ((0, 3),)),
    ("broadcast_to", "rows", lambda x: ops.broadcast_to(x, (4, 3)), ((3,),)),
    ("broadcast_to", "inner", lambda x: ops.broadcast_to(x, (2, 4, 3)), ((2, 1, 3),)),
    ("broadcast_to", "scalar", lambda x: ops.broadcast_to(x, (2, 2)), ((),)),
    ("broadcast_to", "to_nothing", lambda x: ops.broadcast_to(x, (0, 3)), ((3,),)),
    ("sum_to", "rows", lambda x: ops.sum_to(x, (3,)), ((4, 3),)),
    ("sum_to", "inner", lambda x: ops.sum_to(x, (2, 1, 3)), ((2, 4, 3),)),
    ("sum_to", "scalar", lambda x: ops.sum_to(x, ()), ((2, 3),)),
    ("sum_to", "nothing", lambda x: ops.sum_to(x, (3,)), ((0, 3),)),
    ("concatenate", "rows", lambda x, y: ops.concatenate([x, y], 0), ((2, 3), (1, 3))),
    ("concatenate", "last", lambda x, y, z: ops.concatenate([x, y, z]), ((2, 3), (2, 1), (2, 2))),
    ("concatenate", "same", lambda x: ops.concatenate([x, x], 0), ((2, 3),)),
    ("concatenate", "empty", lambda x, y: ops.concatenate([x, y], -1), ((2, 0), (2, 3))),
    ("concatenate", "one", lambda x: ops.concatenate([x]), ((3,),)),
    ("stack", "first", lambda x, y: ops.stack([x, y]), ((2, 3), (2, 3))),
    ("stack", "last", lambda x, y: ops.stack([x, y], -1), ((3,), (3,))),
    ("expand_dims", "last", lambda x: ops.expand_dims(x, -1), ((2, 3),)),
    ("expand_dims", "first", lambda x: ops.expand_dims(x, 0), ((),)),
    ("squeeze", "all", ops.squeeze, ((1, 3, 1),)),
    ("squeeze", "one", lambda x: ops.squeeze(x, 1), ((2, 1),)),
    ("take_slice", "row", lambda x: x[1], ((3, 2),)),
    ("take_slice", "negative_step", lambda x: x[::-1, 1:], ((3, 4),)),
    ("take_slice", "every_other", lambda x: x[..., ::2], ((2, 5),)),
    ("take_slice", "new_axis", lambda x: ops.take_slice(x, (_s(), None, 0)), ((3, 2),)),
    ("take_slice", "nothing", lambda x: x[2:2], ((3,),)),
    ("take_slice", "overlap", lambda x: x[:3] * x[1:], ((4,),)),
    ("gather", "repeated", lambda x: ops.gather(x, _ROWS), ((3, 2),)),
    ("gather", "grid", lambda x: ops.gather(x, _GRID), ((3, 2),)),
    ("gather", "last_axis", lambda x: ops.gather(x, _GRID, -1), ((2, 3),)),
    ("gather", "middle", lambda x: ops.gather(x, _ROWS, 1), ((2, 3, 2),)),
    ("gather", "one", lambda x: ops.gather(x, np.array(1)), ((3, 2),)),
    ("gather", "none", lambda x: ops.gather(x, np.array([], np.int64)), ((3, 2),)),
    ("gather", "empty_rows", lambda x: ops.gather(x, _ROWS), ((3, 0),)),
)
PRODUCTS: tuple[tuple[Shape, Shape, bool, bool], ...] = (
    ((2, 3), (3, 4), False, False),
    ((3, 2), (3, 4), True, False),
    ((2, 3), (4, 3), False, True),
    ((3, 2), (4, 3), True, True),
    ((1, 1), (1, 1), False, False),
    ((0, 3), (3, 2), False, False),
    ((2, 0), (0, 3), False, False),
    ((2, 3), (3, 0), False, False),
    ((3,), (3,), False, False),
    ((3,), (3, 2), False, False),
    ((2, 3), (3,), False, False),
    ((3, 2), (3,), True, False),
    ((3,), (2, 3), False, True),
    ((2, 2, 3), (3, 2), False, False),
    ((2, 2, 3), (2, 3), False, True),
    ((2, 3, 2), (3, 2), True, False),
    ((2, 2, 3), (2, 3, 2), False, False),
    ((2, 3), (2, 3, 2), False, False),
    ((2, 1, 2, 3), (2, 3, 1), False, False),
    ((3,), (2, 3, 2), False, False),
)
WHERE: tuple[tuple[Shape, Shape, Shape], ...] = (
    ((5,), (5,), (5,)), ((2, 3), (3,), (2, 1)), ((3,), (), ()), ((), (2, 3), (3,)), ((0, 2), (2,), (1, 2)),
)  # fmt: skip
CROSS_ENTROPY: tuple[tuple[Shape, Shape], ...] = (
    ((2, 3), (2, 3)), ((4,), (4,)), ((0, 3), (0, 3)), ((2, 2, 3), (2, 2, 3)), ((2, 3), (3,)), ((1, 3), (4, 3)),
)  # fmt: skip
NORMALIZED: tuple[tuple[Shape, tuple[int, ...]], ...] = (
    ((5, 3), (0,)), ((2, 4), (1,)), ((2, 3, 4), (0, 1)), ((4,), (0,)), ((1, 3), (0,)), ((2, 3, 2), (1, 2)),
)  # fmt: skip

RESAMPLED: tuple[tuple[Shape, str, int], ...] = (
    ((2, 3, 4, 1), "nearest", 1), ((2, 3, 4, 2), "constant", 1), ((2, 4, 3, 1), "reflect", 1),
    ((2, 3, 3, 2), "wrap", 1), ((2, 3, 4, 2), "constant", 0), ((2, 1, 5, 1), "nearest", 1),
    ((0, 3, 3, 1), "reflect", 0),
)  # fmt: skip

NO_GRADIENT: dict[str, str] = {
    **dict.fromkeys(("sign", "floor", "ceil", "round", "floor_divide"), "a step: flat wherever it has a derivative"),
    **dict.fromkeys(("greater", "greater_equal", "less", "less_equal", "equal", "not_equal"), "gives truth values"),
    **dict.fromkeys(("logical_and", "logical_or", "logical_not", "isfinite", "isnan"), "gives truth values"),
    **dict.fromkeys(("all", "any"), "gives truth values"),
    **dict.fromkeys(("argmax", "argmin", "one_hot"), "gives or takes integers"),
    "length": "a size, not a number of the data",
    "stop_gradient": "by intent",
    "sort": "refused: NotDifferentiable",
}
CONTRACTIONS: tuple[tuple[Any, ...], ...] = (
    ("ij,jk->ik", (2, 3), (3, 2)), ("bij,bkj->bik", (2, 2, 3), (2, 2, 3)), ("ij->ji", (2, 3)), ("ij->j", (2, 3)),
    ("i,i->", (3,), (3,)), ("i,j", (2,), (3,)), ("...j,jk->...k", (2, 2, 3), (3, 2)),
    ("bi,bj,k->jk", (2, 2), (2, 3), (2,)),
    ("ij,ij->ij", (0, 2), (0, 2)), ("ab,cb->", (2, 3), (2, 3)), ("iij,i->j", (2, 2, 3), (2,)),
)  # fmt: skip
OTHER = {"cast": "proven exactly, see test_cast: float32 is too coarse for a numerical derivative"}
MACHINERY = {
    "Op", "Operand", "Spec", "apply", "backward_of", "composite", "derivative_of", "elementwise", "primitive",
}  # fmt: skip


def rows() -> Iterator[Row]:
    """Yield every row of every table."""
    for name, (f, domain) in UNARY.items():
        yield from (Row(name, str(shape), f, (domain,), (shape,)) for shape in SHAPES)
    for label, (f, domain) in POWERS.items():
        yield from (Row("power", f"{label} {shape}", f, (domain,), (shape,)) for shape in SHAPES)
    for name, (f, *both) in BINARY.items():
        yield from (Row(name, f"{pair[0]} {pair[1]}", f, (both[0], both[1]), pair) for pair in PAIRS)
        yield Row(name, "scalar left", lambda y, f=f: f(1.375, y), (both[1],), ((2, 3),))
        yield Row(name, "scalar right", lambda x, f=f: f(x, 1.375), (both[0],), ((2, 3),))
    yield from _reductions()
    for name, label, f, shapes in SHAPE_OPS:
        yield Row(name, label, f, (real,) * len(shapes), shapes)
    for a, b, ta, tb in PRODUCTS:
        product = lambda x, y, ta=ta, tb=tb: ops.matmul(x, y, ta, tb)  # noqa: E731
        yield Row("matmul", f"{a}{'T' * ta} {b}{'T' * tb}", product, (real, real), (a, b))
    for equation, *shapes in CONTRACTIONS:
        named = lambda *xs, equation=equation: ops.einsum(equation, *xs)  # noqa: E731
        yield Row("einsum", f"{equation} {shapes}", named, (real,) * len(shapes), tuple(shapes))
    for shapes in WHERE:
        yield Row("where", " ".join(map(str, shapes)), ops.where, (truth, real, real), shapes)
    for pair in CROSS_ENTROPY:
        yield Row("softmax_cross_entropy", f"{pair}", ops.softmax_cross_entropy, (wide, distribution), pair)
    for shape, axes in NORMALIZED:
        yield Row("normalize", f"{shape} {axes}", lambda x, axes=axes: ops.normalize(x, axes), (real,), (shape,))
    for shape, fill_mode, order in RESAMPLED:
        at = _coordinates(shape)
        seen = lambda x, at=at, mode=fill_mode, order=order: ops.resample(x, *at, mode, 0.5, order)  # noqa: E731
        yield Row("resample", f"{shape} {fill_mode} {order}", seen, (real,), (shape,))
    gathered = lambda x, indices: ops.gather(x, indices)  # noqa: E731
    yield Row("gather", "indices as an input", gathered, (real, integers(3)), ((3, 2), (4,)))


def _coordinates(shape: Shape) -> tuple[Any, Any]:
    """Return rows and columns to look at, some of them outside."""
    generator, seen = np.random.default_rng(8), (shape[0], 3, 2)
    return generator.uniform(-3, shape[1] + 2, seen), generator.uniform(-3, shape[2] + 2, seen)


def _reductions() -> Iterator[Row]:
    for name, (f, domain, places) in REDUCTIONS.items():
        for shape, axis in places:
            for keepdims in (False, True):
                reduce = lambda x, f=f, axis=axis, k=keepdims: f(x, axis, keepdims=k)  # noqa: E731
                yield Row(name, f"{shape} axis={axis}{' kept' * keepdims}", reduce, (domain,), (shape,))
    for name, (f, domain) in ALONG.items():
        for shape, axis in _LAST:
            along = lambda x, f=f, axis=axis: f(x, axis)  # noqa: E731
            yield Row(name, f"{shape} axis={axis}", along, (domain,), (shape,))
    for shape, axis in _LAST:
        kept = lambda x, axis=axis: ops.logsumexp(x, axis, True)  # noqa: E731
        yield Row("logsumexp", f"{shape} axis={axis} kept", kept, (wide,), (shape,))
        backward = lambda x, axis=axis: ops.cumsum(x, axis, True)  # noqa: E731
        yield Row("cumsum", f"{shape} axis={axis} from the end", backward, (real,), (shape,))


def internal() -> Iterator[Row]:
    """Yield the ops without a public name: the ways back of slices and gathers, differentiated as ops of their own."""
    from backlit.ops.image import _resample_adjoint
    from backlit.ops.shape import _put_slice, _scatter_add

    key = (("slice", None, None, 2),)
    put = lambda x: apply(_put_slice, (x,), {"key": key, "shape": (5,)})  # noqa: E731
    add = lambda x: apply(_scatter_add, (x, _ROWS), {"axis": 0, "size": 3})  # noqa: E731
    for (count, height, width, channels), fill_mode, order in RESAMPLED:
        shape, at = (count, height, width, channels), _coordinates((count, height, width))
        attrs = {"height": height, "width": width, "fill_mode": fill_mode, "order": order}
        spread = lambda x, at=at, attrs=attrs: apply(_resample_adjoint, (x, *at), attrs)  # noqa: E731
        yield Row("resample_adjoint", f"{shape} {fill_mode} {order}", spread, (real,), ((count, 3, 2, channels),))
    yield Row("put_slice", "every other", put, (real,), ((3,),))
    yield Row("scatter_add", "repeated", add, (real,), ((4, 2),))
