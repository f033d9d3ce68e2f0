"""What names stand for: assignments followed from top to bottom, without running anything.

A branch or a loop is read once, in order: what a name may also be is not known here, so rules ask only what is sure.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(eq=False)
class Binding:
    """What a name was set to: an expression (None: unknown), the place in it (`(1, 0)`), and the names before."""

    value: ast.expr | None
    path: tuple[int, ...] = ()
    names: dict[str, Binding] = field(default_factory=dict[str, "Binding"])


Names = dict[str, Binding]


@dataclass(eq=False)
class Scene:
    """A call, and what names stood for when it ran; `function` is the one it is in, `target` what takes its value."""

    node: ast.Call
    names: Names
    function: ast.FunctionDef | None = None
    target: ast.expr | None = None

    def argument(self, place: int | None, name: str) -> ast.expr | None:
        """Return the argument at `place` or called `name`, or None."""
        return argument(self.node, place, name)

    @property
    def receiver(self) -> ast.expr:
        """What stands before the dot: `model` in `model.fit(...)`."""
        assert isinstance(self.node.func, ast.Attribute)
        return self.node.func.value


class Flow:
    """All calls of a program with the names at that point; `ends` has the names at the end of each function."""

    def __init__(self, tree: ast.Module) -> None:
        self.calls: list[Scene] = []
        self.ends: dict[ast.FunctionDef, Names] = {}
        self._later: list[tuple[ast.FunctionDef, Names]] = []
        self._function: ast.FunctionDef | None = None
        self.top = self._walk(tree.body, {})
        while self._later:
            function, outer = self._later.pop(0)
            self._function = function
            names = {**self.top, **outer, **{name: Binding(None) for name in parameters(function)}}
            self.ends[function] = self._walk(function.body, names)
        self.calls.sort(key=lambda scene: (scene.node.lineno, scene.node.col_offset))

    def _walk(self, statements: list[ast.stmt], names: Names) -> Names:
        for statement in statements:
            names = self._step(statement, names)
        return names

    def _step(self, statement: ast.stmt, names: Names) -> Names:
        if isinstance(statement, ast.FunctionDef):
            self._later.append((statement, names if self._function else {}))
            return {**names, statement.name: Binding(None)}
        if isinstance(statement, ast.ClassDef):
            self._later += [(node, {}) for node in statement.body if isinstance(node, ast.FunctionDef)]
            return {**names, statement.name: Binding(None)}
        self._note_calls(statement, names)
        for target, value in _assigned(statement):
            names = _bound(target, value, (), names, names)
        for inner in _blocks(statement):
            names = self._walk(inner, names)
        return names

    def _note_calls(self, statement: ast.stmt, names: Names) -> None:
        target = statement.targets[0] if isinstance(statement, ast.Assign) else None
        for top in _expressions(statement):
            for node in ast.walk(top):
                if isinstance(node, ast.Call):
                    taken = target if isinstance(statement, ast.Assign) and node is statement.value else None
                    self.calls.append(Scene(node, names, self._function, taken))


def _expressions(statement: ast.stmt) -> Iterator[ast.expr]:
    """Yield the expressions of a statement itself, without the statements inside it."""
    for child in ast.iter_child_nodes(statement):
        if isinstance(child, ast.expr):
            yield child
        elif isinstance(child, ast.withitem):
            yield child.context_expr


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "handlers", "orelse", "finalbody", "cases"):
        for block in getattr(statement, name, None) or []:
            if isinstance(block, ast.stmt):
                yield [block]
            else:
                yield block.body


def _assigned(statement: ast.stmt) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """Yield the targets of a statement with what they are set to (None: unknown)."""
    if isinstance(statement, ast.Assign):
        yield from ((target, statement.value) for target in statement.targets)
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        yield statement.target, statement.value
    elif isinstance(statement, ast.AugAssign):
        left = statement.target
        if isinstance(left, ast.Name):
            before = ast.copy_location(ast.Name(left.id, ast.Load()), left)
            yield left, ast.copy_location(ast.BinOp(before, statement.op, statement.value), statement)
        else:
            yield left, None
    elif isinstance(statement, ast.For):
        yield statement.target, None
    elif isinstance(statement, ast.With):
        yield from ((item.optional_vars, None) for item in statement.items if item.optional_vars is not None)


def _bound(target: ast.expr, value: ast.expr | None, path: tuple[int, ...], names: Names, before: Names) -> Names:
    """Return the names after `target = value`; what is written into (`x[i] = ...`) is unknown from then on."""
    if isinstance(target, ast.Name):
        return {**names, target.id: Binding(value, path, before)}
    if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
        return {**names, target.value.id: Binding(None)}
    if isinstance(target, (ast.Tuple, ast.List)):
        parts = value.elts if isinstance(value, (ast.Tuple, ast.List)) else None
        for i, part in enumerate(target.elts):
            if parts is not None and len(parts) == len(target.elts):
                names = _bound(part, parts[i], (), names, before)
            else:
                names = _bound(part, value, (*path, i), names, before)
    return names


def parameters(function: ast.FunctionDef) -> list[str]:
    """Return the names of a function's parameters, in order."""
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    return [argument.arg for argument in every if argument is not None]


def argument(call: ast.Call, place: int | None, name: str) -> ast.expr | None:
    """Return the argument of a call at `place` (None: by name only) or called `name`, or None."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if place is not None and place < len(call.args):
        given = call.args[: place + 1]
        return None if any(isinstance(one, ast.Starred) for one in given) else given[place]
    return None


def resolved(node: ast.expr | None, names: Names) -> tuple[ast.expr | None, Names, tuple[int, ...]]:
    """Follow plain names to what they were set to: the expression, the names there, and the place in it."""
    path: tuple[int, ...] = ()
    for _ in range(100):
        if not isinstance(node, ast.Name) or node.id not in names:
            return node, names, path
        binding = names[node.id]
        node, names, path = binding.value, binding.names, (*binding.path, *path)
    return None, names, ()


def number(node: ast.expr | None, names: Names) -> float | None:
    """Return a number written as such, or behind a name: -0.5, 1e-3, 1/255; else None."""
    node, names, path = resolved(node, names)
    if path:
        return None
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
        return float(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = number(node.operand, names)
        return None if inner is None else -inner
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        a, b = number(node.left, names), number(node.right, names)
        return None if a is None or not b else a / b
    return None


def literal(node: ast.expr | None, names: Names) -> object:
    """Return a constant written as such or behind a name, else None."""
    node, _, path = resolved(node, names)
    return node.value if isinstance(node, ast.Constant) and not path else None
