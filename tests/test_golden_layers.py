"""Layers against Keras: output, gradients of every input and weight, and the state after the call."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from golden.compare import close, differing_defaults, gradients, numbers
from golden.store import Case, read

import backlit as bl

GOLDEN = read("layers")
NOT_COMPARED = ("dtype", "quantization_config", "lora_", "synchronized", "renorm", "rms_scaling", "data_format", "name")


def made(case: Case) -> tuple[Any, list[np.ndarray]]:
    """Return the built layer with the stored weights, and its inputs."""
    layer = getattr(bl.layers, case["class"])(**case["config"])
    shapes = [tuple(shape) for shape in case["shapes"]]
    layer.build(shapes if len(shapes) > 1 else shapes[0])
    assert [w.name for w in layer.weights] == case["weights"]
    layer.set_weights([case.arrays[f"weight_{i}"] for i in range(len(layer.weights))])
    return layer, [case.arrays[f"input_{i}"] for i in range(len(shapes))]


@pytest.mark.parametrize("case", GOLDEN.of(kind="layer"), ids=lambda case: case.id)
def test_call(case: Case) -> None:
    layer, inputs = made(case)

    def total(*tensors: Any) -> Any:
        out = layer(list(tensors) if len(tensors) > 1 else tensors[0], **case["options"])
        return out, bl.ops.sum(out * case.arrays["cotangent"])

    trainable = layer.trainable_weights
    out, input_gradients, weight_gradients = gradients(bl, total, inputs, trainable)
    assert numbers(out).dtype == np.float32
    close(out, case.arrays["out"], rtol=1e-5, what="output")
    for i, found in enumerate(input_gradients):
        if found.dtype == object:  # nothing flows back: Keras has zeros
            found = np.zeros_like(inputs[i])
        close(found, case.arrays[f"input_gradient_{i}"], rtol=2e-5, floor=1e-5, what=f"gradient of input {i}")
    assert len(trainable) == sum(name.startswith("weight_gradient") for name in case.arrays)
    for i, found in enumerate(weight_gradients):
        close(
            found, case.arrays[f"weight_gradient_{i}"], rtol=2e-5, floor=1e-5, what=f"gradient of {trainable[i].name}"
        )
    for i, state in enumerate(layer.non_trainable_weights):
        close(state, case.arrays[f"state_{i}"], rtol=1e-5, what=state.name)


@pytest.mark.parametrize("case", GOLDEN.of(kind="layer"), ids=lambda case: case.id)
def test_output_shape(case: Case) -> None:
    """The symbolic shape is the real one, with None for the batch."""
    layer = getattr(bl.layers, case["class"])(**case["config"])
    inputs = [bl.layers.Input(shape=tuple(shape[1:])) for shape in case["shapes"]]
    out = layer(inputs if len(inputs) > 1 else inputs[0])
    assert tuple(out.shape) == (None, *case.arrays["out"].shape[1:])


@pytest.mark.parametrize("case", GOLDEN.of(kind="layer"), ids=lambda case: case.id)
def test_config(case: Case) -> None:
    """Same options, same defaults; objects are compared by class, what other kinds of network need is left out."""
    layer = getattr(bl.layers, case["class"])(**case["config"])
    wanted = {k: plain(v) for k, v in case["keras"].items() if not k.startswith(NOT_COMPARED)}
    config = {k: plain(v) for k, v in layer.get_config().items()}
    assert differing_defaults(config, wanted) == {}


def plain(value: Any) -> Any:
    """Reduce an object to its class, a tuple to a list, a list of one number (an axis) to the number."""
    if isinstance(value, dict):
        return value.get("class_name")
    value = list(value) if isinstance(value, tuple) else value
    return value[0] if isinstance(value, list) and len(value) == 1 else value


@pytest.mark.parametrize("case", GOLDEN.of(kind="noise"), ids=lambda case: case.id)
def test_noise(case: Case) -> None:
    """Random layers on ones: the moments of Keras' sample of 60,000 within five standard errors."""
    layer = getattr(bl.layers, case["class"])(**case["config"], seed=3)
    out = numbers(layer(np.ones((200, 300), "float32"), training=True)).astype("float64")
    independent = 200 if "noise_shape" in case["config"] else out.size
    error = case["std"] * np.sqrt(2 / independent)
    assert abs(out.mean() - case["mean"]) < 5 * error
    assert abs(out.std() - case["std"]) < 5 * error
    assert abs((out == 0).mean() - case["zeros"]) < 5 * np.sqrt(0.5 / independent)
    if case["class"] == "Dropout":
        assert out.max() == pytest.approx(case["high"], rel=1e-6)
    if "noise_shape" in case["config"]:
        assert (out == out[:, :1]).all()
