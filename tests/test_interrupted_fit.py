"""A `fit` that is kept: its checkpoint is written while it goes on, and signals keep the state before they end it.

The programs that get a signal are processes of their own, so that what they die of can be seen.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backlit as bl
from backlit import callbacks, layers
from backlit.errors import CheckpointError
from backlit.formats import checkpoint
from backlit.formats.checkpoint import CheckpointFile, read_checkpoint

PROGRAM = """
import signal, sys
import numpy as np
import backlit as bl
from backlit import callbacks, layers
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where tests run in the background
bl.set_random_seed(0)
x = np.random.default_rng(0).normal(size=(2000, 40)).astype("float32")
model = bl.Sequential([layers.Input((40,)), layers.Dense(64, "relu"), layers.Dropout(0.2), layers.Dense(1)])
model.compile("adam", "mse")
class Ready(callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            print("ready", flush=True)
keep = callbacks.BackupAndRestore(sys.argv[1], delete_checkpoint=False)
model.fit(x, x.sum(axis=1), batch_size=2, epochs=int(sys.argv[2]), verbose=0, callbacks=[Ready(), keep])
print("over", sum(float(np.abs(w).sum()) for w in model.get_weights()).hex(), len(model.history.epoch))
"""


def started(folder: Path, epochs: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROGRAM, str(folder), str(epochs)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.skipif(os.name != "posix", reason="sends signals to a child")
@pytest.mark.parametrize(("number", "said"), [(signal.SIGTERM, ""), (signal.SIGINT, "KeyboardInterrupt")])
def test_a_signal_keeps_the_state_and_then_does_what_it_does(number: int, said: str, tmp_path: Path) -> None:
    with started(tmp_path / "cut", 100_000) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.1)
        child.send_signal(number)
        try:
            out, err = child.communicate(timeout=60)
        finally:
            child.kill()
    assert "over" not in out
    assert said in err
    assert child.returncode == -number or (number == signal.SIGINT and child.returncode == 1), err
    kept = read_checkpoint(tmp_path / "cut" / "training.checkpoint").facts
    assert kept["epoch"] >= 2
    assert not kept["stopped"]
    epochs = kept["epoch"] + 2
    resumed, whole = started(tmp_path / "cut", epochs), started(tmp_path / "whole", epochs)
    ends = [p.communicate(timeout=120)[0].splitlines()[-1] for p in (resumed, whole)]
    assert ends[0] == ends[1]
    assert ends[0].startswith("over ")


def network() -> tuple[Any, Any, Any]:
    x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
    model = bl.Sequential([layers.Input((4,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model, x, x.sum(axis=1)


def test_handlers_are_those_of_the_user_again_and_his_own_are_left_alone(tmp_path: Path) -> None:
    seen: list[Any] = []

    class Looking(callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.append((signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)))
            raise RuntimeError

    def mine(number: int, frame: Any) -> None: ...

    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    try:
        for own in (signal.default_int_handler, mine):
            signal.signal(signal.SIGINT, own)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            model, x, y = network()
            with pytest.raises(RuntimeError):
                model.fit(x, y, verbose=0, callbacks=[callbacks.BackupAndRestore(tmp_path), Looking()])
            assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == (own, signal.SIG_DFL)
        assert seen[0][0] is not signal.default_int_handler
        assert seen[1][0] is mine
        assert seen[1][1] is not signal.SIG_DFL
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGTERM, before[1])


def test_the_next_epoch_does_not_wait_for_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    may_end, epochs_seen = threading.Event(), list[tuple[int, bool]]()
    write = CheckpointFile.write

    def slow(self: CheckpointFile, snapshot: Any) -> None:
        assert may_end.wait(60)
        write(self, snapshot)

    class Looking(callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            epochs_seen.append((epoch, (tmp_path / "training.checkpoint").exists()))
            if epoch == 1:
                may_end.set()

    monkeypatch.setattr(CheckpointFile, "write", slow)
    model, x, y = network()
    keep = callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)
    model.fit(x, y, epochs=3, verbose=0, callbacks=[Looking(), keep])
    assert epochs_seen[:2] == [(0, False), (1, False)]  # the file of epoch 0 came while epoch 1 was trained, or later
    assert read_checkpoint(tmp_path / "training.checkpoint").facts["epoch"] == 3
    assert not [thread for thread in threading.enumerate() if thread.name == "backlit-checkpoint"]


@pytest.mark.parametrize("failing", [1, 3])
def test_a_disk_that_refuses_is_told_at_the_next_pause_or_at_the_end(
    failing: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count, write_file = [0], checkpoint.write_file

    def refusing(*given: Any, **named: Any) -> None:
        count[0] += 1
        if count[0] == failing:
            raise OSError(28, "No space left on device")
        write_file(*given, **named)

    monkeypatch.setattr(checkpoint, "write_file", refusing)
    model, x, y = network()
    with pytest.raises(CheckpointError, match=r"training\.checkpoint cannot be written: No space left"):
        model.fit(x, y, epochs=3, verbose=0, callbacks=[callbacks.BackupAndRestore(tmp_path)])
    assert count[0] == failing
