"""Event files hold what TensorBoard's own code would write, and the callback writes what happened in training.

The goldens are bytes made by TensorBoard; where it is installed its reader reads a whole training back.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden.tensorboard_events import LOSS, STEP, TIME, WEIGHTS

import backlit
from backlit import callbacks, layers, protobuf
from backlit.errors import ConfigError
from backlit.training import events
from backlit.training.callbacks.inner_values import InnerValues
from backlit.training.events import event_file, graph_def, summaries

GOLDEN = np.load(Path(__file__).parent / "golden" / "tensorboard.npz")
X = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
Y = (X.sum(axis=1) > 0).astype(int)


def golden(name: str) -> bytes:
    return GOLDEN[name].tobytes()


# --- bytes -------------------------------------------------------------------------------------------------------


def test_messages_are_those_of_tensorboard() -> None:
    np.testing.assert_allclose(summaries.buckets(WEIGHTS), GOLDEN["buckets"], rtol=1e-6)
    number, bars = events.scalar("epoch_loss", LOSS), events.histogram("w/histogram", WEIGHTS)
    assert number == golden("scalar")
    assert len(bars) == len(golden("histogram"))
    assert bars[:20] == golden("histogram")[:20]
    assert event_file.event(TIME, version="brain.Event:2") == golden("opening")
    assert event_file.event(TIME, STEP, [number, golden("histogram")]) == golden("event")
    assert event_file.record(golden("event")) == golden("record")


@pytest.mark.parametrize(("data", "crc"), [  # RFC 3720, appendix B.4
    (bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43), (bytes(range(32)), 0x46DD794E), (b"", 0),
])  # fmt: skip
def test_the_checksum_is_crc32c(data: bytes, crc: int) -> None:
    assert event_file.crc32c(data) == crc


@pytest.mark.parametrize(("value", "data"), [
    (0, b"\x00"), (1, b"\x01"), (127, b"\x7f"), (128, b"\x80\x01"), (300, b"\xac\x02"), (-1, b"\xff" * 9 + b"\x01"),
])  # fmt: skip
def test_varints(value: int, data: bytes) -> None:
    assert protobuf.varint(value) == data


def test_histograms_of_strange_arrays() -> None:
    assert summaries.buckets(np.array([np.nan, np.inf])).shape == (0, 3)
    assert summaries.buckets(np.full(5, 2.0)).tolist() == [[1.5, 2.5, 5.0]]
    mixed = summaries.buckets(np.array([0.0, 1.0, np.nan, -np.inf]))
    assert mixed[:, 2].sum() == 2
    assert (mixed[0, 0], mixed[-1, 1]) == (0.0, 1.0)


def test_an_image_is_a_png_from_black_to_white() -> None:
    data = summaries.png(summaries.gray(np.array([[0.0, 1.0], [2.0, np.nan]])))
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height, depth, color = struct.unpack(">IIBB", data[16:26])
    assert (width, height, depth, color) == (2, 2, 8, 0)
    length = struct.unpack(">I", data[33:37])[0]
    assert zlib.decompress(data[41 : 41 + length]) == bytes([0, 0, 128, 0, 255, 0])


# --- a reader of our own, for what has no golden ----------------------------------------------------------------------


def fields(data: bytes) -> list[tuple[int, Any]]:
    """Return (number, value) of each field of a message."""
    found, at = [], 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte, at = data[at], at + 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = varint()
        if key & 7 == 1:
            found.append((key >> 3, struct.unpack("<d", data[at : at + 8])[0]))
            at += 8
        elif key & 7 == 2:
            size = varint()
            found.append((key >> 3, data[at : at + size]))
            at += size
        else:
            found.append((key >> 3, varint()))
    return found


def one(data: bytes, number: int) -> Any:
    return next(value for field, value in fields(data) if field == number)


def read(folder: Path) -> list[bytes]:
    """Return the events of the files in a folder, in order, their checksums checked."""
    found = []
    for path in sorted(folder.glob("events.out.tfevents.*")):
        data = path.read_bytes()
        while data:
            size = struct.unpack("<Q", data[:8])[0]
            event = data[12 : 12 + size]
            assert event_file.record(event) == data[: size + 16]
            found.append(event)
            data = data[size + 16 :]
    return found


def shown(folder: Path) -> dict[str, list[tuple[int, Any]]]:
    """Return (step, numbers) by tag."""
    table: dict[str, list[tuple[int, Any]]] = {}
    for event in read(folder):
        step = dict(fields(event)).get(2, 0)
        for summary in (value for field, value in fields(event) if field == 5):
            for _, value in fields(summary):
                tensor = one(value, 8)
                kind = dict(fields(tensor))[1]
                numbers = None if kind == 7 else np.frombuffer(one(tensor, 4), "<f4" if kind == 1 else "<f8")
                table.setdefault(one(value, 1).decode(), []).append((step, numbers))
    return table


# --- the callback ------------------------------------------------------------------------------------------------


def network() -> Any:
    backlit.set_random_seed(0)
    row = [layers.Input((4,)), layers.Dense(3, "relu", name="hidden"), layers.Dropout(0.5, name="drop")]
    model = backlit.Sequential([*row, layers.Dense(2, "softmax", name="out")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def fitted(folder: Path, **options: Any) -> Any:
    model, board = network(), callbacks.TensorBoard(folder, **options)
    model.fit(X, Y, batch_size=8, epochs=3, verbose=0, validation_split=0.25, callbacks=[board])
    return model


def test_results_of_epochs(tmp_path: Path) -> None:
    history = fitted(tmp_path, write_steps_per_second=True).history.history
    train, validation = shown(tmp_path / "train"), shown(tmp_path / "validation")
    assert sorted(train) == ["epoch_accuracy", "epoch_learning_rate", "epoch_loss", "epoch_steps_per_second"]
    assert sorted(validation) == ["epoch_accuracy", "epoch_loss"]
    for name, curve in history.items():
        rows = validation[f"epoch_{name[4:]}"] if name.startswith("val_") else train[f"epoch_{name}"]
        assert [(step, float(value[0])) for step, value in rows] == [(i, np.float32(v)) for i, v in enumerate(curve)]


def test_batches_and_evaluations(tmp_path: Path) -> None:
    model = fitted(tmp_path, update_freq=2)
    assert [step for step, _ in shown(tmp_path / "train")["batch_loss"]] == [2, 4, 6, 8]
    loss, _ = model.evaluate(X, Y, verbose=0, callbacks=[callbacks.TensorBoard(tmp_path)])
    ((step, value),) = shown(tmp_path / "validation")["evaluation_loss_vs_iterations"]
    assert (step, float(value[0])) == (9, np.float32(loss))


def test_only_batches_make_steps_run_one_by_one(tmp_path: Path) -> None:
    for frequency, expected in (("epoch", False), ("batch", True), (5, True)):
        board = callbacks.TensorBoard(tmp_path, update_freq=frequency)
        assert callbacks.CallbackList([board]).wants_batches("train") is expected


def test_histograms_of_weights_activations_and_gradients(tmp_path: Path) -> None:
    model = fitted(tmp_path, histogram_freq=2, write_images=True)
    train = shown(tmp_path / "train")
    of = {
        "hidden/kernel": 12, "out/bias": 2, "activation/hidden": 24, "activation/out": 16, "gradient/hidden/kernel": 12,
        "gradient/out/bias": 2,
    }  # fmt: skip
    for name, count in of.items():
        rows = train[f"{name}/histogram"]
        assert [step for step, _ in rows] == [0, 2]
        assert [value.reshape(-1, 3)[:, 2].sum() for _, value in rows] == [count, count]
    kernel = model.get_layer("hidden").kernel.numpy()
    last = train["hidden/kernel/histogram"][-1][1].reshape(-1, 3)
    assert (last[0, 0], last[-1, 1]) == (kernel.min(), kernel.max())
    assert [step for step, _ in train["hidden/kernel/image"]] == [0, 2]
    assert "hidden/bias/image" not in train
    assert model.observer is None


def test_the_values_seen_are_those_of_the_step(tmp_path: Path) -> None:
    model, inner = network(), InnerValues()
    inner.attach(model)
    inner.look()
    with backlit.GradientTape() as tape:
        loss = backlit.losses.SparseCategoricalCrossentropy()(Y[:8], model.layers[2](model.layers[0](X[:8])))
    kernel = model.get_layer("out").kernel
    expected = np.asarray(tape.gradient(loss, [kernel])[0])
    model.get_layer("drop").rate = 0.0
    model.fit(X[:8], Y[:8], batch_size=8, verbose=0, shuffle=False)
    np.testing.assert_allclose(inner.seen["gradient/out/kernel"], expected, rtol=1e-5, atol=1e-7)
    inner.detach()
    assert model.observer is None


@pytest.mark.parametrize("everything", [False, True])
def test_another_observer_sees_what_it_always_sees(tmp_path: Path, everything: bool) -> None:
    class Everything:
        def __init__(self) -> None:
            self.nodes = 0

        def watch(self, graph: Any) -> Any:
            return self

        def after(self, node: Any, value: Any) -> None:
            self.nodes += 1

    def run(*board: Any) -> Any:
        model = network()
        if everything:
            model.observer = watcher = Everything()
            model.fit(X, Y, batch_size=8, epochs=2, verbose=0, callbacks=list(board))
            return watcher.nodes
        with backlit.inspect.record(model, every=3) as seen:
            model.fit(X, Y, batch_size=8, epochs=2, verbose=0, callbacks=list(board))
        return seen.losses

    assert run(callbacks.TensorBoard(tmp_path, histogram_freq=1)) == run()


def test_watching_changes_no_bit(tmp_path: Path) -> None:
    watched, plain = fitted(tmp_path, histogram_freq=1, write_images=True), network()
    plain.fit(X, Y, batch_size=8, epochs=3, verbose=0, validation_split=0.25)
    assert all((a == b).all() for a, b in zip(watched.get_weights(), plain.get_weights(), strict=True))


def test_the_graph_is_the_step_with_unique_names_and_known_inputs(tmp_path: Path) -> None:
    model = fitted(tmp_path)
    graphs = [value for event in read(tmp_path / "train") for field, value in fields(event) if field == 4]
    step = next(step for key, step in model.steps.items() if key[0] == "train")
    assert graphs == [graph_def(step.graph)]
    nodes = [value for field, value in fields(graphs[0]) if field == 1]
    names = [one(node, 1).decode() for node in nodes]
    assert len(set(names)) == len(names) == len(step.graph.nodes)
    before: set[str] = set()
    for name, node in zip(names, nodes, strict=True):
        assert {value.decode() for field, value in fields(node) if field == 3} <= before
        before.add(name)
    assert {"x", "params/hidden/kernel", "forward/hidden/matmul"} <= before
    assert not [event for event in read(tmp_path / "validation") if any(field == 4 for field, _ in fields(event))]


def test_an_eager_model_shows_its_weights(tmp_path: Path) -> None:
    model = network()
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    model.fit(X, Y, verbose=0, callbacks=[callbacks.TensorBoard(tmp_path, histogram_freq=1)])
    assert {"hidden/kernel/histogram", "epoch_loss"} <= set(shown(tmp_path / "train"))


@pytest.mark.parametrize("options", [
    {"histogram_freq": -1}, {"update_freq": 0}, {"update_freq": "often"}, {"write_graph": "yes"}, {"write_images": 2},
])  # fmt: skip
def test_wrong_arguments_are_named(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        callbacks.TensorBoard(**options)


def test_what_is_not_offered_is_said() -> None:
    with pytest.warns(UserWarning, match="profile_batch"):
        callbacks.TensorBoard(profile_batch=(10, 20))


def test_tensorboard_itself_reads_it(tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    util = pytest.importorskip("tensorboard.util.tensor_util")
    fitted(tmp_path, histogram_freq=1, write_images=True, update_freq="batch")
    theirs = accumulator.EventAccumulator(str(tmp_path / "train"), size_guidance={"tensors": 0}).Reload()
    ours = shown(tmp_path / "train")
    assert set(theirs.Tags()["tensors"]) == set(ours)
    for tag, rows in ours.items():
        read_back = [(event.step, util.make_ndarray(event.tensor_proto)) for event in theirs.Tensors(tag)]
        assert [step for step, _ in read_back] == [step for step, _ in rows]
        for (_, mine), (_, their) in zip(rows, read_back, strict=True):
            assert mine is None or (mine == their.reshape(-1)).all()
    assert len(theirs.Graph().node) > 50
