"""The layers of a model, read from the program that builds it: Sequential, `add`, or layers called on layers.

What cannot be followed (loops, models of one's own) has no layers here, and rules keep silent about it.
"""

from __future__ import annotations

import ast
from typing import NamedTuple

from .flow import Names, argument, literal, number, resolved
from .program import Program

MODELS = ("Model", "Functional")


class WrittenLayer(NamedTuple):
    """A layer as it is written: its class ("Dense", "" if not Keras'), the call that makes it, the names there."""

    kind: str
    call: ast.Call
    names: Names

    def setting(self, place: int | None, name: str) -> object:
        """Return a setting given as a constant, else None."""
        return literal(argument(self.call, place, name), self.names)

    @property
    def activation(self) -> str | None:
        """The name of the activation ("linear" if none is given), None where it cannot be told."""
        given = argument(self.call, 1 if self.kind == "Dense" else 0, "activation")
        if given is None:
            return "linear"
        value, _, _ = resolved(given, self.names)
        if isinstance(value, ast.Constant):
            return "linear" if value.value is None else str(value.value)
        return value.attr if isinstance(value, ast.Attribute) else None

    @property
    def units(self) -> float | None:
        """The number of units, None where it cannot be told."""
        return number(argument(self.call, 0, "units"), self.names)


def layers_of(program: Program, node: ast.expr | None, names: Names, depth: int = 0) -> list[WrittenLayer] | None:
    """Return the layers of the model `node` stands for, from input to output, None if they cannot be followed."""
    if depth > 4:
        return None
    value, inner, path = resolved(node, names)
    if not isinstance(value, ast.Call) or path:
        return None
    kind = program.keras_name(value.func)
    if kind == "Sequential":
        first = _listed(program, value, inner)
        added = _added(program, node, names)
        return None if first is None or added is None else first + added
    if kind in MODELS:
        outputs = next((k.value for k in value.keywords if k.arg in ("outputs", "output")), None)
        return _chain(program, outputs or (value.args[1] if len(value.args) > 1 else None), inner)
    if isinstance(value.func, ast.Name) and value.func.id in program.functions:
        function = program.functions[value.func.id]
        returns = [n for n in ast.walk(function) if isinstance(n, ast.Return)]
        if len(returns) == 1 and function in program.flow.ends:
            return layers_of(program, returns[0].value, program.flow.ends[function], depth + 1)
    return None


def _listed(program: Program, call: ast.Call, names: Names) -> list[WrittenLayer] | None:
    given = call.args[0] if call.args else next((k.value for k in call.keywords if k.arg == "layers"), None)
    if given is None:
        return []
    value, inner, path = resolved(given, names)
    if not isinstance(value, (ast.List, ast.Tuple)) or path:
        return None
    found = [_layer(program, one, inner) for one in value.elts]
    return None if None in found else [layer for layer in found if layer is not None]


def _layer(program: Program, node: ast.expr, names: Names) -> WrittenLayer | None:
    value, inner, path = resolved(node, names)
    if not isinstance(value, ast.Call) or path:
        return None
    return WrittenLayer(program.keras_name(value.func), value, inner)


def _added(program: Program, node: ast.expr | None, names: Names) -> list[WrittenLayer] | None:
    """Return what `model.add(...)` put behind, for the model that `node` names."""
    if not isinstance(node, ast.Name) or node.id not in names:
        return []
    binding, found = names[node.id], list[WrittenLayer]()
    while isinstance(binding.value, ast.Name) and binding.value.id in binding.names:
        binding = binding.names[binding.value.id]
    for scene in program.method_calls("add"):
        of = scene.receiver
        if isinstance(of, ast.Name) and scene.names.get(of.id) is binding and scene.node.args:
            layer = _layer(program, scene.node.args[0], scene.names)
            if layer is None:
                return None
            found.append(layer)
    return found


def _chain(program: Program, node: ast.expr | None, names: Names) -> list[WrittenLayer] | None:
    """Follow `Dense(10)(x)` back to the input; a branch ends the way, and what is behind it counts as unknown."""
    found: list[WrittenLayer] = []
    for _ in range(1000):
        value, names, path = resolved(node, names)
        if not isinstance(value, ast.Call) or path:
            break
        if program.keras_name(value.func) == "Input":
            return found[::-1]
        layer = _layer(program, value.func, names)
        if layer is None or not value.args:
            break
        found.append(layer)
        node = value.args[0]
    if not found:
        return None
    unknown = WrittenLayer("", ast.Call(ast.Name("unknown", ast.Load()), [], []), {})
    return [unknown, *found[::-1]]
