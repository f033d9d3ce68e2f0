"""A training that was cut off goes on with the same bits, and a checkpoint is never half a checkpoint."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backlit as bl
from backlit import callbacks, layers
from backlit.errors import CheckpointError, ConfigError
from backlit.formats.checkpoint import CheckpointFile, previous, read_checkpoint
from backlit.preprocessing.image import ImageDataGenerator

RNG = np.random.default_rng(0)
X = RNG.normal(size=(150, 6, 4, 1)).astype("float32")
Y = X[:, :3, 0, 0].argmax(1)


class Cut(Exception):
    """What ends a run in the middle."""


class Cutting(callbacks.Callback):
    """Raises in an epoch, after so many batches of it (0: at its end)."""

    def __init__(self, epoch: int = 10**6, batch: int = 0) -> None:
        super().__init__()
        self.at, self.now = (epoch, batch), 0
        if batch:
            self.on_train_batch_end = self._after_batch

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Remember the epoch."""
        self.now = epoch

    def _after_batch(self, batch: int, logs: Any = None) -> None:
        if (self.now, batch + 1) == self.at:
            raise Cut

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Raise at the end of an epoch."""
        if (epoch, 0) == self.at:
            raise Cut


def run(
    folder: Path | None, cut: Cutting | None = None, freq: Any = "epoch", flow: bool = False, threads: int = 0
) -> Any:
    """Train and return everything that must not depend on whether it was cut."""
    bl.set_random_seed(7)
    bl.config.set_threads(threads)
    try:
        stack = [layers.Input((6, 4, 1)), layers.RandomTranslation(0.1, 0.1), layers.Flatten(), layers.Dense(8, "relu")]
        model = bl.Sequential([*stack, layers.BatchNormalization(), layers.Dropout(0.3), layers.Dense(3, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        plateau = callbacks.ReduceLROnPlateau("loss", patience=1, factor=0.5, min_delta=0.05)
        stopping = callbacks.EarlyStopping("val_loss", patience=3, restore_best_weights=True)
        backup = [] if folder is None else [callbacks.BackupAndRestore(folder, save_freq=freq)]
        given: dict[str, Any] = {"x": X[:120], "y": Y[:120], "batch_size": 16}
        if flow:
            given = {"x": ImageDataGenerator(rotation_range=20).flow(X[:120], Y[:120], batch_size=16, seed=5)}
        history = model.fit(
            **given, epochs=6, validation_data=(X[120:], Y[120:]), verbose=0,
            callbacks=[plateau, stopping, cut or Cutting(), *backup],
        ).history  # fmt: skip
    finally:
        bl.config.set_threads(0)
    weights = [w.numpy().tobytes() for w in [*model.weights, *model.optimizer.variables]]
    return weights, history, (plateau.best, plateau.wait, stopping.best, stopping.wait, stopping.best_epoch)


@pytest.mark.parametrize("flow", [False, True])
@pytest.mark.parametrize(
    ("epoch", "batch", "freq"), [(0, 0, "epoch"), (3, 0, "epoch"), (2, 5, 1), (4, 2, 2), (1, 7, "epoch")]
)
def test_a_run_that_was_cut_ends_as_one_that_was_not(
    tmp_path: Path, flow: bool, epoch: int, batch: int, freq: Any
) -> None:
    whole = run(None, flow=flow)
    with pytest.raises(Cut):
        run(tmp_path, Cutting(epoch, batch), freq, flow)
    assert run(tmp_path, freq=freq, flow=flow) == whole
    assert list(tmp_path.iterdir()) == []  # nothing to go on with


def test_a_run_cut_twice_and_on_other_threads(tmp_path: Path) -> None:
    whole = run(None, threads=2)
    for epoch, batch, threads in ((1, 3, 1), (3, 2, 2)):
        with pytest.raises(Cut):
            run(tmp_path, Cutting(epoch, batch), 1, threads=threads)
    assert run(tmp_path, freq=1, threads=1) == whole


@pytest.mark.parametrize("writes", [1, 3])
def test_an_interruption_while_the_state_is_being_written(
    tmp_path: Path, writes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, count, write = run(None), [0], CheckpointFile.write
    interrupt = callbacks.BackupAndRestore.interrupt
    backups: list[Any] = []
    begin = callbacks.BackupAndRestore.on_train_begin

    def beginning(self: Any, logs: Any = None) -> None:
        begin(self, logs)
        backups.append(self)

    def interrupted(self: CheckpointFile, snapshot: Any) -> None:
        write(self, snapshot)
        count[0] += 1
        if count[0] == writes:
            interrupt(backups[-1])

    monkeypatch.setattr(callbacks.BackupAndRestore, "on_train_begin", beginning)
    monkeypatch.setattr(CheckpointFile, "write", interrupted)
    assert run(tmp_path) != whole
    assert not read_checkpoint(tmp_path / "training.checkpoint").facts["stopped"]
    assert run(tmp_path) == whole
    assert list(tmp_path.iterdir()) == []


def test_a_training_that_was_over_stays_over(tmp_path: Path) -> None:
    class Tired(callbacks.Callback):
        """Fails when all is done."""

        def on_train_end(self, logs: Any = None) -> None:
            """Fail."""
            raise Cut

    def fit(more: list[Any]) -> Any:
        bl.set_random_seed(1)
        model = bl.Sequential([layers.Input((6, 4, 1)), layers.Flatten(), layers.Dense(3, "softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        stop = callbacks.EarlyStopping("loss", patience=0, min_delta=9.0)
        history = model.fit(X, Y, epochs=9, verbose=0, callbacks=[stop, *more, callbacks.BackupAndRestore(tmp_path)])
        return model, history

    with pytest.raises(Cut):
        fit([Tired()])
    kept = read_checkpoint(tmp_path / "training.checkpoint")
    model, history = fit([callbacks.LambdaCallback()])
    assert kept.facts["stopped"]
    assert history.epoch == [0, 1]
    np.testing.assert_array_equal(model.weights[0].numpy(), kept.arrays["weights/0"])


def test_a_callback_may_keep_numbers_of_numpy(tmp_path: Path) -> None:
    class Lowest(callbacks.Callback):
        _state_names = ("lowest", "fell")

        def __init__(self) -> None:
            super().__init__()
            self.lowest: Any = np.float32(np.inf)
            self.fell: Any = np.bool_(False)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            """Keep the lowest loss, as NumPy gives it."""
            self.lowest = np.minimum(self.lowest, np.float32((logs or {})["loss"]))
            self.fell = np.bool_(True)

    found: list[Any] = []
    for cut in (Cutting(2), Cutting()):
        bl.set_random_seed(7)
        model = bl.Sequential([layers.Input((24,)), layers.Dense(3, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy")
        lowest = Lowest()
        with contextlib.suppress(Cut):
            model.fit(X.reshape(150, -1), Y, epochs=4, verbose=0,
                      callbacks=[lowest, callbacks.BackupAndRestore(tmp_path), cut])  # fmt: skip
            found.append((float(lowest.lowest), bool(lowest.fell)))
    assert len(found) == 1
    assert found[0][0] < 2
    assert found[0][1]


def test_another_network_or_other_callbacks_are_refused_and_nothing_is_changed(tmp_path: Path) -> None:
    with pytest.raises(Cut):
        run(tmp_path, Cutting(1))
    model = bl.Sequential([layers.Input((6, 4, 1)), layers.Flatten(), layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    before = model.get_weights()
    with pytest.raises(CheckpointError, match="made with another network, optimizer or other metrics"):
        model.fit(X, Y, verbose=0, callbacks=[callbacks.BackupAndRestore(tmp_path)])
    for ours, old in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, old)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A small checkpoint, and one before it."""
    model = bl.Sequential([layers.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    keep = callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)
    model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0, callbacks=[keep])
    return Path(keep.path)


def test_a_changed_or_cut_file_is_refused_and_the_one_before_it_taken(kept: Path) -> None:
    data, older = kept.read_bytes(), read_checkpoint(previous(kept))
    flips = np.random.default_rng(1).integers(0, 8 * len(data), 300)
    for bit in flips:
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << (bit % 8)
        kept.write_bytes(changed)
        with pytest.raises(CheckpointError, match=r"digest|whole"):
            read_checkpoint(kept)
    for length in range(0, len(data), 37):
        kept.write_bytes(data[:length])
        with pytest.raises(CheckpointError):
            read_checkpoint(kept)
    found = CheckpointFile(kept).latest()
    assert found is not None
    assert found.facts == older.facts
    previous(kept).write_bytes(b"BACKLITC")
    with pytest.raises(CheckpointError, match=kept.name):
        CheckpointFile(kept).latest()


def test_a_full_disk_leaves_the_old_checkpoint(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    from backlit.formats.checkpoint import write_checkpoint

    data, snapshot = kept.read_bytes(), read_checkpoint(kept)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CheckpointError, match=r"training.checkpoint cannot be written: No space left on device"):
        write_checkpoint(kept, snapshot)
    assert kept.read_bytes() == data


PROGRAM = textwrap.dedent("""
    import sys
    import numpy as np
    import backlit as bl
    from backlit import callbacks, layers
    bl.set_random_seed(3)
    x = np.random.default_rng(0).normal(size=(400, 30)).astype("float32")
    y = x[:, :3].argmax(1)
    hidden = [layers.Dense(40, "relu"), layers.Dropout(0.2)]
    model = bl.Sequential([layers.Input((30,)), *hidden, layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    backup = callbacks.BackupAndRestore(sys.argv[1], save_freq=1)
    history = model.fit(x, y, epochs=25, batch_size=10, validation_split=0.2, verbose=0, callbacks=[backup]).history
    print(repr([w.numpy().tobytes().hex() for w in model.weights]), history)
""")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 here")
def test_killed_at_any_instant_and_run_again(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    command = [sys.executable, str(tmp_path / "program.py")]
    whole = subprocess.run([*command, str(tmp_path / "whole")], capture_output=True, text=True, check=True).stdout
    folder, generator, kills = tmp_path / "cut", np.random.default_rng(2), 0
    for _ in range(40):
        process = subprocess.Popen([*command, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        seen = time.monotonic() + 20
        while process.poll() is None and not any(folder.glob("*.checkpoint")) and time.monotonic() < seen:
            time.sleep(0.01)
        try:
            out, wrong = process.communicate(timeout=float(generator.uniform(0.0, 0.25)))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills += 1
            if kills < 4:
                continue
            out, wrong = subprocess.Popen([*command, str(folder)], stdout=subprocess.PIPE, text=True).communicate()
        assert out == whole, wrong
        break
    assert kills > 0


class Saved(bl.Sequential):
    """Keeps the names it is saved under."""

    names: list[str]

    def save(self, path: Any, overwrite: bool = True, **_: Any) -> None:
        """Remember the name."""
        self.names.append(str(path))


def checkpointed(monitored: list[float], **settings: Any) -> list[str]:
    """Return the names a ModelCheckpoint saves under when epochs end with these losses."""
    model = Saved([layers.Input((2,)), layers.Dense(1)])
    model.names = []
    checkpoint = callbacks.ModelCheckpoint("{epoch:02d}-{val_loss:.2f}.keras", mode="min", **settings)
    checkpoint.set_model(model)
    checkpoint.on_train_begin()
    for epoch, value in enumerate(monitored):
        checkpoint.on_epoch_begin(epoch)
        checkpoint.on_epoch_end(epoch, {"val_loss": value})
    return model.names


def test_model_checkpoint_saves_what_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    losses = [3.0, 2.0, 2.5, float("nan"), 1.0]
    assert checkpointed(losses) == ["01-3.00.keras", "02-2.00.keras", "03-2.50.keras", "04-nan.keras", "05-1.00.keras"]
    assert checkpointed(losses, save_best_only=True) == ["01-3.00.keras", "02-2.00.keras", "05-1.00.keras"]
    assert checkpointed(losses, save_best_only=True, initial_value_threshold=2.2) == ["02-2.00.keras", "05-1.00.keras"]
    capsys.readouterr()
    checkpointed([3.0, 4.0], save_best_only=True, verbose=1)
    said = capsys.readouterr().out
    assert "Epoch 1: val_loss improved from None to 3.00000, saving model to 01-3.00.keras" in said
    assert "finished saving model to 01-3.00.keras" in said
    assert "Epoch 2: val_loss did not improve from 3.00000" in said


def test_model_checkpoint_by_batches(tmp_path: Path) -> None:
    model = Saved([layers.Input((2,)), layers.Dense(1)])
    model.names = []
    model.compile("sgd", "mse")
    every = callbacks.ModelCheckpoint(str(tmp_path / "{epoch}-{batch}.keras"), save_freq=3)
    model.fit(np.ones((40, 2)), np.ones((40, 1)), batch_size=10, epochs=2, verbose=0, callbacks=[every])
    assert [Path(name).name for name in model.names] == ["1-3.keras", "2-2.keras"]


def test_model_checkpoint_writes_a_model_that_opens(tmp_path: Path) -> None:
    model = bl.Sequential([layers.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    where = tmp_path / "new" / "best.keras"
    best = callbacks.ModelCheckpoint(where, monitor="loss", save_best_only=True)
    model.fit(np.ones((8, 2)), np.ones((8, 1)), epochs=2, verbose=0, callbacks=[best])
    np.testing.assert_array_equal(bl.models.load_model(where).predict(np.ones((1, 2)), verbose=0).shape, (1, 1))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: callbacks.ModelCheckpoint("model"), r"must end in \.keras"),
        (lambda: callbacks.ModelCheckpoint("m.keras", save_weights_only=True), r"must end in \.weights\.h5"),
        (lambda: callbacks.ModelCheckpoint("m.keras", save_freq=0), "save_freq"),
        (lambda: callbacks.ModelCheckpoint("m.keras", mode="best"), "mode"),
        (lambda: callbacks.ModelCheckpoint("m.keras", initial_value_threshold="x"), "initial_value_threshold"),
        (lambda: callbacks.BackupAndRestore(""), "the name of a folder"),
        (lambda: callbacks.BackupAndRestore("x", save_freq="batch"), "save_freq"),
        (lambda: callbacks.BackupAndRestore("x", delete_checkpoint="no"), "delete_checkpoint"),
    ],
)
def test_bad_arguments(make: Callable[[], Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        make()


def test_a_name_that_cannot_be_filled_in_is_said() -> None:
    checkpoint = callbacks.ModelCheckpoint("{val_acc}.keras")
    with pytest.raises(ConfigError, match=r"there is no 'val_acc' to fill in\. Known are: epoch, loss"):
        checkpoint.on_epoch_end(0, {"loss": 1.0})
