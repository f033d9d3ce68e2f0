"""Threads and processes: Ctrl-C, two models at once, forked and spawned children, more threads than cores."""

from __future__ import annotations

import functools
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backlit as bl
from backlit import layers, ops
from backlit.execute import NotFinite, choice
from backlit.layers import naming
from backlit.tensor import Trace

pytest.importorskip("llvmlite")
from backlit.execute import native
from backlit.execute.native import prepare, programs
from backlit.execute.native.pace import Pace
from backlit.execute.native.team import Team, team

CHOOSE = Pace.together


def together(pace: Pace) -> bool:
    """Say that all threads shall run."""
    return pace.threads > 1


@pytest.fixture(autouse=True)
def _native_on_two_threads(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run models as machine code, on two threads unless a test says otherwise, even where one is faster."""
    monkeypatch.setattr(Pace, "together", together)
    kept = bl.config.executor()
    bl.config.set_executor("native")
    choice.set_threads(2)
    yield
    bl.config.set_executor(kept)
    choice.set_threads(0)


def trained(seed: int, epochs: int = 2, width: int = 300) -> list[bytes]:
    """Return the weights of a model trained from a seed."""
    generator = np.random.default_rng(seed)
    x, y = generator.normal(size=(256, 200)).astype("float32"), generator.integers(0, 4, 256)
    initial = bl.initializers.GlorotUniform(seed=seed)
    model = bl.Sequential(
        [
            layers.Dense(width, "relu", kernel_initializer=initial),
            layers.Dense(4, "softmax", kernel_initializer=bl.initializers.GlorotUniform(seed=seed + 1)),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=epochs, batch_size=64, shuffle=False, verbose=0)
    return [w.tobytes() for w in model.get_weights()]


def test_two_models_train_at_once() -> None:
    """In two Python threads, over and over: whoever finds the team at work runs alone, to the same bits."""
    meant = [trained(seed, 20) for seed in (1, 2)]
    found: list[list[bytes] | None] = [None, None]

    def train(i: int) -> None:
        found[i] = trained(i + 1, 20)

    for _ in range(2):
        runners = [threading.Thread(target=train, args=(i,)) for i in range(2)]
        for runner in runners:
            runner.start()
        for runner in runners:
            runner.join(60)
        assert found == meant


def test_one_model_predicts_in_two_threads_at_once() -> None:
    generator = np.random.default_rng(0)
    x = [generator.normal(size=(64, 50)).astype("float32") for _ in range(2)]
    model = bl.Sequential([layers.Input((50,)), layers.Dense(400, "tanh"), layers.Dense(30)])
    meant = [model.predict_on_batch(part) for part in x]
    wrong: list[int] = []

    def predict(i: int) -> None:
        wrong.extend(i for _ in range(150) if not np.array_equal(model.predict_on_batch(x[i]), meant[i]))

    runners = [threading.Thread(target=predict, args=(i,)) for i in range(2)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join(60)
    assert wrong == []


def report(seed: int, pipe: Any) -> None:
    """Train in a child process and send the weights."""
    bl.config.set_executor("native")
    choice.set_threads(2)
    Pace.together = together
    naming.clear_session()
    pipe.send(trained(seed))
    pipe.close()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_children_train_after_the_parent_has(method: str) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system cannot {method}")
    meant = trained(7)
    assert team.workers
    processes = multiprocessing.get_context(method)
    receiving, sending = processes.Pipe(duplex=False)
    child = processes.Process(target=report, args=(7, sending))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of threads that a fork leaves behind
        child.start()
    sending.close()
    try:
        assert receiving.poll(40), "the child does not answer"
        assert receiving.recv() == meant
        child.join(20)
        assert child.exitcode == 0
    finally:
        child.kill()
    assert trained(7) == meant  # and the parent goes on


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.parametrize("verb", ["predict", "fit"])
def test_a_child_forked_while_a_thread_uses_the_model_can_use_it_too(verb: str) -> None:
    """The thread is gone there, in the middle of a call: what it held is free, and nobody waits for it."""
    x, y = np.random.default_rng(0).random((2048, 200), "float32"), np.zeros(2048, int)
    model = bl.Sequential([layers.Dense(300, "relu"), layers.Dense(4, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    use = {
        "predict": lambda: model.predict(x, verbose=0),
        "fit": lambda: model.fit(x, y, batch_size=128, verbose=0),
    }[verb]
    use()
    over = threading.Event()

    def keep_using() -> None:
        while not over.is_set():
            use()

    other = threading.Thread(target=keep_using)
    other.start()
    try:
        for turn in range(6):
            time.sleep(0.01 + 0.007 * turn)
            assert forked(use) == 0, f"the child of turn {turn} had to be ended"
    finally:
        over.set()
        other.join(60)


def forked(act: Any) -> int:
    """Return how a child that does `act` ended: 0 is well, SIGALRM after ten seconds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of threads that a fork leaves behind
        child = os.fork()
    if child == 0:
        signal.alarm(10)
        try:
            act()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1]


def test_more_threads_than_cores_do_not_stall() -> None:
    meant = trained(3)
    choice.set_threads(8)
    start = time.perf_counter()
    assert trained(3) == meant
    print(f"8 threads on {os.cpu_count()} cores: {time.perf_counter() - start:.2f} s")
    assert time.perf_counter() - start < 60


@pytest.mark.parametrize("behind", [True, False])
def test_threads_that_waited_long_leave_early_if_one_is_faster(behind: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every wait counts as long here. The numbers are those of one thread, whoever runs which steps."""
    choice.set_threads(1)
    meant = trained(4)
    choice.set_threads(2)
    begun = hurried(monkeypatch, behind)
    assert trained(4) == meant
    if behind:
        assert begun["together"] == {0}
        assert max(begun["alone"]) > 0  # one of them went on where they left
    else:
        assert max(begun["together"]) > 0  # they went on, with more patience
        assert not begun["alone"]


def hurried(monkeypatch: pytest.MonkeyPatch, behind: bool) -> dict[str, set[int]]:
    """Let threads count every wait as long, and note at which steps programs begin to run together and alone."""
    begun: dict[str, set[int]] = {"together": set(), "alone": set()}
    monkeypatch.setattr(programs, "looks", lambda threads: 0)
    monkeypatch.setattr(Pace, "is_behind", lambda pace, seconds: behind)
    for name, method in (("together", "_set_together"), ("alone", "alone")):

        def noted(self: Any, steps: int, begin: int = 0, *more: int, name: str = name, kept: Any = None) -> Any:
            begun[name].add(begin)
            return kept(self, steps, begin, *more)

        kept = getattr(programs.Program, method)
        monkeypatch.setattr(programs.Program, method, functools.partialmethod(noted, kept=kept))
    return begun


def test_nan_found_before_threads_left_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = hurried(monkeypatch, behind=True)
    with Trace() as trace:
        x, total = (trace.input(name, (4,), np.dtype("float32")) for name in ("x", "total"))
        runner = prepare(trace.graph({"total": total + ops.cast(x > 0.0, "float32")}), 2)  # which NaN leaves finite
    given, column = {"total": np.zeros(4, "float32")}, np.ones(24, "float32")
    column[1] = np.nan
    with pytest.raises(NotFinite):
        runner.run_many(given, {"x": column}, np.arange(24), 6, check=True)
    assert max(begun["alone"]) > 0
    found = runner.run_many(given, {"x": np.ones(24, "float32")}, np.arange(24), 6, check=True)
    np.testing.assert_array_equal(found["total"], 6.0)


INTERRUPTED = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where tests run in the background
import numpy as np
import backlit as bl
from backlit import layers
from backlit.execute import choice
from backlit.execute.native.pace import Pace
from backlit.execute.native.team import team

Pace.together = lambda pace: pace.threads > 1
bl.config.set_executor("native")
choice.set_threads(int(sys.argv[1]))
x, y = np.random.rand(4096, 784).astype("float32"), np.random.randint(0, 10, 4096)
model = bl.Sequential([layers.Dense(256, "relu"), layers.Dense(10, "softmax")])
model.compile("sgd", "sparse_categorical_crossentropy")
model.fit(x, y, verbose=0)
for turn in range(int(sys.argv[2])):
    print("training", flush=True)
    try:
        model.fit(x, y, epochs=100_000, verbose=0)
    except KeyboardInterrupt:
        print(time.time(), flush=True)
    assert not team.free.locked()
before = [w.copy() for w in model.get_weights()]
time.sleep(0.05)
assert all((a == b).all() for a, b in zip(before, model.get_weights()))
model.fit(x, y, verbose=0)
print("done", flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT to a child")
@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_ends_a_long_fit(threads: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Several times in one process, whose threads must be ready for the next fit each time."""
    turns = 4
    paths = os.pathsep.join([str(Path(bl.__file__).parent.parent), os.environ.get("PYTHONPATH", "")])
    child = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(threads), str(turns)], env=os.environ | {"PYTHONPATH": paths},
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    delays = []
    try:
        for turn in range(turns):
            assert child.stdout.readline().strip() == "training"
            time.sleep(0.25 + 0.037 * turn)
            sent = time.time()
            child.send_signal(signal.SIGINT)
            delays.append(float(child.stdout.readline()) - sent)
        assert child.stdout.readline().strip() == "done"
        assert child.wait(30) == 0
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
    with capsys.disabled():
        print(f" Ctrl-C answered within {max(delays) * 1000:.0f} ms on {threads} thread(s)", end="")
    assert max(delays) < 2


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="sends itself signals by a timer")
def test_the_team_is_free_whenever_a_signal_comes() -> None:
    """Small steps one after the other, interrupted 1,500 times: also just when the team has been taken.

    The garbage collector rests meanwhile: what a signal raises inside one of its callbacks is swallowed.
    """
    x = np.ones((2, 8), "float32")
    with Trace() as trace:
        runner = native.prepare(trace.graph({"y": trace.input("x", x.shape, x.dtype) * 2.0}), 2)
    delays = np.random.default_rng(0).uniform(5e-5, 3e-4, 1500)
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    gc.disable()
    try:
        for turn, delay in enumerate(delays):
            try:
                signal.setitimer(signal.ITIMER_REAL, delay)
                while True:
                    runner.run({"x": x})
            except KeyboardInterrupt:
                assert not team.free.locked(), f"after {turn} signals"
    finally:
        gc.enable()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if team.free.locked():
            team.free.release()


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let SIGINT raise KeyboardInterrupt: a shell that runs the tests in the background has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_the_team_waits_for_all_whatever_interrupts_it() -> None:
    """A signal comes while this thread works and the other is not done: it is raised, but not before it is."""
    gang, done, entered = Team(), [], threading.Event()

    def drive(table: int) -> None:
        if table == 0:
            entered.wait(10)
            signal.raise_signal(signal.SIGINT)
        else:
            entered.set()
            time.sleep(0.2)
            done.append(table)

    for _ in range(3):
        done.clear()
        entered.clear()
        with pytest.raises(KeyboardInterrupt):
            gang.run(drive, [0, 1])
        assert done == [1]
        assert gang.workers[0].tasks.empty()


def paced(pace: Pace, alone: float, together: float, calls: int) -> list[bool]:
    """Let `pace` choose for some calls that take so long a step each way; return the choices."""
    chosen = []
    for _ in range(calls):
        chosen.append(CHOOSE(pace))
        pace.note(not chosen[-1], together if chosen[-1] else alone)
    return chosen


def test_the_slower_way_is_tried_soon_at_first_and_seldom_later() -> None:
    pace = Pace(2)
    assert sum(paced(pace, alone=2.0, together=1.0, calls=6)) == 3  # both ways are measured
    assert paced(pace, 2.0, 1.0, 300).count(False) < 12
    paced(pace, 2.0, 9.0, 3)  # the other core is busy for a moment
    assert paced(pace, 2.0, 1.0, 20)[8:].count(True) > 8
    assert paced(pace, 1.0, 2.0, 300).count(True) < 16
