"""Code for other processors: AVX2 and plain x86-64 are made and run here, AArch64 is made and looked at."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from native_cases import networks
from native_cases.rounding import measures

import backlit as bl
from backlit import layers, ops
from backlit.errors import ConfigError
from backlit.execute import Interpreter
from backlit.graph import Graph
from backlit.inspect.graphs import training_step
from backlit.layers import naming
from backlit.tensor import Trace
from backlit.training.step import feed_of

pytest.importorskip("llvmlite")
from test_native_memory import runs_here

from backlit.execute.native import prepare
from backlit.execute.native.machine import machine_for, module_text, optimized
from backlit.execute.native.target import KNOWN, ready

RNG = np.random.default_rng(0)
RUN = ["avx2", "x86-64"]
NETWORKS: list[dict[str, Any]] = [
    {
        "features": (40,),
        "widths": [33, 70, 5],
        "between": ["norm", "dropout", "prelu"],
        "batch": 13,
        "optimizer": "adam",
    },
    {"form": "two inputs", "merge": "Concatenate", "batch": 7, "loss": "categorical", "optimizer": "nesterov"},
    {"features": (3, 7), "between": ["layer norm", "noise"], "batch": 5, "loss": "sparse", "optimizer": "rmsprop"},
]
CURVES = ("exp", "expm1", "log", "log1p", "tanh", "sin", "cos", "atan", "pow")
FROM_ELSEWHERE = {"memset", "memcpy", *CURVES, *(f"{name}f" for name in CURVES)}  # in every C library


@pytest.fixture(params=RUN)
def forced(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Force a target this processor can run, where it is not the only one that can."""
    if not runs_here(request.param):
        pytest.skip(f"this processor does not run {request.param}")
    monkeypatch.setenv("BACKLIT_TARGET", request.param)
    return request.param


@pytest.fixture(autouse=True)
def _executor_put_back() -> Any:
    kept = bl.config.executor()
    bl.config.set_executor("interpreter")
    yield
    bl.config.set_executor(kept)


def step_of(made: dict[str, Any], dtype: str = "float32") -> tuple[Graph, dict[str, np.ndarray]]:
    """Return a training step with its loss and gradients among the outputs, and its inputs."""
    bl.config.set_floatx(dtype)
    naming.clear_session()
    model = networks.built(networks.PLAIN | made)
    batch = networks.batch_for(model, networks.PLAIN | made)
    step = training_step(model, batch)
    graph = Graph(step.graph.inputs, {**step.graph.outputs, **step.graph.marks})
    return graph, feed_of(batch) | {n: v.stored for n, v in step.variables.items() if n in graph.inputs}


@pytest.mark.parametrize("made", NETWORKS, ids=lambda made: made.get("form") or str(made["features"]))
def test_steps_of_networks(forced: str, made: dict[str, Any]) -> None:
    graph, feed = step_of(made)
    runner = prepare(graph)
    assert runner.target is KNOWN[forced]
    for off in measures(graph, feed, runner.run(feed)):
        assert off.ratio <= off.limit, f"{off}: {off.ratio:.1f} > {off.limit:.1f}"
    graph, feed = step_of(made, "float64")
    ours, meant = prepare(graph, 2).run(feed), Interpreter(graph).run(feed)
    for name, value in meant.items():
        bound = 1e-10 * max(float(np.abs(value).max(initial=0)), 1e-3)
        np.testing.assert_allclose(ours[name], value, rtol=0, atol=bound, err_msg=name)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_products_of_odd_sizes(forced: str, dtype: str) -> None:
    bound = {"float32": 1e-5, "float64": 1e-13}[dtype]
    for m, k, n in ((1, 1, 1), (3, 5, 7), (7, 33, 9), (13, 64, 17), (40, 100, 33), (2, 1100, 3)):
        for a, b in ((False, False), (True, False), (False, True), (True, True)):
            x = RNG.normal(size=(k, m) if a else (m, k)) * (RNG.random((k, m) if a else (m, k)) < 0.3)
            arrays = {"x": x.astype(dtype), "w": RNG.normal(size=(n, k) if b else (k, n)).astype(dtype)}
            with Trace() as trace:
                given = [trace.input(name, array.shape, array.dtype) for name, array in arrays.items()]
                graph = trace.graph({"y": ops.matmul(*given, a, b)})
            ours, meant = prepare(graph).run(arrays)["y"], Interpreter(graph).run(arrays)["y"]
            np.testing.assert_allclose(ours, meant, rtol=0, atol=bound * max(np.abs(meant).max(), 1e-3))


def test_ops(forced: str) -> None:
    x, y = RNG.normal(size=(5, 37)).astype("float32"), RNG.normal(size=(37,)).astype("float32")
    builds: dict[str, Any] = {
        "arithmetic": lambda x, y: ops.square(x) / (ops.absolute(y) + 0.5) - ops.maximum(x, y) * ops.minimum(x, 0.3),
        "curves": lambda x, y: ops.exp(x) + ops.tanh(y) + ops.log(ops.absolute(x) + 1.0) + ops.sqrt(ops.absolute(y)),
        "rounded": lambda x, y: ops.floor(x) + ops.ceil(y) * ops.round(x * 3.0) + ops.sign(y),
        "chosen": lambda x, y: ops.where(ops.logical_and(x > y, ops.isfinite(x)), x, y),
        "folded": lambda x, y: ops.sum(x * y, 1) + ops.max(x, 1) - ops.mean(x),
        "down": lambda x, y: ops.mean(x, 0) + ops.prod(x, 0) + ops.min(x, 0),
        "places": lambda x, y: ops.argmax(x * y, 1),
        "running": lambda x, y: ops.cumsum(x, 1) + ops.cumsum(x, 0, True),
        "moved": lambda x, y: ops.concatenate([ops.transpose(x)[::2], ops.transpose(x * y)[1::2]], 0),
        "counted": lambda x, y: ops.one_hot(ops.argmax(x, 1), 37) * x,
    }
    for name, build in builds.items():
        with Trace() as trace:
            given = [trace.input(n, a.shape, a.dtype) for n, a in (("x", x), ("y", y))]
            graph = trace.graph({"out": build(*given)})
        ours, meant = prepare(graph).run({"x": x, "y": y})["out"], Interpreter(graph).run({"x": x, "y": y})["out"]
        np.testing.assert_allclose(ours, meant, rtol=0, atol=2e-6 * np.abs(meant).max(), err_msg=name)


def test_fit_reaches_the_same_place(forced: str) -> None:
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(150, 40)), generator.integers(0, 3, 150)
    reached = []
    for executor in ("interpreter", "native"):
        bl.config.set_executor(executor)
        bl.set_random_seed(5)
        model = bl.Sequential([layers.Dense(20, "tanh"), layers.Dropout(0.2), layers.Dense(3, "softmax")])
        model.compile(bl.optimizers.SGD(0.1, momentum=0.9), "sparse_categorical_crossentropy")
        model.fit(x, y, epochs=4, batch_size=16, verbose=0)
        reached.append(model.get_weights())
    for ours, meant in zip(reached[1], reached[0], strict=True):
        assert np.linalg.norm(ours - meant) <= 1e-4 * np.linalg.norm(meant)


def test_an_unknown_target_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKLIT_TARGET", "avx3")
    graph, _ = step_of(NETWORKS[1])
    with pytest.raises(ConfigError, match=r"'avx3'.*avx2"):
        prepare(graph)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_aarch64_code(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Vectors of four (or two) numbers, multiplied and added at once; what it calls is there on every system."""
    target = KNOWN["aarch64"]
    try:
        machine = machine_for(target)
    except RuntimeError as reason:
        pytest.skip(f"this llvmlite has no AArch64 backend: {reason}")
    assembly = _code_of(NETWORKS[0], dtype, target, machine)
    lanes = {"float32": "4s", "float64": "2d"}[dtype]
    products = re.findall(r"^tile_\w+:(.*?)^\.Lfunc_end", assembly, re.MULTILINE | re.DOTALL)
    assert products
    for body in products:
        assert re.search(rf"\bfmla\tv\d+\.{lanes}", body), body
    assert re.search(r"\bmsr\tFPCR", assembly, re.IGNORECASE), "denormals are switched off and on"
    called = set(re.findall(r"^\tbl?\t([A-Za-z_]\w*)$", assembly, re.MULTILINE))
    defined = set(re.findall(r"^([A-Za-z_]\w*):", assembly, re.MULTILINE))
    assert called - defined <= FROM_ELSEWHERE, called - defined
    assert called & FROM_ELSEWHERE or defined


def _code_of(made: dict[str, Any], dtype: str, target: Any, machine: Any) -> str:
    """Return the assembly of every kernel of a network's step."""
    from backlit.execute.native.assembly import assembled
    from backlit.execute.native.lower import lowered
    from backlit.execute.native.slices import drive_code

    graph, _ = step_of(made, dtype)
    calls = assembled(lowered(graph), target, 2).calls()
    codes = {call.code.key: call.code for call in calls} | {"drive": drive_code(target)}
    assert ready()
    return machine.emit_assembly(optimized(module_text(list(codes.values()), target), machine))
