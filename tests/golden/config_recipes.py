"""Models whose configurations are compared: every layer, every way to connect them.

Like model_recipes: built once with Keras for the golden file, once with Backlit in the test. `k` is the library.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def row(k: Any) -> Any:
    """Return a Sequential with every layer that takes one input."""
    part = k.layers
    return k.models.Sequential([
        part.Input((4, 4, 1)), part.Flatten(), part.Dense(8, activation="relu", kernel_regularizer="l2"),
        part.BatchNormalization(), part.LeakyReLU(negative_slope=0.1), part.Dropout(0.3), part.PReLU(), part.ELU(),
        part.Softmax(), part.Activation("tanh"), part.ReLU(max_value=6.0), part.GaussianNoise(0.1),
        part.LayerNormalization(), part.Identity(), part.Rescaling(2.0), part.Reshape((4, 2)),
        part.Dense(3, kernel_initializer="he_normal", use_bias=False),
    ])  # fmt: skip


def unbuilt(k: Any) -> Any:
    """Return a Sequential that does not know its input."""
    return k.models.Sequential([k.layers.Dense(3)])


def built(k: Any) -> Any:
    """Return a Sequential built by a shape."""
    model = unbuilt(k)
    model.build((None, 5))
    return model


def tensors(k: Any) -> dict[str, Any]:
    """Return two inputs, and two outputs with a shared layer and ops between."""
    a, b = k.layers.Input((4,), name="a"), k.layers.Input((3,), name="b")
    shared = k.layers.Dense(5, name="shared")
    once, twice = shared(a), shared(k.layers.Dense(4, name="before")(a))
    joined = k.layers.Concatenate()([once, b])
    return {"a": a, "b": b, "joined": joined * 2.0 + 1.0, "sum": k.layers.Add()([once, twice]), "twice": twice}


def lists(k: Any) -> Any:
    """Return a model of lists."""
    t = tensors(k)
    return k.models.Model([t["a"], t["b"]], [t["joined"], t["sum"]])


def dicts(k: Any) -> Any:
    """Return a model of dicts."""
    t = tensors(k)
    return k.models.Model({"a": t["a"], "b": t["b"]}, {"x": t["joined"], "y": t["sum"]})


def second_use(k: Any) -> Any:
    """Return a model that has only the second use of a shared layer in it."""
    t = tensors(k)
    return k.models.Model(t["a"], t["twice"])


def one_in_a_list(k: Any) -> Any:
    """Return a model of lists of one."""
    t = tensors(k)
    return k.models.Model([t["a"]], [t["sum"]])


def nested(k: Any) -> Any:
    """Return models in a model, used twice, in the middle and at the end."""
    t = tensors(k)
    inner = k.models.Model(t["a"], t["twice"], name="inner")
    line = k.models.Sequential([k.layers.Input((4,)), k.layers.Dense(4)], name="line")
    z = k.layers.Input((4,), name="z")
    average = k.layers.Average()([inner(z), inner(line(z))])
    return k.models.Model(z, [average, inner(line(line(z)))])


def arguments(k: Any) -> Any:
    """Return a model with an argument in a call."""
    z = k.layers.Input((4,), name="z")
    return k.models.Model(z, k.layers.Dropout(0.2)(z, training=True))


def merges(k: Any) -> Any:
    """Return a model of the other merging layers."""
    z = k.layers.Input((4,), name="z")
    part = k.layers
    product = part.Multiply()([z, part.Minimum()([z, z])])
    return k.models.Model(z, part.Subtract()([part.Maximum()([z, z]), product]))


def ops(k: Any) -> Any:
    """Return a model of plain arithmetic."""
    z = k.layers.Input((4,), name="z")
    return k.models.Model(z, -abs(z - 1.0) / (2.0 - z) ** 3.0)


CONFIGS: dict[str, Callable[[Any], Any]] = {
    "row": row, "unbuilt": unbuilt, "built": built, "lists": lists, "dicts": dicts, "second-use": second_use,
    "one-in-a-list": one_in_a_list, "nested": nested, "arguments": arguments, "merges": merges, "ops": ops,
}  # fmt: skip


def text(model: Any) -> str:
    """Return the model's summary, inner models expanded, at a width where nothing is cut."""
    pieces: list[str] = []
    model.summary(line_length=140, expand_nested=True, print_fn=lambda piece, **_: pieces.append(piece))
    return "\n".join(line.rstrip() for line in "\n".join(pieces).rstrip("\n").split("\n"))
