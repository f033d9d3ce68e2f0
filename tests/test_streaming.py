"""Files larger than memory: the same numbers as in memory, every row once an epoch, and no page of the file kept."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backlit
from backlit import config, layers
from backlit.errors import ConfigError, DataError
from backlit.training import maps, streaming
from backlit.training.step import Batch

ROWS, FEATURES = 5003, 40


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let every map stream, in blocks of some 50 rows and windows of 7 blocks."""
    monkeypatch.setattr(streaming, "BLOCK_BYTES", 2100)
    monkeypatch.setattr(streaming, "WINDOW_BLOCKS", 7)
    config.set_map_limit(0)
    yield
    config.set_map_limit(None)


@pytest.fixture
def stored(tmp_path: Path) -> tuple[np.ndarray, np.ndarray, Path]:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (ROWS, FEATURES)).astype(np.uint8), rng.integers(0, 3, ROWS)
    np.save(tmp_path / "x.npy", x)
    return x, y, tmp_path / "x.npy"


def network() -> Any:
    backlit.set_random_seed(0)
    config.clear_session()
    stack = [layers.Input((FEATURES,)), layers.Rescaling(1 / 255), layers.Dense(8, "relu"), layers.Dense(3, "softmax")]
    model = backlit.Sequential(stack)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def mapped(path: Path, mode: Any = "r") -> Any:
    return np.load(path, mmap_mode=mode)


@pytest.mark.parametrize("batch_size", [1, 32, 50, 333, 6000])
def test_in_order_the_weights_have_the_bits_of_memory(stored, batch_size):
    x, y, path = stored
    small = slice(0, 400 if batch_size == 1 else ROWS)
    inside, outside = network(), network()
    a = inside.fit(x[small], y[small], batch_size, 2, shuffle=False, verbose=0, validation_split=0.1)
    b = outside.fit(mapped(path)[small], y[small], batch_size, 2, shuffle=False, verbose=0, validation_split=0.1)
    assert a.history == b.history
    for one, other in zip(inside.get_weights(), outside.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_evaluate_and_predict_give_the_bits_of_memory(stored):
    x, y, path = stored
    model = network()
    assert model.evaluate(x, y, verbose=0) == model.evaluate(mapped(path), y, verbose=0)
    np.testing.assert_array_equal(model.predict(x, verbose=0), model.predict(mapped(path), verbose=0))


class EachBatch(backlit.callbacks.Callback):
    """Wants to be told of each batch, so that steps run one by one."""

    seen = 0

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.seen += 1


def test_steps_one_by_one_are_the_same_steps(stored):
    _, y, path = stored
    together, alone, watcher = network(), network(), EachBatch()
    together.fit(mapped(path), y, 64, 2, verbose=0)
    alone.fit(mapped(path), y, 64, 2, verbose=0, callbacks=[watcher])
    assert watcher.seen == 2 * -(-ROWS // 64)
    for one, other in zip(together.get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def order_of(path: Path, epoch: int, seed: int = 3, batch_size: int = 32) -> list[np.ndarray]:
    numbers = np.arange(ROWS)
    batches = streaming.batches_of(Batch(mapped(path), numbers), batch_size, True, seed)
    assert isinstance(batches, streaming.StreamedBatches)
    return [batch.y for batch in batches.epoch(epoch)]


def test_every_row_comes_once_an_epoch_beside_its_own_label(stored):
    x, _, path = stored
    batches = streaming.batches_of(Batch(mapped(path), np.arange(ROWS)), 32, True, 3)
    seen = list(batches.epoch(0))
    assert [len(batch.y) for batch in seen] == [32] * (ROWS // 32) + [ROWS % 32]
    rows = np.concatenate([batch.y for batch in seen])
    assert sorted(rows) == list(range(ROWS))
    np.testing.assert_array_equal(np.concatenate([batch.x for batch in seen]), x[rows])


def test_the_order_is_a_function_of_seed_and_epoch(stored):
    path = stored[2]
    first, again, next_one, other = (
        np.concatenate(order_of(path, *which)) for which in ((0, 3), (0, 3), (1, 3), (0, 4))
    )
    np.testing.assert_array_equal(first, again)
    assert (first != next_one).mean() > 0.9
    assert (first != other).mean() > 0.9


def test_the_shuffle_is_as_good_as_is_said(stored):
    # rows of one block in one window; blocks and rows in random order: the place of a row says nothing of its number
    path = stored[2]
    rows = np.concatenate(order_of(path, 0, batch_size=1))  # no rows are handed on
    block = 2100 // (FEATURES + 8)
    window = 7 * block
    places = np.empty(ROWS, np.int64)
    places[rows] = np.arange(ROWS)
    spread = [np.ptp(places[start : start + block]) for start in range(0, ROWS - block, block)]
    assert max(spread) < window
    assert np.mean([len(set(rows[i : i + 32] // block)) for i in range(0, ROWS - 32, 32)]) > 6
    means = np.mean([np.argsort(np.concatenate(order_of(path, epoch))) for epoch in range(40)], axis=0)
    deviation = ROWS / np.sqrt(12 * 40)
    assert abs(means - ROWS / 2).max() < 5 * deviation


def test_a_file_sorted_by_class_is_learned(tmp_path):
    y = np.repeat([0, 1, 2], ROWS // 3)
    x = np.random.default_rng(0).normal(0, 40, (len(y), FEATURES)) + 128
    x[np.arange(len(y)), y] += 100
    np.save(tmp_path / "x.npy", np.clip(x, 0, 255).astype(np.uint8))
    model = network()
    history = model.fit(mapped(tmp_path / "x.npy"), y, 16, 12, verbose=0).history
    assert history["accuracy"][-1] > 0.75


def test_steps_per_epoch_go_round(stored):
    _, y, path = stored
    model = network()
    history = model.fit(mapped(path), y, batch_size=1000, epochs=2, steps_per_epoch=9, verbose=0)
    assert len(history.history["loss"]) == 2
    assert model.optimizer.iterations.numpy() == 18


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32", "bool", ">f4"])
def test_every_dtype_gives_what_memory_gives(dtype, tmp_path):
    x = (np.random.default_rng(1).random((700, FEATURES)) * 3).astype(dtype)
    y = np.arange(700) % 3
    np.save(tmp_path / "x.npy", x)
    inside, outside = network(), network()
    inside.fit(x, y, shuffle=False, verbose=0)
    outside.fit(mapped(tmp_path / "x.npy"), y, shuffle=False, verbose=0)
    for one, other in zip(inside.get_weights(), outside.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_parts_of_a_map_are_read_from_their_place(stored):
    x, _, path = stored
    for part in (slice(0, 100), slice(1234, 4001), slice(ROWS - 1, ROWS)):
        view = mapped(path)[part]
        rows = maps.big(view.reshape(len(view), 4, 10).view(np.ndarray))
        assert rows is not None
        out = np.empty((len(view), FEATURES), np.uint8)
        rows.read(0, len(view), out)
        np.testing.assert_array_equal(out, x[part])


def test_what_is_no_plain_part_of_a_file_is_used_as_it_is(stored):
    x, _, path = stored
    changed = mapped(path, "c")
    changed[:] = 7  # kept to itself: the file does not know
    for array in (x, mapped(path)[:, ::2], changed, np.asfortranarray(mapped(path))):
        assert maps.big(array) is None
    config.set_map_limit(path.stat().st_size)
    assert maps.big(mapped(path)) is None
    config.set_map_limit(path.stat().st_size - 1)
    assert maps.big(mapped(path)) is not None
    assert maps.big(mapped(path)[:3]) is not None  # a part of it too: touching it would keep its pages


@pytest.mark.parametrize("limit", [-1, 1.5, "half", True])
def test_impossible_limits(limit):
    with pytest.raises(ConfigError, match="limit for maps is"):
        config.set_map_limit(limit)


def test_nan_is_refused_before_the_first_step(tmp_path):
    x = np.zeros((5000, FEATURES), np.float32)
    x[4321, 7] = np.nan
    np.save(tmp_path / "x.npy", x)
    model = network()
    before = model.get_weights()
    with pytest.raises(DataError, match=r"nan in row 4321 \(at index \(4321, 7\)\)"):
        model.fit(mapped(tmp_path / "x.npy"), np.zeros(5000, int), verbose=0)
    with pytest.raises(DataError, match="row 4321"):
        model.predict(mapped(tmp_path / "x.npy"), verbose=0)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_file_that_is_replaced_or_cut_is_named(stored):
    _, _, path = stored
    view = mapped(path)
    rows = maps.big(view)
    assert rows is not None
    np.save(path.with_name("other.npy"), np.zeros((3, FEATURES), np.uint8))
    path.with_name("other.npy").replace(path)
    with pytest.raises(DataError, match="was replaced"):
        rows.read(0, 1, np.empty((1, FEATURES), np.uint8))
    path.unlink()
    with pytest.raises(DataError, match=r"x\.npy cannot be read"):
        rows.read(0, 1, np.empty((1, FEATURES), np.uint8))


def test_a_loop_that_is_left_leaves_no_thread(stored):
    before = threading.active_count()
    batches = streaming.batches_of(Batch(mapped(stored[2]), stored[1]), 32)
    pieces = batches.pieces(0)
    next(pieces)
    pieces.close()
    assert threading.active_count() == before


def test_several_inputs_stream_too(stored):
    x, y, path = stored
    results = []
    for given in (x, mapped(path)):
        backlit.set_random_seed(0)
        config.clear_session()
        a, b = layers.Input((FEATURES,), name="a"), layers.Input((FEATURES,), name="b")
        model = backlit.Model([a, b], layers.Dense(3, "softmax")(layers.Concatenate()([a, b])))
        model.compile("sgd", "sparse_categorical_crossentropy")
        model.fit([given, x / 255], y, batch_size=500, shuffle=False, verbose=0)
        results.append(model.get_weights()[0])
    np.testing.assert_array_equal(*results)


GROWTH = """
import resource, sys
import numpy as np
import backlit
from backlit import config, layers

config.set_map_limit(0)
x = np.load(sys.argv[1], mmap_mode="r")
y = np.zeros(len(x), np.uint8)
model = backlit.Sequential([layers.Input((x.shape[1],)), layers.Dense(2, "softmax")])
model.compile("sgd", "sparse_categorical_crossentropy")
model.fit(x[:2000], y[:2000], verbose=0)
def resident():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
before = resident()
model.fit(x, y, batch_size=512, verbose=0, validation_split=0.2)
model.predict(x[:50000], batch_size=512, verbose=0)
print(resident() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not say what is resident")
def test_memory_stays_flat(tmp_path):
    x = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.uint8, (700_000, 1000))
    x[::1000] = 1
    x.flush()
    del x
    command = [sys.executable, "-c", GROWTH, str(tmp_path / "x.npy")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 380_000  # KiB: two windows of 128 MiB, and not the 700 MB of the file
