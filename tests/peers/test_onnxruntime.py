"""ONNX Runtime computes from our files what `predict` computes, for every layer, every activation and every op."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from export_cases import CASES, made

import backlit as bl
from backlit import formats, layers

onnx = pytest.importorskip("onnx", reason="the extra `peers` is not installed: no onnx")
ort = pytest.importorskip("onnxruntime", reason="the extra `peers` is not installed: no onnxruntime")


def run(path: Path, x: list[Any]) -> list[Any]:
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {i.name: a for i, a in zip(session.get_inputs(), x, strict=True)})


def close(ours: Any, theirs: Any) -> None:
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(np.asarray(b, a.dtype), a, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_the_outputs_are_ours(name: str, tmp_path: Path) -> None:
    model, x, predicted = made(name)
    model.export(tmp_path / "m.onnx")
    onnx.checker.check_model(onnx.load(tmp_path / "m.onnx"), full_check=True)
    close(predicted, run(tmp_path / "m.onnx", x))
    if name != "fixed batch":
        close([y[:2] for y in predicted], run(tmp_path / "m.onnx", [a[:2] for a in x]))


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("activation")])
def test_float64(name: str, tmp_path: Path) -> None:
    with bl.arrays.using_floatx("float64"):
        model, x, predicted = made(name)
        model.export(tmp_path / "m.onnx")
    for a, b in zip(predicted, run(tmp_path / "m.onnx", [x[0].astype("float64")]), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-12, atol=1e-12)


def test_what_onnx_writes_again_is_read(tmp_path: Path) -> None:
    model, x, predicted = made("mlp")
    model.export(tmp_path / "m.onnx")
    onnx.save(onnx.load(tmp_path / "m.onnx"), tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == (tmp_path / "m.onnx").read_bytes()
    np.testing.assert_array_equal(formats.load_model(tmp_path / "again.onnx").predict(x, verbose=0), predicted[0])


def test_numbers_that_were_changed_on_purpose(tmp_path: Path) -> None:
    model, x, predicted = made("dense without bias")
    model.export(tmp_path / "m.onnx")
    proto = onnx.load(tmp_path / "m.onnx")
    [kernel] = proto.graph.initializer
    kernel.CopyFrom(onnx.numpy_helper.from_array(2 * onnx.numpy_helper.to_array(kernel), kernel.name))
    onnx.save(proto, tmp_path / "m.onnx")
    with pytest.raises(bl.errors.ModelFileError, match=r"backlit\.sha256"):
        formats.load_model(tmp_path / "m.onnx")
    proto.metadata_props.remove(next(p for p in proto.metadata_props if p.key == "backlit.sha256"))
    onnx.save(proto, tmp_path / "m.onnx")
    again = formats.load_model(tmp_path / "m.onnx")
    np.testing.assert_allclose(again.predict(x, verbose=0), 2 * predicted[0], rtol=1e-6)


def test_a_network_of_ten_layers_and_many_rows(tmp_path: Path) -> None:
    bl.set_random_seed(0)
    deep = [layers.Dense(128, "relu") for _ in range(9)]
    model = bl.Sequential([layers.Input((784,)), layers.Rescaling(1 / 255), *deep, layers.Dense(10, "softmax")])
    x = np.random.default_rng(0).integers(0, 256, (500, 784)).astype("float32")
    model.export(tmp_path / "m.onnx")
    close([model.predict(x, verbose=0)], run(tmp_path / "m.onnx", [x]))
