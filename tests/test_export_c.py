"""The `.c` file: compiled with every warning an error, it computes what `predict` computes."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from export_cases import CASES, WIDE, made, row, shaken

import backlit as bl
from backlit import layers, ops
from backlit.cli.app import run
from backlit.errors import ConfigError

COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler (cc, gcc or clang)")
FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"]


def compiled(source: Path, optimize: str = "-O0") -> Any:
    library = source.with_suffix(".so")
    assert COMPILER is not None
    done = subprocess.run(
        [COMPILER, *FLAGS, optimize, "-shared", "-fPIC", "-o", str(library), str(source), "-lm"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return ctypes.CDLL(str(library))


def called(library: Any, inputs: list[Any], outputs: list[Any], count: int | None = None) -> list[Any]:
    """Run `predict_batch` on arrays, into arrays like `outputs`."""
    given = [np.ascontiguousarray(a) for a in inputs]
    found = [np.full_like(a, 99) for a in outputs]
    pointers = [a.ctypes.data_as(ctypes.c_void_p) for a in (*given, *found)]
    library.predict_batch.restype = None
    library.predict_batch(*pointers, ctypes.c_int(len(given[0]) if count is None else count))
    return found


@needs_compiler
@pytest.mark.parametrize("name", CASES)
def test_the_source_computes_what_predict_does(name: str, tmp_path: Path) -> None:
    model, x, predicted = made(name)
    model.export(tmp_path / "m.c")
    count = 1 if name == "fixed batch" else len(x[0])
    found = called(compiled(tmp_path / "m.c"), x, predicted, count)
    for theirs, ours in zip(found, predicted, strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=1e-6, atol=1e-6)


@needs_compiler
def test_a_network_of_many_rows_optimized(tmp_path: Path) -> None:
    bl.set_random_seed(0)
    hidden = [layers.Dense(64, "relu"), layers.BatchNormalization(), layers.Dense(32, "gelu")]
    model = bl.Sequential([layers.Input((784,)), layers.Rescaling(1 / 255), *hidden, layers.Dense(10, "softmax")])
    x = np.random.default_rng(0).integers(0, 256, (200, 784)).astype("float32")
    predicted = model.predict(x, verbose=0)
    model.export(tmp_path / "m.c")
    [found] = called(compiled(tmp_path / "m.c", "-O3"), [x], [predicted])
    np.testing.assert_allclose(found, predicted, rtol=1e-5, atol=1e-6)


@needs_compiler
def test_float64(tmp_path: Path) -> None:
    with bl.arrays.using_floatx("float64"):
        model, x, predicted = made("activation gelu")
        model.export(tmp_path / "m.c")
    [found] = called(compiled(tmp_path / "m.c"), [x[0].astype("float64")], predicted)
    np.testing.assert_allclose(found, predicted[0], rtol=1e-12, atol=1e-12)


@needs_compiler
def test_names_of_the_user_cannot_break_the_file(tmp_path: Path) -> None:
    names = [
        "bool",
        "nullptr",
        "typeof",
        "linux",
        "int",
        "predict",
        "expf",
        "*\\ int x;",
        "é",
        "9 lives",
        "x",
        "y",
        "relu",
        "i",
        "product",
        "total",
    ]
    stack = [layers.Dense(6, "relu", name=name) for name in names]
    model = bl.Sequential([layers.Input((6,)), *stack], name="*\n#error\n*")
    model.export(tmp_path / "m.c")
    predicted = model.predict(WIDE, verbose=0)
    [found] = called(compiled(tmp_path / "m.c"), [WIDE], [predicted])
    np.testing.assert_allclose(found, predicted, rtol=1e-6, atol=1e-6)


@needs_compiler
@pytest.mark.parametrize("standard", ["gnu2x", "gnu99"])
def test_names_that_newer_and_looser_compilers_take(standard: str, tmp_path: Path) -> None:
    names = ["bool", "true", "nullptr", "typeof", "constexpr", "alignas", "static_assert", "asm", "linux", "unix"]
    model = bl.Sequential([layers.Input((2,)), *(layers.Dense(2, "relu", name=name) for name in names)])
    model.export(tmp_path / "m.c")
    command = [COMPILER, f"-std={standard}", "-Wall", "-Werror", "-c", tmp_path / "m.c", "-o", tmp_path / "m.o"]
    assert subprocess.run(command, capture_output=True, text=True, check=False).stderr == ""


@needs_compiler
@pytest.mark.parametrize("call", ["relu", lambda x: ops.maximum(x, 0.5), lambda x: ops.clip(x, -1.0, 1.0)])
def test_nan_stays_nan(call: Any, tmp_path: Path) -> None:
    model = row(layers.Activation(call))[0]
    x = WIDE.copy()
    x[:, 1] = np.nan
    model.export(tmp_path / "m.c")
    [found] = called(compiled(tmp_path / "m.c", "-O2"), [x], [x])
    np.testing.assert_array_equal(np.isnan(found), np.isnan(x))


@needs_compiler
def test_the_lowest_integer(tmp_path: Path) -> None:
    model = row(layers.Activation(lambda x: ops.cast(ops.maximum(ops.cast(x, "int64"), -(2**63)), "float32")))[0]
    model.export(tmp_path / "m.c")
    [found] = called(compiled(tmp_path / "m.c"), [WIDE], [WIDE])
    np.testing.assert_array_equal(found, np.trunc(WIDE))


def test_a_batch_larger_than_an_int_can_count(tmp_path: Path) -> None:
    row(layers.Dense(2))[0].export(tmp_path / "m.c")
    assert "for (long long i = 0; i < n; i++)\n        predict(x + i * 6, y + i * 2);" in (tmp_path / "m.c").read_text()


def test_it_reads_as_a_person_would_write_it(tmp_path: Path) -> None:
    shaken(row(layers.Rescaling(0.5), layers.Dense(4, "relu"), layers.Dense(3, "softmax"))[0]).export(tmp_path / "m.c")
    text = (tmp_path / "m.c").read_text()
    assert "static float relu(float x) {\n    return maximum(x, 0.0f);\n}" in text
    body = text.partition("void predict(const float *x, float *y) {\n")[2].partition("\n}")[0]
    assert body.splitlines() == [
        "    float rescaling[6]; /* (6,) */",
        "    for (int i = 0; i < 6; i++)",
        "        rescaling[i] = x[i] * 0.5f + 0.0f;",
        "    float dense[4]; /* (4,) */",
        "    product(rescaling, dense_kernel, dense, 1, 6, 4);",
        "    for (int i = 0; i < 4; i++)",
        "        dense[i] = relu(dense[i] + dense_bias[i]);",
        "    float dense_1[3]; /* (3,) */",
        "    product(dense, dense_1_kernel, dense_1, 1, 4, 3);",
        "    for (int i = 0; i < 3; i++)",
        "        dense_1[i] = dense_1[i] + dense_1_bias[i];",
        "    softmax(dense_1, y, 1, 3, 1);",
    ]
    assert re.findall(r"#include (\S+)", text) == ["<math.h>"]
    assert not re.search(r"malloc|free\(|printf|static (?!const|float|void)", text)
    assert max(map(len, text.splitlines())) <= 120
    assert text == text.encode("ascii").decode()


def test_weights_are_exact(tmp_path: Path) -> None:
    model = shaken(row(layers.Dense(4, use_bias=False))[0])
    kernel = model.get_weights()[0]
    kernel[0] = [0.0, -1.0, 1.1754944e-38, 16.0]
    model.set_weights([kernel])
    model.export(tmp_path / "m.c")
    numbers = re.findall(r"-?0x\S+f(?=,)", (tmp_path / "m.c").read_text())
    found = np.array([float.fromhex(n[:-1]) for n in numbers], "float32").reshape(6, 4)
    np.testing.assert_array_equal(found, kernel)


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made("mlp")[0].save(tmp_path / "m.keras")
    assert run(["convert", str(tmp_path / "m.keras"), str(tmp_path / "m.c")]) == 0
    assert "void predict_batch(const float *x, float *y, int n);" in (tmp_path / "m.c").read_text()
    assert run(["convert", str(tmp_path / "m.c"), str(tmp_path / "m.keras")]) != 0
    assert ".c (predict as one C99 file that needs only <math.h>) cannot be read as a model" in capsys.readouterr().err


@pytest.mark.parametrize("call", [
    lambda x: x - ops.mean(x, 0), lambda x: ops.softmax(x, 0), lambda x: ops.sort(x, 0),
    lambda x: ops.cumsum(x, 0), lambda x: ops.matmul(x, x, transpose_b=True) @ x,
])  # fmt: skip
def test_what_mixes_samples_is_refused(call: Any, tmp_path: Path) -> None:
    model = bl.Sequential([layers.Input((6,)), layers.Activation(call, name="mixing")])
    with pytest.raises(ConfigError, match=r"'mixing' computes .* mixes the samples of a batch"):
        model.export(tmp_path / "m.c")
    model.export(tmp_path / "m.onnx")


def test_what_has_no_word_names_the_layer(tmp_path: Path) -> None:
    where = layers.Activation(lambda x: ops.resample(x, x[..., 0], x[..., 0]), name="looking")
    with pytest.raises(ConfigError, match=r"'looking' computes 'resample'"):
        bl.Sequential([layers.Input((4, 4, 1)), where]).export(tmp_path / "m.c")
    half = layers.Activation(lambda x: ops.cast(ops.cast(x, "float16"), "float32"), name="half")
    with pytest.raises(ConfigError, match=r"'half' computes 'cast'.*float16"):
        bl.Sequential([layers.Input((4,)), half]).export(tmp_path / "m.c")
