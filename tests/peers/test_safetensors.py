"""The library `safetensors` reads what we write and we read what it writes: names, dtypes, metadata, bits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from export_cases import LAYERS, made

import backlit as bl
from backlit import formats, layers
from backlit.errors import ModelFileError

safetensors = pytest.importorskip("safetensors", reason="the extra `peers` is not installed: no safetensors")
st = pytest.importorskip("safetensors.numpy", reason="the extra `peers` is not installed: no safetensors")
DTYPES = ("float16", "float32", "float64")


def small(dtype: str = "float32") -> Any:
    with bl.arrays.using_floatx(dtype):
        return bl.Sequential([layers.Input((3,)), layers.Dense(2), layers.BatchNormalization()])


@pytest.mark.parametrize("name", [name for name in LAYERS if name != "subclass"])
def test_the_library_reads_every_network(name: str, tmp_path: Path) -> None:
    model, *_ = made(name)
    model.save(tmp_path / "m.safetensors")
    found = st.load_file(tmp_path / "m.safetensors")
    assert len(found) == len(model.weights)
    with safetensors.safe_open(tmp_path / "m.safetensors", "np") as file:
        metadata = file.metadata()
    assert metadata["format"] == "np"
    config = json.loads(metadata["backlit"])["model"]
    assert config["class_name"] == type(model).__name__
    again = formats.load_model(tmp_path / "m.safetensors")
    for ours, theirs in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_names_and_bits(dtype: str, tmp_path: Path) -> None:
    model = small(dtype)
    model.save_weights(tmp_path / "w.safetensors")
    found = st.load_file(tmp_path / "w.safetensors")
    np.testing.assert_array_equal(found["layers/dense/kernel"], model.layers[0].kernel.numpy())
    assert {str(array.dtype) for array in found.values()} == {dtype}
    assert sorted(name.rpartition("/")[2] for name in found) == [
        "beta", "bias", "gamma", "kernel", "moving_mean", "moving_variance",
    ]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
def test_we_read_what_it_writes(dtype: str, tmp_path: Path) -> None:
    model = small()
    model.save_weights(tmp_path / "w.safetensors")
    drawn = {
        n: np.arange(a.size, dtype=dtype).reshape(a.shape) for n, a in st.load_file(tmp_path / "w.safetensors").items()
    }
    st.save_file(drawn, tmp_path / "theirs.safetensors", {"format": "pt", "author": "another"})
    model.load_weights(tmp_path / "theirs.safetensors")
    np.testing.assert_array_equal(model.layers[0].kernel.numpy(), drawn["layers/dense/kernel"])
    assert "6 arrays" in formats.summary(tmp_path / "theirs.safetensors")
    with pytest.raises(ModelFileError, match="no description of a network"):
        formats.load_model(tmp_path / "theirs.safetensors")


def test_what_it_writes_with_our_metadata_is_our_model(tmp_path: Path) -> None:
    model, x, predicted = made("mlp")
    model.save(tmp_path / "m.safetensors")
    with safetensors.safe_open(tmp_path / "m.safetensors", "np") as file:
        metadata = file.metadata()
    st.save_file(st.load_file(tmp_path / "m.safetensors"), tmp_path / "theirs.safetensors", metadata)
    again = formats.load_model(tmp_path / "theirs.safetensors")
    np.testing.assert_array_equal(again.predict(x[0], verbose=0), predicted[0])


@pytest.mark.parametrize("array", [np.zeros((3, 2), "int32"), np.zeros((2, 3), "float32")])
def test_other_numbers_are_refused(array: Any, tmp_path: Path) -> None:
    model = small()
    model.save_weights(tmp_path / "w.safetensors")
    st.save_file(st.load_file(tmp_path / "w.safetensors") | {"layers/dense/kernel": array}, tmp_path / "w.safetensors")
    before = model.get_weights()
    with pytest.raises(ModelFileError, match="layers/dense/kernel"):
        model.load_weights(tmp_path / "w.safetensors")
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
