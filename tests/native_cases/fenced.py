"""Run a table of graphs at fences, in a process that may crash: `python -m native_cases.fenced end 1`.

Each graph runs once among ordinary memory too: the numbers are the same, bit for bit. The case is printed before it
runs, so that the last line of a crash names it.
"""

from __future__ import annotations

import faulthandler
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import backlit as bl
from backlit import ops
from backlit.execute.native import prepare
from backlit.execute.native.pace import Pace
from backlit.graph import Graph
from backlit.inspect.graphs import training_step
from backlit.layers import naming
from backlit.ops.random import normal, uniform
from backlit.tensor import Trace
from backlit.training.step import feed_of

from . import networks
from .fences import Fenced

RNG = np.random.default_rng(0)
Inputs = dict[str, np.ndarray]
WIDTHS = [1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 47, 48, 63, 64, 65, 70]
ROWS = [1, 3, 6, 13, 25, 40]
SHARED = [1, 7, 31, 33, 64, 100]


def recorded(arrays: Inputs, build: Callable[..., Any]) -> Graph:
    """Return the graph of a function of inputs like `arrays`."""
    with Trace() as trace:
        out = build(*(trace.input(name, a.shape, a.dtype) for name, a in arrays.items()))
        return trace.graph(out if isinstance(out, dict) else {"out": out})


def numbers(*shape: int, dtype: str = "float32") -> np.ndarray:
    """Return normal numbers, half of them 0."""
    return (RNG.normal(size=shape) * (RNG.random(shape) < 0.5)).astype(dtype)


def products(dtype: str) -> Iterator[tuple[str, Inputs, Callable[..., Any]]]:
    """Products of all edges: alone, with a pass behind, transposed, of data that may be skipped."""
    every = [(m, k, n) for m in ROWS for k in SHARED for n in WIDTHS]
    picks = RNG.permutation(len(every))[: 30 if dtype == "float32" else 10]
    for number, (m, k, n) in enumerate(every[i] for i in picks):
        for a, b in ((number % 2 == 0, False), (False, True), (True, number % 2 == 1)):
            x = numbers(*((k, m) if a else (m, k)), dtype=dtype)
            w = numbers(*((n, k) if b else (k, n)), dtype=dtype)
            yield (
                f"product {m} {k} {n} {a} {b} {dtype}",
                {"x": x, "w": w},
                lambda x, w, a=a, b=b: ops.matmul(x, w, a, b),
            )
        arrays = {"x": numbers(m, k, dtype=dtype), "w": numbers(k, n, dtype=dtype), "b": numbers(n, dtype=dtype)}
        yield f"layer {m} {k} {n} {dtype}", arrays, lambda x, w, b: ops.tanh(ops.matmul(x, w) + b)
    arrays = {"x": numbers(5, 2100, dtype=dtype), "w": numbers(2100, 19, dtype=dtype)}
    yield f"long {dtype}", arrays, ops.matmul
    yield (
        f"long turned {dtype}",
        {"x": numbers(2100, 13, dtype=dtype), "w": numbers(21, 2100, dtype=dtype)},
        _both_turned,
    )
    arrays = {"a": numbers(3, 4, 5, dtype=dtype), "b": numbers(3, 5, 17, dtype=dtype)}
    yield f"many matrices {dtype}", arrays, ops.matmul


def _both_turned(x: Any, w: Any) -> Any:
    return ops.matmul(x, w, True, True)


def moves(dtype: str) -> Iterator[tuple[str, Inputs, Callable[..., Any]]]:
    """Passes, reductions, joins and slices at every width."""
    for n in WIDTHS if dtype == "float32" else WIDTHS[::3]:
        x, y = numbers(6, n, dtype=dtype), numbers(n, dtype=dtype)
        table: dict[str, Callable[..., Any]] = {
            "pass": lambda x, y: ops.exp(x) * y + 1.0,
            "turned": lambda x, y: ops.transpose(x) * 2.0,
            "across": lambda x, y: ops.sum(x * y, 1),
            "down": lambda x, y: ops.mean(x * y, 0),
            "all": lambda x, y: ops.max(x + y),
            "softmax": lambda x, y: ops.softmax(x + y),
            "places": lambda x, y: ops.argmax(x, 1) + ops.argmin(x, 1),
            "running": lambda x, y: ops.cumsum(x, 0) + ops.cumsum(x, 1, True),
            "joined": lambda x, y: ops.concatenate([x, x[:, : x.shape[1] // 2 + 1]], 1),
            "sliced": lambda x, y: x[1:, ::-1][:, ::2] * 1.5,
            "compared": lambda x, y: ops.cast(ops.greater(x, y), "int32"),
            "column": lambda x, y: x[:, :1] * 2.0 + ops.sum(x, 1, keepdims=True),
            "repeated": lambda x, y: ops.broadcast_to(y, (3, *x.shape)) * x,
        }  # fmt: skip
        for name, build in table.items():
            yield f"{name} {n} {dtype}", {"x": x, "y": y}, build
        labels = RNG.integers(-1, n + 1, 5)
        yield f"one hot {n} {dtype}", {"i": labels}, lambda i, n=n: ops.one_hot(i, n, dtype)
        draws = {"seed": np.array(5, "uint64"), "step": np.array(3)}
        yield f"draws {n} {dtype}", draws, lambda seed, step, n=n: {
            "u": uniform(seed, step, stream=1, shape=(3, n), dtype=dtype),
            "n": normal(seed, step, stream=2, shape=(n,), dtype=dtype),
        }  # fmt: skip


def pictures() -> Iterator[tuple[str, Inputs, Callable[..., Any]]]:
    """Images looked at beyond all edges, of every width."""
    for n in WIDTHS[:9]:
        at = {name: RNG.uniform(-3, n + 3, (2, 5, n)).astype("float32") for name in ("rows", "columns")}
        for channels in (1, 2):
            arrays = {"x": numbers(2, 4, n, channels), **at}
            for order in (0, 1):
                yield (
                    f"resample {n} {channels} {order}",
                    arrays,
                    lambda x, rows, columns, order=order: ops.resample(x, rows, columns, "reflect", 0.0, order),
                )


STEPS: list[dict[str, Any]] = [
    {
        "widths": [33, 70, 1],
        "between": ["norm", "dropout", "prelu"],
        "features": (40,),
        "batch": 13,
        "optimizer": "adam",
    },
    {"widths": [1, 5], "between": ["layer norm", "noise"], "features": (3, 7), "batch": 1, "loss": "sparse"},
    {"form": "two inputs", "merge": "Concatenate", "batch": 39, "optimizer": "nesterov", "options": {"clipnorm": 0.1}},
    {"form": "two outputs", "merge": "Maximum", "batch": 6, "loss": "categorical", "optimizer": "rmsprop"},
    {"features": (64,), "widths": [65], "batch": 25, "constraint": "unit", "regularizer": "orthogonal"},
]


def fenced_steps(at_end: bool, threads: int, dtype: str) -> Iterator[str]:
    """Whole training steps, one by one and many at a time."""
    bl.config.set_floatx(dtype)
    for made in STEPS:
        naming.clear_session()
        described = networks.PLAIN | made
        model = networks.built(described)
        batch = networks.batch_for(model, described)
        step = training_step(model, batch)
        yield f"step {made} {dtype}"
        state = {n: v.stored for n, v in step.variables.items() if n in step.graph.inputs}
        rows = described["batch"]
        columns = {n: np.concatenate([a, a[::-1]]) for n, a in feed_of(batch).items()}
        order = RNG.permutation(2 * rows)
        plain, fenced = prepare(step.graph, threads), Fenced(step.graph, at_end, threads)
        same(fenced.run(state | feed_of(batch)), plain.run(state | feed_of(batch)))
        same(fenced.run_many(state, columns, order, 2), plain.run_many(state, columns, order, 2))
        shared = Fenced(step.graph, at_end, threads, spread=0)
        same(shared.run(state | feed_of(batch)), plain.run(state | feed_of(batch)))


def same(ours: Inputs, meant: Inputs) -> None:
    """Raise unless the bits are equal."""
    for name, array in meant.items():
        assert ours[name].tobytes() == array.tobytes(), f"{name} differs at the fence"


def stray() -> None:
    """Write 16 numbers too many."""
    x = numbers(5, 7)
    straying = Fenced(recorded({"x": x}, lambda x: x * 2.0), at_end=True)
    straying.runner.assembly.items[0].calls[0].columns += 16
    straying.run({"x": x})


def main(side: str, threads: int) -> None:
    """Run all cases; "stray" runs one whose loop is made a vector too long."""
    faulthandler.enable()
    bl.config.set_executor("interpreter")  # which records the steps; they are run here
    Pace.together = lambda self: self.threads > 1
    if side == "stray":
        stray()
    at_end = side == "end"
    for dtype in ("float32", "float64"):
        for cases in (products(dtype), moves(dtype), pictures() if dtype == "float32" else ()):
            for name, arrays, build in cases:
                print(name, flush=True)
                graph = recorded(arrays, build)
                same(Fenced(graph, at_end, threads).run(arrays), prepare(graph, threads).run(arrays))
        for name in fenced_steps(at_end, threads, dtype):
            print(name, flush=True)
    print("all held")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
