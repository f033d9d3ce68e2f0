"""How much rounding a step may show, measured against exact arithmetic, without a tolerance out of thin air.

The float32 graph is evaluated once more in float64, from the same float32 inputs and the same random draws. A step's
standard rounding error is what the interpreter is off by, or what comes of changing each input by half a unit in its
last place, whichever is greater: it has the conditioning of that very step in it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from backlit.execute import Interpreter
from backlit.execute.native.lower import lowered
from backlit.graph import Graph, Node
from backlit.graph.node import constant, given

UNIT = 2.0**-24  # the unit roundoff of float32
MOVES = 2  # times that the inputs are moved
WIDE, NARROW = np.dtype(np.float64), np.dtype(np.float32)
DECISIONS = ("greater", "greater_equal", "less", "less_equal", "equal", "not_equal")
STEPS = ("sign", "floor", "ceil", "round")


class Measure(NamedTuple):
    """One output: how far off both executors are, how far off half a unit in the last place of the inputs takes it."""

    name: str
    native: float
    interpreter: float
    moved: float
    longest: int  # how many numbers the longest sum of the step has

    @property
    def ratio(self) -> float:
        """What machine code is off by, in standard rounding errors."""
        return self.native / max(self.interpreter, self.moved, 1e-300)

    @property
    def limit(self) -> float:
        """What it may be off by: a product sums in order, so its error grows with sqrt(n) where BLAS' stays behind."""
        return 4.0 + math.sqrt(self.longest)


class NearTie(Exception):
    """A comparison comes out one way or the other by rounding alone: both are right, and they differ."""


def measures(graph: Graph, feed: Mapping[str, np.ndarray], ours: Mapping[str, np.ndarray]) -> list[Measure]:
    """Return what `ours`, the outputs of a float32 step, are off by; raises `NearTie` where that says nothing."""
    short = lowered(graph)
    exact = _values(short, feed, WIDE)
    _require_clear_decisions(short, exact, _values(short, feed, NARROW))
    meant = Interpreter(graph).run(feed)
    moved = [_values(short, _moved(feed, sign), WIDE) for sign in range(MOVES)]
    longest = max((_summed(node) for node in short.operations), default=1)
    found = []
    for name, node in short.outputs.items():
        if node.dtype != NARROW:
            np.testing.assert_array_equal(ours[name], meant[name], err_msg=name)
            continue
        finite = np.isfinite(meant[name])
        np.testing.assert_array_equal(ours[name][~finite], meant[name][~finite], err_msg=name)
        finite &= np.isfinite(exact[node])
        size = float(np.abs(exact[node][finite]).max(initial=0))
        others = (ours[name], meant[name], *(values[node] for values in moved))
        off = [float(np.abs(other - exact[node])[finite].max(initial=0)) for other in others]
        found.append(Measure(name, *off[:2], max(*off[2:], UNIT * size), longest))
    return found


def _values(graph: Graph, feed: Mapping[str, np.ndarray], dtype: np.dtype[Any]) -> dict[Node, np.ndarray]:
    """Return the value of every node with `dtype` in place of float32; random draws stay what they are."""
    values: dict[Node, np.ndarray] = {}
    names = {node: name for name, node in graph.inputs.items()}
    with np.errstate(all="ignore"):
        for node in graph.nodes:
            attrs = dict(node.attrs)
            if node.op is given:
                value = feed[names[node]]
            elif node.op is constant:
                value = node.value
            else:
                if node.op.name != "uniform" and node.dtype == NARROW and "dtype" in attrs:
                    attrs["dtype"] = dtype
                value = node.op.forward(*(values[below] for below in node.inputs), **attrs)
            values[node] = np.asarray(value, dtype if node.dtype == NARROW else node.dtype)
    return values


def _summed(node: Node) -> int:
    """Return how many numbers a product sums into one."""
    return node.inputs[0].shape[-2 if node.attrs["transpose_a"] else -1] if node.op.kind == "matrix" else 1


def _moved(feed: Mapping[str, np.ndarray], seed: int) -> dict[str, np.ndarray]:
    """Return the inputs, each float32 number half a unit in the last place up or down."""
    generator = np.random.default_rng(seed)
    moved = dict(feed)
    for name, value in feed.items():
        if value.dtype == NARROW:
            moved[name] = value * (1 + UNIT * generator.choice([-1.0, 1.0], value.shape))
    return moved


def _require_clear_decisions(graph: Graph, exact: Mapping[Node, Any], rounded: Mapping[Node, Any]) -> None:
    """Raise `NearTie` where what decides is smaller than what rounding makes of it, but not exactly 0 both ways."""
    for node in graph.operations:
        if node.phase == "metrics" or node.op.name not in DECISIONS + STEPS or node.inputs[0].dtype != NARROW:
            continue
        fine, coarse = (_margin(node, [v[below] for below in node.inputs]) for v in (exact, rounded))
        noise = 4 * float(np.abs(fine - coarse).max(initial=0))
        tie = (np.abs(fine) <= noise) & ~((fine == 0) & (coarse == 0))
        if noise > 0 and tie.any():
            raise NearTie(f"{node.op.name} in {node.scope or 'the step'}")


def _margin(node: Node, operands: list[np.ndarray]) -> np.ndarray:
    """Return how far a decision is from coming out the other way."""
    if node.op.name in DECISIONS:
        with np.errstate(invalid="ignore"):
            return np.nan_to_num(
                np.asarray(np.subtract(*(np.asarray(o, WIDE) for o in operands))), posinf=1e300, neginf=-1e300
            )
    x = np.asarray(operands[0], WIDE)
    if node.op.name == "sign":
        return x
    return x - np.round(x) if node.op.name != "round" else x - np.floor(x) - 0.5
