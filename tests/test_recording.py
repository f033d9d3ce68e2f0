"""A step is recorded once: what it must take anew each time it runs, and what must not change under it.

Random numbers are drawn anew, arrays of the user's are not shared, and settings changed in between are heard or named.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import backlit as bl
from backlit import callbacks, layers, metrics, ops, optimizers
from backlit.errors import LabelError
from backlit.graph import topological
from backlit.tensor import GradientTape, Variable

X = np.random.default_rng(1).normal(size=(50, 4)).astype("float32")
Y = np.random.default_rng(2).normal(size=(50, 1)).astype("float32")


class OwnStep(bl.Sequential):
    """A training step as Keras' guide writes it: forward pass, `compute_loss`, gradients, update."""

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        with GradientTape() as tape:
            loss = self.compute_loss(x, y, self(x, training=True))
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {"loss": loss}


class AlwaysDropout(layers.Dropout):
    """Dropout that goes on when predicting (Gal and Ghahramani 2016)."""

    def call(self, inputs: Any, training: bool = False) -> Any:
        return super().call(inputs, training=True)


class Keeping(layers.Layer):
    """Keeps what it was given in a Variable."""

    def build(self, input_shape: Any) -> None:
        self.kept = self.add_weight(input_shape[1:], "zeros", trainable=False, name="kept")

    def call(self, inputs: Any) -> Any:
        self.kept.assign(inputs[0])
        return inputs


def linear(*middle: Any, kind: Any = bl.Sequential, optimizer: Any = "sgd", **options: Any) -> Any:
    """Return a compiled model of one output that ends in a Dense layer without bias."""
    bl.set_random_seed(0)
    model = kind([layers.Input((4,)), *middle, layers.Dense(1, use_bias=False)])
    model.compile(optimizer, "mse", **options)
    return model


def moved(model: Any, layer: Any, x: Any = X, y: Any = Y, **options: Any) -> bool:
    """Say whether one epoch changes the first weight of `layer`."""
    before = layer.get_weights()[0]
    model.fit(x, y, verbose=0, **options)
    return bool((layer.get_weights()[0] != before).any())


# Random numbers


def test_dropout_that_goes_on_when_predicting_draws_anew() -> None:
    bl.set_random_seed(0)
    model = bl.Sequential([layers.Input((4,)), AlwaysDropout(0.5)])
    first, second = (model.predict(np.ones((64, 4)), verbose=0) for _ in range(2))
    assert (first != second).any()
    assert (first[:32] != first[32:]).any(), "each batch has its own mask"


@pytest.mark.parametrize("eagerly", [False, True])
def test_a_train_step_of_ones_own_draws_anew(eagerly: bool) -> None:
    keeping = Keeping()
    model = linear(layers.Dropout(0.5), keeping, kind=OwnStep, run_eagerly=eagerly)
    masks: list[Any] = []
    for _ in range(4):
        model.fit(np.ones((8, 4)), np.zeros((8, 1)), verbose=0)
        masks.append(keeping.kept.numpy() == 0)
    assert any((mask != masks[0]).any() for mask in masks)


def test_draws_of_a_step_are_named_inputs_and_outputs() -> None:
    bl.set_random_seed(0)
    model = bl.Sequential([layers.Input((4,)), AlwaysDropout(0.5)])
    model.predict(X, verbose=0)
    graph = next(iter(model.steps.values())).graph
    assert [name for name in graph.state() if "draws" in name]
    assert not model.weights


# Penalties


@pytest.mark.parametrize("eagerly", [False, True])
def test_compute_loss_has_what_layers_added(eagerly: bool) -> None:
    found: list[Any] = []
    for kind in (bl.Sequential, OwnStep):
        dense = layers.Dense(3, kernel_initializer="ones", activity_regularizer="l2", kernel_regularizer="l2")
        model = linear(dense, kind=kind, run_eagerly=eagerly)
        found.append(model.fit(X, Y, batch_size=50, verbose=0).history["loss"])
    assert found[0] == found[1]


def test_losses_reach_into_models_inside_models() -> None:
    inner = bl.Sequential([layers.Dense(3, activity_regularizer="l2", kernel_regularizer="l2")])
    model = bl.Sequential([layers.Input((4,)), inner])
    model(X)
    assert len(model.losses) == len(inner.losses) == 2


# What is the user's stays the user's


def test_assign_copies() -> None:
    array = np.ones(3, np.float32)
    variable = Variable(np.zeros(3, np.float32))
    for value in (array, bl.Tensor(array)):
        variable.assign(value)
        array += 1
        assert (variable.numpy() == array - 1).all()


def test_a_variable_keeps_no_view_of_the_data() -> None:
    keeping, x = Keeping(), X.copy()
    model = linear(keeping)
    model.fit(x, Y, batch_size=50, shuffle=False, verbose=0)
    x[:] = 0
    np.testing.assert_array_equal(keeping.kept.numpy(), X[0])


def test_a_recorded_array_does_not_change_with_the_users() -> None:
    scale = np.arange(4, dtype=np.float32)

    class Scaled(layers.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs * scale

    model = bl.Sequential([layers.Input((4,)), Scaled()])
    before = model.predict(X, verbose=0)
    scale[:] = 0
    np.testing.assert_array_equal(model.predict(X, verbose=0), before)


def test_a_tape_keeps_what_it_heard() -> None:
    batch, weight = np.ones(3, np.float32), Variable(np.ones(3, np.float32))
    with GradientTape() as tape:
        loss = ops.sum(weight * batch)
    batch[:] = 7  # the buffer of a loader that is used again
    np.testing.assert_array_equal(tape.gradient(loss, weight).numpy(), [1, 1, 1])


# Settings changed after compile


def test_freezing_takes_effect_with_compile() -> None:
    dense = layers.Dense(3)
    model = linear(dense)
    dense.trainable = False
    with pytest.warns(UserWarning, match="call compile again"):
        assert moved(model, dense)
    with pytest.warns(UserWarning, match="call compile again"):
        assert moved(model, dense, batch_size=20), "another shape of batch is recorded later, and trains the same"
    assert not dense.trainable
    model.compile("sgd", "mse")
    assert not moved(model, dense)


def test_a_critic_frozen_for_another_model_goes_on_learning() -> None:
    dense = layers.Dense(1)
    critic = linear(dense)
    critic.trainable = False
    both = bl.Sequential([layers.Input((4,)), layers.Dense(4), critic])
    both.compile("sgd", "mse")
    before = dense.get_weights()[0]
    both.train_on_batch(X, Y)
    np.testing.assert_array_equal(dense.get_weights()[0], before)
    critic.train_on_batch(X, Y)
    assert (dense.get_weights()[0] != before).any()


def test_a_schedule_set_later_is_followed() -> None:
    model = linear(optimizer=optimizers.SGD(0.1))
    assert moved(model, model.layers[-1])
    model.optimizer.learning_rate = optimizers.schedules.ExponentialDecay(0.0, 10, 0.5)
    assert not moved(model, model.layers[-1])


def test_a_schedule_set_by_a_callback_is_followed() -> None:
    model = linear(optimizer=optimizers.SGD(0.1))
    still = callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: setattr(
            model.optimizer, "learning_rate", optimizers.schedules.ExponentialDecay(0.0, 10, 0.5)
        )
    )
    assert not moved(model, model.layers[-1], callbacks=[still])


# Names


def test_metrics_keep_their_names_when_matched_again() -> None:
    x = layers.Input((4,))
    model = bl.Model(x, [layers.Dense(1, name="a")(x), layers.Dense(1, name="b")(x)])
    wanted = [[metrics.MeanAbsoluteError(name="mae")], [metrics.MeanAbsoluteError(name="mae")]]
    for _ in range(2):
        model.compile("sgd", "mse", metrics=wanted)
        with pytest.raises(LabelError):
            model.fit(X, [Y, np.full_like(Y, np.nan)], verbose=0)
        assert set(model.fit(X, [Y, Y], verbose=0).history) == {"a_loss", "a_mae", "b_loss", "b_mae", "loss"}
    assert wanted[0][0].get_config()["name"] == "mae"


# Tapes


def test_a_tape_does_not_grow_by_what_earlier_tapes_heard() -> None:
    weight, total = Variable(np.ones(3, np.float32)), bl.Tensor(np.float32(0))
    sizes: list[int] = []
    for _ in range(5):
        with GradientTape() as tape:
            total = total + ops.sum(weight * weight)
        np.testing.assert_array_equal(tape.gradient(total, weight).numpy(), [2, 2, 2])
        sizes.append(len(topological([total.node])))
    assert len(set(sizes[1:])) == 1


# Weights


def test_class_weights_do_not_count_in_validation() -> None:
    labels = (Y[:, 0] > 0).astype(int)
    found: list[Any] = []
    for options in (
        {"x": X, "y": labels, "validation_split": 0.2},
        {"x": X[:40], "y": labels[:40], "validation_data": (X[40:], labels[40:])},
    ):
        bl.set_random_seed(0)
        model = bl.Sequential([layers.Input((4,)), layers.Dense(2, "softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        found.append(model.fit(class_weight={0: 1.0, 1: 9.0}, verbose=0, **options).history)
    assert found[0] == found[1]


def test_class_weights_meet_sample_weights_in_a_column() -> None:
    labels = (Y[:, 0] > 0).astype(int)
    found: list[Any] = []
    for weight in (np.full(50, 0.5), np.full((50, 1), 0.5)):
        bl.set_random_seed(0)
        model = bl.Sequential([layers.Input((4,)), layers.Dense(2, "softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        source = iter([(X, labels, weight)])
        found.append(model.fit(source, steps_per_epoch=1, class_weight={0: 1.0, 1: 9.0}, verbose=0).history)
    assert found[0] == found[1]


def test_variables_in_a_list_are_weights() -> None:
    class Summed(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.kernels = [Variable(np.ones((4, 1), np.float32), name=f"kernel_{i}") for i in range(2)]

        def call(self, inputs: Any) -> Any:
            return inputs @ self.kernels[0] + inputs @ self.kernels[1]

    summed = Summed()
    model = bl.Sequential([layers.Input((4,)), summed])
    model.compile("sgd", "mse")
    assert len(model.trainable_weights) == 2
    assert moved(model, summed)


def test_the_optimizer_may_be_replaced_by_name() -> None:
    model = linear()
    model.optimizer = "adam"
    assert isinstance(model.optimizer, optimizers.Adam)
    assert moved(model, model.layers[-1])


# Copies


def test_a_copy_trains_by_itself() -> None:
    x = layers.Input((4,))
    model = bl.Model(x, layers.Dense(1)(layers.Dropout(0.5)(x) * 2.0))
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    twin, before = copy.deepcopy(model), model.get_weights()
    assert moved(twin, twin.layers[-1])
    for kept, weight in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, weight)
    model.fit(X, Y, verbose=0)
    for one, other in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert bl.Model.from_config(twin.get_config()).count_params() == model.count_params()


# Sums


def test_small_integers_are_added_as_large_ones() -> None:
    pixels = np.array([200, 100], np.uint8)
    for made in (ops.sum(pixels), ops.sum(bl.Tensor(pixels)).numpy()):
        assert made == 300
        assert made.dtype == np.int64
