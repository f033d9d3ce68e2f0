"""The `.onnx` file, without ONNX: its nodes computed by a second reader, and read back by ours or refused.

`tests/peers` asks ONNX Runtime for the same numbers.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from export_cases import CASES, WIDE, listed, made, row, shaken
from onnx_by_hand import Graph, evaluate, read

import backlit as bl
from backlit import formats, layers, ops, protobuf
from backlit.cli.app import run
from backlit.errors import ConfigError, ModelFileError
from backlit.formats.exports import onnx_message

GOLDEN = Path(__file__).parent / "golden"


def graph_of(model: Any, tmp_path: Path) -> Graph:
    model.export(tmp_path / "m.onnx")
    return read((tmp_path / "m.onnx").read_bytes())


@pytest.mark.parametrize("name", CASES)
def test_the_graph_computes_what_predict_does(name: str, tmp_path: Path) -> None:
    model, x, predicted = made(name)
    graph = graph_of(model, tmp_path)
    found = evaluate(graph, x)
    assert len(found) == len(predicted)
    for theirs, ours in zip(found, predicted, strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize(("name", "kinds"), [
    ("mlp", ["Gemm", "Relu", "Gemm", "Softmax"]),
    ("dense without bias", ["MatMul"]),
    ("dense of rank 3", ["MatMul", "Add", "Tanh", "Reshape", "Gemm"]),
    ("batch normalization", ["BatchNormalization", "Gemm"]),
    ("batch normalization, bare", ["BatchNormalization"]),
    ("batch normalization, axis 1", ["BatchNormalization"]),
    ("layer normalization", ["LayerNormalization"]),
    ("layer normalization, beta", ["LayerNormalization"]),
    ("rescaling", ["Mul", "Add", "Gemm"]),
    ("concatenate", ["Gemm", "Concat"]),
    ("activation log_softmax", ["Gemm", "LogSoftmax", "Gemm"]),
])  # fmt: skip
def test_layers_are_recognized(name: str, kinds: list[str], tmp_path: Path) -> None:
    assert graph_of(made(name)[0], tmp_path).kinds() == kinds


def test_names_and_shapes(tmp_path: Path) -> None:
    graph = graph_of(made("several outputs")[0], tmp_path)
    assert graph.opset == onnx_message.OPSET
    assert graph.inputs == [("x0", ["batch", 6]), ("x1", ["batch", 4])]
    assert graph.outputs == [("one", ["batch", 1]), ("two", ["batch", 2])]
    assert list(graph.arrays)[:2] == ["layers/dense/kernel", "layers/dense/bias"]


@pytest.mark.parametrize("name", [
    "mlp", "batch normalization", "several outputs", "shared layer", "rescaling", "layer normalization", "prelu",
    "model in model", "op mod", "images", "fixed batch",
])  # fmt: skip
def test_a_model_comes_back(name: str, tmp_path: Path) -> None:
    model, x, predicted = made(name)
    model.notes = {"classes": ["a", "b"]}
    model.export(tmp_path / "m.onnx")
    again = bl.models.load_model(tmp_path / "m.onnx")
    for theirs, ours in zip(listed(again.predict(x, verbose=0)), predicted, strict=True):
        np.testing.assert_array_equal(theirs, ours)
    assert again.notes == model.notes == formats.read_notes(tmp_path / "m.onnx")


def test_weights_alone_and_what_was_compiled(tmp_path: Path) -> None:
    model, x, predicted = made("mlp")
    model.compile("adam", "mse")
    model.export(tmp_path / "m.onnx")
    assert type(formats.load_model(tmp_path / "m.onnx").optimizer).__name__ == "Adam"
    other = made("mlp")[0]
    other.set_weights([np.zeros_like(w) for w in other.get_weights()])
    other.load_weights(tmp_path / "m.onnx")
    np.testing.assert_array_equal(other.predict(x, verbose=0), predicted[0])
    with pytest.raises(ModelFileError, match="another network"):
        made("rescaling")[0].load_weights(tmp_path / "m.onnx")


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, x, predicted = made("mlp")
    model.save(tmp_path / "m.keras")
    for source, target in (("m.keras", "m.onnx"), ("m.onnx", "again.keras")):
        assert run(["convert", str(tmp_path / source), str(tmp_path / target)]) == 0
    np.testing.assert_array_equal(formats.load_model(tmp_path / "again.keras").predict(x, verbose=0), predicted[0])
    assert run(["summary", str(tmp_path / "m.onnx")]) == 0
    assert "Total params: 53" in capsys.readouterr().out


def test_a_file_of_an_earlier_day() -> None:
    """The outputs are those of ONNX Runtime (`golden/onnx_outputs.py`)."""
    said = np.load(GOLDEN / "onnx_outputs.npz")
    model = formats.load_model(GOLDEN / "archives" / "small.onnx")
    np.testing.assert_allclose(model.predict(said["x"], verbose=0), said["y"], rtol=1e-6, atol=1e-6)
    [found] = evaluate(read((GOLDEN / "archives" / "small.onnx").read_bytes()), [said["x"]])
    np.testing.assert_allclose(found, said["y"], rtol=1e-6, atol=1e-6)


# --- damage ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes, Any, Any]:
    model = shaken(row(layers.Dense(2, "tanh"), layers.Dense(1))[0])
    path = tmp_path_factory.mktemp("onnx") / "m.onnx"
    model.export(path)
    return path, path.read_bytes(), model.predict(WIDE, verbose=0), model.get_config()


def refused(path: Path, data: bytes) -> bool:
    path.write_bytes(data)
    try:
        formats.load_model(path)
    except ModelFileError:
        return True
    return False


def test_a_file_cut_short(small: Any) -> None:
    path, data, _, _ = small
    assert all(refused(path, data[:size]) for size in range(0, len(data) - 90, 3))  # the rest is the digest


def test_flipped_bits_give_the_same_model_or_none(small: Any) -> None:
    path, data, predicted, config = small
    drawn = np.random.default_rng(0)
    for _ in range(400):
        flipped = bytearray(data)
        flipped[drawn.integers(len(data))] ^= 1 << drawn.integers(8)
        if not refused(path, bytes(flipped)):
            model = formats.load_model(path)
            np.testing.assert_array_equal(model.predict(WIDE, verbose=0), predicted)
            assert model.get_config() == config


def mangled(data: bytes, drawn: np.random.Generator) -> bytes:
    """Bytes changed, taken out, put in or repeated, in a few places."""
    out = bytearray(data)
    for _ in range(drawn.integers(1, 5)):
        place, size = int(drawn.integers(len(out))), int(drawn.integers(1, 40))
        what = int(drawn.integers(4))
        if what == 0:
            out[place] = int(drawn.integers(256))
        elif what == 1:
            del out[place : place + size]
        else:
            out[place:place] = drawn.bytes(size) if what == 2 else out[place // 2 : place // 2 + size]
    return bytes(out)


def test_without_the_digest_nothing_worse_than_a_refusal(small: Any) -> None:
    path, data, _, _ = small
    drawn = np.random.default_rng(0)
    bare = data.replace(b"backlit.sha256", b"another.sha256")
    found = [refused(path, mangled(bare, drawn)) for _ in range(400)]
    assert 300 < sum(found) < 400


def changed_tensor(data: bytes) -> bytes:
    """A model whose only tensor is `data`."""
    return protobuf.content(7, protobuf.content(5, data))


@pytest.mark.parametrize(("data", "said"), [
    (b"", "no graph"),
    (b"\xff" * 30, "does not end"),
    (b"\x0b", "wire type"),
    (b"\x00\x00", "number 0"),
    (b"\x3a\xff\xff\xff\xff\x7f", "are left"),
    (b"\x38\x05", "where a message belongs"),
    (protobuf.content(7, b"\x12\x01m") * 2, "two graphs"),
    (protobuf.content(7, b"\x12\x01m"), "no description"),
    (changed_tensor(protobuf.content(8, "w") + protobuf.whole(2, 99)), "of type 99"),
    (changed_tensor(protobuf.wholes(1, [1 << 40]) + protobuf.whole(2, 1) + protobuf.content(8, "w")), "in 0 bytes"),
    (changed_tensor(protobuf.wholes(1, [-1, -4]) + protobuf.whole(2, 2) + protobuf.content(9, b"abcd")), "of shape"),
    (changed_tensor(protobuf.wholes(1, [1] * 99) + protobuf.whole(2, 2) + protobuf.content(9, b"a")), "of shape"),
    (changed_tensor(protobuf.whole(2, 1) + protobuf.whole(14, 1)), "another file"),
    (changed_tensor(protobuf.content(13, b"")), "another file"),
    (changed_tensor(protobuf.content(8, b"\xff") + protobuf.whole(2, 1)), "decode"),
    (b"PK\x03\x04", "no intact"),
])  # fmt: skip
def test_hostile_bytes(data: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(data)
    with pytest.raises(ModelFileError, match=said):
        formats.load_model(tmp_path / "m.onnx")


def test_packed_sizes_are_read() -> None:
    """Other writers put the sizes of a tensor into one field."""
    sizes = protobuf.content(1, protobuf.varint(1) + protobuf.varint(300))
    tensor = sizes + protobuf.whole(2, 2) + protobuf.content(8, "w") + protobuf.content(9, bytes(300))
    assert onnx_message.read(changed_tensor(tensor)).arrays["w"].shape == (1, 300)


def test_another_formats_file(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.onnx", "w") as archive:
        archive.writestr("a", "b")
    with pytest.raises(ModelFileError):
        formats.load_model(tmp_path / "m.onnx")


# --- what cannot be exported -------------------------------------------------------------------------------------


def test_what_has_no_word_names_the_layer(tmp_path: Path) -> None:
    where = layers.Activation(lambda x: ops.resample(x, x[..., 0], x[..., 0]), name="looking")
    model = bl.Sequential([layers.Input((4, 4, 1)), where])
    with pytest.raises(ConfigError, match=r"'looking' computes 'resample'.*no word"):
        model.export(tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


def test_chance(tmp_path: Path) -> None:
    x = layers.Input((3,))
    model = bl.Model(x, layers.Dropout(0.5, name="drop")(x, training=True))
    with pytest.raises(ConfigError, match=r"drop.*training=True"):
        model.export(tmp_path / "m.onnx")


def test_a_layer_with_numbers(tmp_path: Path) -> None:
    class Looking(layers.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs * float(np.max(np.asarray(inputs)))

    model = bl.Sequential([layers.Input((3,)), Looking()])
    with pytest.raises(ConfigError, match="cannot be exported"):
        model.export(tmp_path / "m.onnx")


def test_numbers_that_depend_on_the_batch(tmp_path: Path) -> None:
    counted = layers.Activation(lambda x: x * np.arange(np.shape(x)[0], dtype="float32")[:, None], name="counted")
    model = bl.Sequential([layers.Input((3,)), counted])
    with pytest.raises(ConfigError, match=r"counted.*size of the batch"):
        model.export(tmp_path / "m.onnx")


def test_models_without_weights_yet(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no weights yet"):
        bl.Sequential([layers.Dense(3)]).export(tmp_path / "m.onnx")


def test_layers_of_ones_own_are_written_as_their_ops(tmp_path: Path) -> None:
    made("activation gelu, approximate")[0].export(tmp_path / "m.onnx")  # a lambda has no name to be described by
    with pytest.raises(ModelFileError, match="could not be described"):
        formats.load_model(tmp_path / "m.onnx")
    made("subclass")[0].export(tmp_path / "m.onnx")
    with pytest.raises(ModelFileError, match="Unknown layer class 'Twice'"):
        formats.load_model(tmp_path / "m.onnx")
