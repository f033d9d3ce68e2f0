"""What machine code leaves alone: its inputs, the memory around its arrays, the processor's settings, the compiler."""

from __future__ import annotations

import ctypes
import mmap
import os
import platform
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from native_cases import networks

import backlit as bl
from backlit import layers
from backlit.execute import choice
from backlit.inspect.graphs import training_step
from backlit.training.step import feed_of

pytest.importorskip("llvmlite")
from backlit.execute.native import machine, prepare
from backlit.execute.native.pace import Pace

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="forbids pages with Linux' mprotect")
on_x86 = pytest.mark.skipif(
    platform.machine() != "x86_64" or sys.platform != "linux", reason="reads MXCSR with a few bytes of x86-64 code"
)


@pytest.fixture(autouse=True)
def _native_on_one_thread(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run models as machine code, on one thread unless a test says more: then on all of them."""
    monkeypatch.setattr(Pace, "together", lambda pace: pace.threads > 1)
    kept = bl.config.executor()
    bl.config.set_executor("native")
    choice.set_threads(1)
    yield
    bl.config.set_executor(kept)
    choice.set_threads(0)


@on_linux
@pytest.mark.parametrize(
    ("side", "threads", "target"),
    [
        ("end", 1, ""),
        ("begin", 3, ""),
        ("end", 2, "avx2"),
        ("end", 2, "x86-64"),
    ],
)
def test_nothing_outside_the_arrays_is_read_or_written(side: str, threads: int, target: str) -> None:
    """All arrays end (or begin) at a page nobody may touch, in a process of its own: a stray access kills it."""
    if target and not runs_here(target):
        pytest.skip(f"this processor does not run {target}")
    done = fenced(side, threads, target)
    last = done.stdout.strip().splitlines()[-1:]
    assert done.returncode == 0, f"in {last}: {done.stderr[-3000:]}"
    assert last == ["all held"]


@on_linux
def test_a_stray_access_does_kill_the_process() -> None:
    done = fenced("stray", 1)
    assert done.returncode == -signal.SIGSEGV, done.stderr[-3000:]


def fenced(side: str, threads: int, target: str = "") -> subprocess.CompletedProcess[str]:
    """Run the table of graphs at fences in a child process."""
    source = Path(bl.__file__).parent.parent
    paths = os.pathsep.join([str(source), str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-m", "native_cases.fenced", side, str(threads)],
        env=os.environ | {"PYTHONPATH": paths, "BACKLIT_TARGET": target}, capture_output=True, text=True, timeout=400,
    )  # fmt: skip


def runs_here(target: str) -> bool:
    """Say whether this processor can run a target's code."""
    from backlit.execute.native.target import ready

    needs = {"avx512": ["avx512f", "avx512vl"], "avx2": ["avx2", "fma"], "x86-64": ["sse2"]}
    return platform.machine() in ("x86_64", "AMD64") and all(
        ready().get_host_cpu_features().get(f) for f in needs[target]
    )


def test_inputs_are_never_written() -> None:
    """Read-only state, batches, columns and order go in; every one comes out as it was."""
    described = networks.PLAIN | {"optimizer": "adam", "between": ["norm"], "batch": 9}
    model = networks.built(described)
    batch = networks.batch_for(model, described)
    step = training_step(model, batch)
    state = {n: v.stored.copy() for n, v in step.variables.items() if n in step.graph.inputs}
    columns = {name: np.concatenate([array] * 2) for name, array in feed_of(batch).items()}
    order = np.arange(18)[::-1].copy()
    given = [*state.values(), *columns.values(), order, *feed_of(batch).values()]
    before = [array.copy() for array in given]
    for array in given:
        array.setflags(write=False)
    runner = prepare(step.graph, 2)
    runner.run(state | feed_of(batch))
    runner.run_many(state, columns, order, 2)
    for array, kept in zip(given, before, strict=True):
        assert array.tobytes() == kept.tobytes()


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Return the list of all that is compiled from now on: the keys of the kernels, library by library."""
    made: list[list[str]] = []

    class Counted(machine.Library):
        def __init__(self, codes: Any, target: Any) -> None:
            made.append([code.key for code in codes])
            super().__init__(codes, target)

    monkeypatch.setattr(machine, "Library", Counted)
    monkeypatch.setattr(machine, "_kernels", {})
    return made


def test_nothing_is_compiled_anew_for_other_numbers(compiled: list[list[str]]) -> None:
    x, y = np.random.default_rng(0).normal(size=(82, 6)).astype("float32"), np.arange(82) % 3
    model = bl.Sequential([layers.Dense(9, "relu"), layers.Dropout(0.2), layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x, y, batch_size=32, verbose=0)
    assert compiled
    compiled.clear()
    for rate, data in ((0.5, x), (1e-5, x * 3), (0.1, np.zeros_like(x))):
        model.optimizer.learning_rate = rate
        model.fit(data, y, batch_size=32, epochs=2, verbose=0)
    model.fit(np.tile(x, (3, 1))[:210], np.tile(y, 3)[:210], batch_size=32, verbose=0)  # more rows, as many in the last
    assert compiled == []


def test_another_last_batch_compiles_no_more_than_the_height_of_tiles(compiled: list[list[str]]) -> None:
    x, y = np.random.default_rng(0).normal(size=(120, 6)).astype("float32"), np.arange(120) % 3
    model = bl.Sequential([layers.Dense(9, "relu"), layers.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(x[:64], y[:64], batch_size=32, verbose=0)
    compiled.clear()
    for rows in range(66, 96):
        model.fit(x[:rows], y[:rows], batch_size=32, verbose=0)
    keys = [key for library in compiled for key in library]
    assert all(key.startswith("product ") for key in keys), keys
    assert len(keys) == len(set(keys)) <= 24
    compiled.clear()
    for rows in range(66, 96):
        model.fit(x[:rows], y[:rows], batch_size=32, verbose=0)
    assert compiled == []


class Settings:
    """The processor's floating-point settings (MXCSR), read and written by six bytes of machine code."""

    def __init__(self) -> None:
        self.memory = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        self.memory.write(bytes([0x0F, 0xAE, 0x1F, 0xC3] + [0x90] * 12))  # stmxcsr [rdi]; ret
        self.memory.write(bytes([0x0F, 0xAE, 0x17, 0xC3]))  # ldmxcsr [rdi]; ret
        start = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        self._read, self._write = (ctypes.CFUNCTYPE(None, ctypes.c_void_p)(start + at) for at in (0, 16))

    def read(self) -> int:
        """Return them, without the flags that tell what has happened."""
        word = ctypes.c_uint32()
        self._read(ctypes.addressof(word))
        return word.value & ~0x3F

    def write(self, value: int) -> None:
        """Change them."""
        self._write(ctypes.addressof(ctypes.c_uint32(value)))


@on_x86
@pytest.mark.parametrize("threads", [1, 2])
def test_floating_point_settings_are_the_callers_again(threads: int) -> None:
    """The usual ones, and others: rounding toward zero, with denormals read as zero."""
    described = networks.PLAIN | {"widths": [200, 100], "batch": 32}
    model = networks.built(described)
    batch = networks.batch_for(model, described)
    step = training_step(model, batch)
    feed = feed_of(batch) | {n: v.stored for n, v in step.variables.items() if n in step.graph.inputs}
    runner, settings = prepare(step.graph, threads), Settings()
    usual = settings.read()
    try:
        for wanted in (usual, usual | 0x6000 | 0x0040):
            settings.write(wanted)
            assert settings.read() == wanted
            runner.run(feed)
            runner.run_many(
                {n: a for n, a in feed.items() if n not in feed_of(batch)}, feed_of(batch), np.arange(32), 1
            )
            assert settings.read() == wanted
    finally:
        settings.write(usual)


def test_denormal_numbers_still_exist_after_a_step() -> None:
    model = bl.Sequential([layers.Input((3,)), layers.Dense(2)])
    model.compile("sgd", "mse")
    tiny = np.full(100, 1e-40, "float32")
    model.fit(np.full((64, 3), 1e-30), np.zeros((64, 2)), verbose=0)
    assert (tiny * np.float32(0.5) > 0).all()
