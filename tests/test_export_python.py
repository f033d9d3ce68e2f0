"""The `.py` file: run in a process that cannot import Backlit, it computes what `predict` computes."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from export_cases import CASES, WIDE, made, row, shaken

import backlit as bl
from backlit import layers, ops
from backlit.cli.app import run
from backlit.errors import ConfigError, ModelFileError

ALONE = textwrap.dedent("""
    import importlib.util, pathlib, sys
    import numpy as np

    class Nothing:
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] in ("backlit", "llvmlite", "h5py", "safetensors"):
                raise ImportError(f"{name} is not here")

    sys.meta_path.insert(0, Nothing())
    folder = pathlib.Path(sys.argv[1])
    for file in folder.glob("*.py"):
        spec = importlib.util.spec_from_file_location("exported", file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        given = np.load(file.with_suffix(".npz"))
        outputs = module.predict(*(given[name] for name in given.files))
        np.savez(file.with_suffix(".out.npz"), *(outputs if isinstance(outputs, tuple) else (outputs,)))
    assert not any(name.startswith("backlit") for name in sys.modules)
""")


def child(*arguments: str) -> str:
    done = subprocess.run([sys.executable, "-I", *arguments], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[list[Any], list[Any]]]:
    """What each exported file computes in the child process, beside what `predict` did."""
    folder, cases = tmp_path_factory.mktemp("exported"), {}
    for number, name in enumerate(CASES):
        model, x, predicted = made(name)
        model.export(folder / f"m{number}.py")
        np.savez(folder / f"m{number}.npz", *x)
        cases[name] = predicted
    (folder / "alone.txt").write_text(ALONE)
    child(str(folder / "alone.txt"), str(folder))
    found = {}
    for number, name in enumerate(CASES):
        out = np.load(folder / f"m{number}.out.npz")
        found[name] = ([out[key] for key in out.files], cases[name])
    return found


@pytest.mark.parametrize("name", CASES)
def test_the_file_computes_what_predict_does(name: str, computed: dict[str, Any]) -> None:
    theirs, ours = computed[name]
    assert len(theirs) == len(ours)
    for a, b in zip(theirs, ours, strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(np.asarray(a, b.dtype), b, rtol=1e-6, atol=1e-6)


def test_it_reads_as_a_person_would_write_it(tmp_path: Path) -> None:
    model = shaken(row(layers.Rescaling(0.5), layers.Dense(4, "relu"), layers.Dense(3, "softmax"))[0])
    model.export(tmp_path / "m.py")
    text = (tmp_path / "m.py").read_text()
    assert "    rescaling = x * 0.5 + 0.0  # (n, 6)\n" in text
    assert "    dense = relu(rescaling @ dense_kernel + dense_bias)  # (n, 4)\n" in text
    assert "    dense_1 = softmax(dense @ dense_1_kernel + dense_1_bias)  # (n, 3)\n    return dense_1\n" in text
    assert 'def relu(x):\n    """y = x where x > 0, else 0"""\n    return np.maximum(x, 0.0)\n' in text
    assert max(map(len, text.splitlines())) <= 120
    assert text == text.encode("ascii").decode()


def test_float64(tmp_path: Path) -> None:
    with bl.arrays.using_floatx("float64"):
        model, x, predicted = made("activation gelu")
        model.export(tmp_path / "m.py")
    np.save(tmp_path / "x.npy", x[0].astype("float64"))
    child(str(tmp_path / "m.py"), str(tmp_path / "x.npy"), "-o", str(tmp_path / "y.npy"))
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), predicted[0], rtol=1e-12, atol=1e-12)


def test_on_the_command_line(tmp_path: Path) -> None:
    model, x, predicted = made("dense of rank 3")
    model.save(tmp_path / "m.keras")
    assert run(["convert", str(tmp_path / "m.keras"), str(tmp_path / "m.py")]) == 0
    np.savetxt(tmp_path / "x.csv", x[0].reshape(len(x[0]), -1), fmt="%.9g", delimiter=",")
    printed = child(str(tmp_path / "m.py"), str(tmp_path / "x.csv"))
    found = np.loadtxt(printed.splitlines(), delimiter=",", ndmin=2)
    np.testing.assert_allclose(found, predicted[0], rtol=1e-6, atol=1e-6)


def test_several_inputs_and_outputs(tmp_path: Path) -> None:
    model, x, predicted = made("several outputs")
    model.export(tmp_path / "m.py")
    names = [str(tmp_path / f"x{i}.npy") for i in (0, 1)]
    for name, array in zip(names, x, strict=True):
        np.save(name, array)
    child(str(tmp_path / "m.py"), *names, "-o", str(tmp_path / "y.npz"))
    found = np.load(tmp_path / "y.npz")
    for name, ours in zip(found.files, predicted, strict=True):
        np.testing.assert_allclose(found[name], ours, rtol=1e-6, atol=1e-6)


def load(path: Path) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "exported"}
    exec(compile(path.read_text(), str(path), "exec"), names)  # noqa: S102
    return names


def test_a_wrong_shape_is_told(tmp_path: Path) -> None:
    made("mlp")[0].export(tmp_path / "m.py")
    predict = load(tmp_path / "m.py")["predict"]
    with pytest.raises(ValueError, match=r"x has shape \(6,\), expected \('n', 6\)"):
        predict(WIDE[0])


def test_names_of_the_user_cannot_break_the_file(tmp_path: Path) -> None:
    names = ["np", "predict", "return", 'a"""\nimport os', "é", "9 lives", "x", "relu", "main", "array", "a\\"]
    stack = [layers.Dense(6, "relu", name=name) for name in names]
    model = bl.Sequential([layers.Input((6,)), *stack], name='"""\nraise SystemExit\n"""')
    model.export(tmp_path / "m.py")
    found = load(tmp_path / "m.py")["predict"](WIDE)
    np.testing.assert_allclose(found, model.predict(WIDE, verbose=0), rtol=1e-6, atol=1e-6)


def test_a_layer_named_as_a_type_leaves_the_type_alone(tmp_path: Path) -> None:
    told = layers.Activation(lambda x: ops.cast(ops.cast(x, "bool"), "float32"), name="told")
    model = bl.Sequential([layers.Input((6,)), layers.Dense(6, "relu", name="bool"), told])
    model.export(tmp_path / "m.py")
    found = load(tmp_path / "m.py")["predict"](WIDE)
    np.testing.assert_array_equal(found, model.predict(WIDE, verbose=0))


def test_one_rule_with_two_settings_is_two_functions(tmp_path: Path) -> None:
    stack = [layers.LeakyReLU(0.1), layers.LeakyReLU(0.2), layers.LeakyReLU(0.1)]
    row(*stack)[0].export(tmp_path / "m.py")
    text = (tmp_path / "m.py").read_text()
    assert text.count("def leaky_relu") == 2


def test_notes_are_kept(tmp_path: Path) -> None:
    model = made("mlp")[0]
    model.notes = {"classes": ["Käse", 'a"""', "\\"], "scale": 0.1, "more": {"a": [1, None, True]}}
    model.export(tmp_path / "m.py")
    assert load(tmp_path / "m.py")["NOTES"] == model.notes
    assert (tmp_path / "m.py").read_bytes().isascii()


def chain(x: Any) -> Any:
    for _ in range(300):
        x = 1.001 * x + 0.1
    return x


@pytest.mark.parametrize("ending", [".py", ".c", ".onnx"])
def test_long_chains_of_arithmetic(ending: str, tmp_path: Path) -> None:
    model, x = row(layers.Activation(chain))
    model.export(tmp_path / f"m{ending}")
    if ending == ".py":
        found = load(tmp_path / "m.py")["predict"](x)
        np.testing.assert_allclose(found, model.predict(x, verbose=0), rtol=1e-6, atol=1e-6)


def test_it_is_written_not_read(tmp_path: Path) -> None:
    made("mlp")[0].export(tmp_path / "m.py")
    with pytest.raises(ConfigError, match=r"\.py .*cannot be read as a model"):
        bl.models.load_model(tmp_path / "m.py")
    with pytest.raises(ModelFileError, match="could not be written"):
        made("mlp")[0].export(tmp_path / "nowhere" / "m.py")
    with pytest.raises(ConfigError, match="exists"):
        made("mlp")[0].export(tmp_path / "m.py", overwrite=False)


def test_what_has_no_word_names_the_layer(tmp_path: Path) -> None:
    where = layers.Activation(lambda x: ops.resample(x, x[..., 0], x[..., 0]), name="looking")
    with pytest.raises(ConfigError, match=r"'looking' computes 'resample'"):
        bl.Sequential([layers.Input((4, 4, 1)), where]).export(tmp_path / "m.py")
