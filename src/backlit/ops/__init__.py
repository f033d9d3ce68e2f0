"""The rules of mathematics Backlit is built on, each written once: forward formula and backward rule side by side.

Functions take arrays (and return arrays), Tensors (and return Tensors) or graph nodes (and record).
"""

from .contraction import einsum
from .elementwise import (
    absolute,
    add,
    arctan,
    cast,
    ceil,
    clip,
    cos,
    divide,
    equal,
    exp,
    expm1,
    floor,
    floor_divide,
    greater,
    greater_equal,
    isfinite,
    isnan,
    less,
    less_equal,
    log,
    log1p,
    logical_and,
    logical_not,
    logical_or,
    maximum,
    minimum,
    mod,
    multiply,
    negative,
    not_equal,
    power,
    round,
    sign,
    sin,
    sqrt,
    square,
    stop_gradient,
    subtract,
    tanh,
    where,
)
from .erf import erf, erfc
from .image import resample
from .matrix import matmul
from .normalize import normalize
from .op import Op, Spec, apply, backward_of, composite, derivative_of, elementwise, primitive
from .operand import Operand
from .reduce import all, any, argmax, argmin, cumsum, max, mean, min, prod, sort, std, sum, variance
from .shape import (
    broadcast_to,
    concatenate,
    expand_dims,
    gather,
    length,
    one_hot,
    reshape,
    squeeze,
    stack,
    sum_to,
    take_slice,
    transpose,
)
from .softmax import log_softmax, logsumexp, softmax, softmax_cross_entropy, unit_normalize

abs = absolute

__all__ = [
    "Op", "Operand", "Spec", "abs", "absolute", "add", "all", "any", "apply", "arctan", "argmax", "argmin",
    "backward_of", "broadcast_to", "cast", "ceil", "clip", "composite", "concatenate", "cos", "cumsum",
    "derivative_of", "divide", "einsum", "elementwise", "equal", "erf", "erfc", "exp", "expand_dims", "expm1", "floor",
    "floor_divide", "gather", "greater", "greater_equal", "isfinite", "isnan", "length", "less", "less_equal",
    "log", "log1p", "log_softmax", "logical_and", "logical_not", "logical_or", "logsumexp", "matmul", "max",
    "maximum", "mean", "min", "minimum", "mod", "multiply", "negative", "normalize", "not_equal", "one_hot",
    "power", "primitive", "prod", "resample", "reshape", "round", "sign", "sin", "softmax", "softmax_cross_entropy",
    "sort", "sqrt", "square", "squeeze", "stack", "std", "stop_gradient", "subtract", "sum", "sum_to", "take_slice",
    "tanh", "transpose", "unit_normalize", "variance", "where",
]  # fmt: skip

FUNCTIONS = tuple(name for name in __all__ if name[0].islower() and name not in (
    "apply", "backward_of", "composite", "derivative_of", "elementwise", "primitive", "sum_to", "unit_normalize",
))  # fmt: skip
