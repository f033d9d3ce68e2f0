"""Ops inside functional models, by name: how `Input(...) * 2 + 1` is written into a configuration and read back.

Ops without settings are written as Keras writes them, so its files and ours agree; the others under our own name.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

from ..errors import ConfigError, unknown_name
from ..layers.operation import NAMES, Operation
from ..ops import Op

OURS = "backlit.ops"
ROOMS = (  # not imported as attributes: `ops.softmax` is the op
    "ops.elementwise", "ops.erf", "ops.matrix", "ops.normalize", "ops.reduce", "ops.shape", "ops.softmax",
    "activations.probability", "activations.rectifiers", "activations.smooth",
)  # fmt: skip
NUMPY, NN, CORE = "keras.src.ops.numpy", "keras.src.ops.nn", "keras.src.ops.core"
KERAS: dict[str, tuple[str, str, dict[str, Any]]] = {  # our name -> Keras' module and class, and the settings it means
    **{name: (NUMPY, kind, {}) for name, kind in {
        "add": "Add", "subtract": "Subtract", "multiply": "Multiply", "divide": "TrueDivide", "power": "Power",
        "maximum": "Maximum", "minimum": "Minimum", "negative": "Negative", "absolute": "Absolute",
        "square": "Square", "sqrt": "Sqrt", "exp": "Exp", "expm1": "Expm1", "log": "Log", "log1p": "Log1p",
        "sin": "Sin", "cos": "Cos", "tanh": "Tanh", "arctan": "Arctan", "sign": "Sign", "floor": "Floor",
        "ceil": "Ceil", "floor_divide": "FloorDivide", "mod": "Mod", "greater": "Greater",
        "greater_equal": "GreaterEqual", "less": "Less", "less_equal": "LessEqual", "equal": "Equal",
        "not_equal": "NotEqual", "logical_and": "LogicalAnd", "logical_or": "LogicalOr", "logical_not": "LogicalNot",
        "isfinite": "Isfinite", "isnan": "Isnan", "where": "Where",
    }.items()},
    "matmul": (NUMPY, "Matmul", {"transpose_a": False, "transpose_b": False}),
    "stop_gradient": (CORE, "StopGradient", {}),
    "sigmoid": (NN, "Sigmoid", {}),
    "softplus": (NN, "Softplus", {}),
    "softsign": (NN, "Softsign", {}),
}  # fmt: skip
KINDS = {(module, kind): name for name, (module, kind, _) in KERAS.items()}


@cache
def table() -> dict[str, Op]:
    """Return every op a configuration may name, by name."""
    rooms = [import_module(f"..{room}", __package__) for room in ROOMS]
    return {op.name: op for room in rooms for op in _ops_of(room)}


def _ops_of(room: Any) -> Iterator[Op]:
    return (value for value in vars(room).values() if isinstance(value, Op))


def class_name_of(operation: Operation) -> str:
    """Return the class Keras calls this op by: `TrueDivide` for `divide`."""
    name = operation.op.name
    return KERAS[name][1] if name in KERAS else "".join(word.title() for word in NAMES.get(name, name).split("_"))


def serialize_operation(operation: Operation) -> dict[str, Any]:
    """Return the op as JSON-able data; one that is in no table (an op of your own) raises `ConfigError`."""
    name, kind = operation.op.name, class_name_of(operation)
    if table().get(name) is not operation.op:
        raise ConfigError(
            f"The op {name!r} in a model is not one of ours, so it cannot be saved. Make it a layer of your own."
        )
    config: dict[str, Any] = {"name": operation.name}
    if name in KERAS and operation.attrs == KERAS[name][2]:
        return {"module": KERAS[name][0], "class_name": kind, "config": config, "registered_name": kind}
    config |= {"op": name, "attrs": dict(operation.attrs), "arity": operation.arity}
    return {"module": OURS, "class_name": kind, "config": config, "registered_name": kind}


def deserialize_operation(entry: dict[str, Any], arity: int) -> Operation:
    """Return the op that an entry of a configuration names, for `arity` inputs; unknown ones raise `ConfigError`."""
    config, module = entry.get("config") or {}, entry.get("module")
    if module == OURS:
        name, attrs = config.get("op"), _frozen(config.get("attrs") or {})
    else:
        key = (str(module), str(entry.get("class_name")))
        if key not in KINDS:
            raise unknown_name("operation", key[1], [kind for _, kind in KINDS])
        name, attrs = KINDS[key], dict(KERAS[KINDS[key]][2])
    if name not in table():
        raise unknown_name("operation", name, table())
    op = table()[name]
    if not isinstance(attrs, dict) or set(attrs) - set(op.attributes):
        raise ConfigError(f"The operation {name!r} has settings {attrs!r}. Expected only {sorted(op.attributes)}.")
    operation = Operation(op, op.attributes | attrs, arity)
    operation.name = str(config.get("name") or operation.name)
    return operation


def is_operation(entry: dict[str, Any]) -> bool:
    """Say whether an entry of a configuration is an op, not a layer."""
    module = str(entry.get("module"))
    return module == OURS or module.startswith(("keras.src.ops.", "keras.ops"))


def _frozen(value: Any) -> Any:
    """JSON knows lists only; an op's settings are tuples."""
    if isinstance(value, dict):
        return {key: _frozen(one) for key, one in value.items()}
    return tuple(_frozen(one) for one in value) if isinstance(value, (list, tuple)) else value
