"""What `fit`, `evaluate` and `predict` do with each of their arguments, as Keras documents them.

Most tests compare two ways of saying the same thing, to the bit, or count what a model was shown.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import backlit as bl
from backlit import callbacks, layers, losses, metrics, ops, optimizers

X = np.random.default_rng(1).normal(size=(50, 4)).astype("float32")
LABELS = np.random.default_rng(2).integers(0, 3, 50)
AMOUNT = (X[:, :1] * 2 - X[:, 1:2] + 1).astype("float32")
SPARSE = "sparse_categorical_crossentropy"


def classifier(seed: int = 0, **options: Any) -> Any:
    """Return a compiled 4-5-3 classifier."""
    bl.set_random_seed(seed)
    bl.config.clear_session()
    model = bl.Sequential([layers.Input((4,)), layers.Dense(5, "tanh"), layers.Dense(3, "softmax")])
    model.compile(**{"optimizer": "adam", "loss": SPARSE, "metrics": ["accuracy"], **options})
    return model


def counter() -> Any:
    """Return a model whose single weight grows by the mean of what it is shown: w += mean(x) with SGD(1)."""
    bl.set_random_seed(0)
    bl.config.clear_session()
    model = bl.Sequential([layers.Input((1,)), layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(optimizers.SGD(1.0), lambda y, p: -p[:, 0])
    return model


class Watch(callbacks.Callback):
    """Keeps what happened, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.logs: list[dict[str, float]] = []

    def on_train_begin(self, logs: Any = None) -> None:
        self.seen.append("train(")

    def on_train_end(self, logs: Any = None) -> None:
        self.seen.append(")train")

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.seen.append(f"epoch{epoch}(")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.seen.append(f"){epoch}")
        self.logs.append(dict(logs or {}))

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.seen.append(f"<{batch}")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.seen.append(f"{batch}>")

    def on_test_begin(self, logs: Any = None) -> None:
        self.seen.append("test(")

    def on_test_end(self, logs: Any = None) -> None:
        self.seen.append(")test")


def fitted(model: Any = None, x: Any = X, y: Any = LABELS, **options: Any) -> tuple[dict[str, Any], list[Any]]:
    """Return the history and the weights after `fit`."""
    model = classifier() if model is None else model
    history = model.fit(x, y, verbose=0, **options).history
    return history, [w.tolist() for w in model.get_weights()]


# Epochs, batches and steps


def test_the_history_has_a_list_for_each_name_in_alphabetical_order() -> None:
    history = classifier().fit(X, LABELS, epochs=3, validation_split=0.2, verbose=0)
    assert list(history.history) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert all(len(values) == 3 and all(type(v) is float for v in values) for values in history.history.values())
    assert history.epoch == [0, 1, 2]
    assert history.params == {"verbose": 0, "epochs": 3, "steps": 2}


def test_epochs_is_the_number_of_the_last_epoch() -> None:
    history = classifier().fit(X, LABELS, epochs=5, initial_epoch=3, verbose=0)
    assert history.epoch == [3, 4]
    assert classifier().fit(X, LABELS, epochs=2, initial_epoch=2, verbose=0).epoch == []


@pytest.mark.parametrize(("batch_size", "steps"), [(None, 2), (50, 1), (1, 50), (7, 8), (1000, 1)])
def test_the_last_batch_holds_the_rest(batch_size: int | None, steps: int) -> None:
    model = classifier()
    model.fit(X, LABELS, batch_size=batch_size, verbose=0)
    assert int(model.optimizer.iterations) == steps


@pytest.mark.parametrize(
    ("options", "sizes"),
    [
        ({"steps_per_epoch": 4}, [13, 13, 13, 11]),
        ({"steps_per_epoch": 2, "batch_size": 10}, [10, 10]),
        ({"steps_per_epoch": 4, "batch_size": 20}, [20, 20, 10, 20]),
    ],
)
def test_steps_per_epoch_with_arrays(options: dict[str, Any], sizes: list[int]) -> None:
    seen: list[int] = []

    class Sized(bl.Sequential):
        def train_step(self, data: Any) -> Any:
            seen.append(data[0].shape[0])
            return super().train_step(data)

    model = Sized([layers.Input((4,)), layers.Dense(3, "softmax")])
    model.compile("sgd", SPARSE, run_eagerly=True)
    model.fit(X, LABELS, verbose=0, **options)
    assert seen == sizes


def test_without_shuffling_rows_come_in_order_and_with_it_in_another() -> None:
    rows = np.arange(10, dtype="float32")[:, None]

    def shown(**options: Any) -> list[float]:
        """Each step adds its x to the weight, so the weight says what came."""
        model, weights = counter(), []
        watch = callbacks.LambdaCallback(
            on_train_batch_end=lambda b, logs: weights.append(model.get_weights()[0].item())
        )
        model.fit(rows, rows, batch_size=1, verbose=0, callbacks=[watch], **options)
        return np.diff([0.0, *weights]).tolist()

    assert shown(shuffle=False) == rows[:, 0].tolist()
    mixed = shown(epochs=2)
    assert mixed[:10] != rows[:, 0].tolist()
    assert mixed[:10] != mixed[10:]
    assert sorted(mixed[:10]) == sorted(mixed[10:]) == rows[:, 0].tolist()


def test_the_same_seed_gives_the_same_bits_and_another_seed_others() -> None:
    assert fitted(classifier(3), epochs=2) == fitted(classifier(3), epochs=2)
    assert fitted(classifier(3), epochs=2) != fitted(classifier(4), epochs=2)


def test_two_fits_continue_where_one_would() -> None:
    once = fitted(epochs=4)
    model = classifier()
    first = model.fit(X, LABELS, epochs=2, verbose=0).history
    second = model.fit(X, LABELS, epochs=4, initial_epoch=2, verbose=0).history
    assert {name: first[name] + second[name] for name in first} == once[0]
    assert [w.tolist() for w in model.get_weights()] == once[1]


@pytest.mark.usefixtures("interpreted")
@pytest.mark.parametrize("eager", [False, True])
def test_recorded_and_eager_give_the_same_bits(eager: bool) -> None:
    options = {"optimizer": optimizers.Adam(0.01, clipnorm=0.5), "weighted_metrics": ["mse"]}
    weights = np.linspace(0, 2, 50)
    shared = {"epochs": 2, "sample_weight": weights, "validation_split": 0.2, "batch_size": 16}
    assert fitted(classifier(run_eagerly=eager, metrics=["accuracy"], optimizer="adam"), **shared) == fitted(
        classifier(metrics=["accuracy"], optimizer="adam"), **shared
    )
    assert options["optimizer"].clipnorm == 0.5


# Validation


def test_validation_split_takes_the_last_rows_before_shuffling() -> None:
    by_hand = fitted(x=X[:40], y=LABELS[:40], epochs=2, validation_data=(X[40:], LABELS[40:]))
    assert fitted(epochs=2, validation_split=0.2) == by_hand


def test_validation_data_wins_over_validation_split_which_still_holds_rows_back() -> None:
    history, _ = fitted(validation_split=0.2, validation_data=(X[:5], LABELS[:5]))
    assert history["val_loss"] != fitted(validation_split=0.2)[0]["val_loss"]


def test_validation_sees_the_weights_of_the_epochs_end() -> None:
    model = classifier()
    history = model.fit(X, LABELS, validation_data=(X, LABELS), epochs=2, verbose=0).history
    loss, accuracy = model.evaluate(X, LABELS, verbose=0)
    assert (history["val_loss"][-1], history["val_accuracy"][-1]) == (loss, accuracy)


@pytest.mark.parametrize(("freq", "times"), [(1, 5), (2, 2), (5, 1), (6, 0), ([1, 4], 2), ((5,), 1), ({2, 3}, 2)])
def test_validation_freq(freq: Any, times: int) -> None:
    watch = Watch()
    history, _ = fitted(epochs=5, validation_split=0.2, validation_freq=freq, callbacks=[watch])
    assert watch.seen.count("test(") == times
    assert len(history.get("val_loss", [])) == times
    assert len(history["loss"]) == 5


def test_validation_freq_counts_epochs_from_one() -> None:
    watch = Watch()
    fitted(epochs=4, validation_split=0.2, validation_freq=[2], callbacks=[watch])
    assert [sorted(logs) for logs in watch.logs].index(["accuracy", "loss", "val_accuracy", "val_loss"]) == 1


def test_validation_steps_and_batch_size() -> None:
    model = classifier()
    history = model.fit(
        X, LABELS, validation_data=(X, LABELS), validation_batch_size=10, validation_steps=3, verbose=0
    ).history
    assert history["val_loss"] == [pytest.approx(model.evaluate(X[:30], LABELS[:30], verbose=0)[0], rel=1e-6)]


def test_validation_data_with_weights() -> None:
    weights = np.arange(50.0)
    model = classifier(weighted_metrics=["mse"], metrics=None, loss="mse")
    y = np.eye(3)[LABELS]
    history = model.fit(X, y, validation_data=(X, y, weights), verbose=0).history
    values = np.mean((y - model.predict(X, verbose=0)) ** 2, axis=1)
    assert history["val_loss"] == [pytest.approx(np.mean(values * weights), rel=1e-5)]
    assert history["val_mse"] == [pytest.approx(np.average(values, weights=weights), rel=1e-5)]


def test_validation_does_not_train() -> None:
    assert fitted(x=X[:40], y=LABELS[:40], epochs=2)[1] == fitted(epochs=2, validation_split=0.2)[1]


# Weights


def test_class_weight_is_the_sample_weight_of_the_class() -> None:
    by_class = {0: 2.0, 2: 0.5}
    weights = np.where(LABELS == 0, 2.0, np.where(LABELS == 2, 0.5, 1.0))
    assert fitted(class_weight=by_class) == fitted(sample_weight=weights)
    history, _ = fitted(class_weight=by_class, validation_split=0.2)
    assert history["loss"] == fitted(sample_weight=weights, validation_split=0.2)[0]["loss"]


def test_class_weight_goes_with_a_source() -> None:
    weights = np.where(LABELS == 0, 2.0, 1.0)
    model = classifier()
    model.fit(iter([(X, LABELS)]), class_weight={0: 2.0}, verbose=0)
    assert [w.tolist() for w in model.get_weights()] == fitted(sample_weight=weights, batch_size=50, shuffle=False)[1]


def test_sample_weights_scale_the_loss_and_only_weighted_metrics() -> None:
    weights = np.arange(50.0)
    model = classifier(metrics=["accuracy"], weighted_metrics=["accuracy"])
    right = model.predict(X, verbose=0).argmax(1) == LABELS
    found = model.evaluate(X, LABELS, sample_weight=weights, verbose=0, return_dict=True)
    assert found["accuracy"] == pytest.approx(right.mean())
    assert found["weighted_accuracy"] == pytest.approx(np.average(right, weights=weights))


def test_weights_of_zero_change_nothing() -> None:
    model = classifier()
    before = [w.tolist() for w in model.get_weights()]
    assert fitted(model, sample_weight=np.zeros(50))[0]["loss"] == [0.0]
    assert [w.tolist() for w in model.get_weights()] == before


# Evaluate and predict


@pytest.mark.parametrize("batch_size", [1, 7, 32, 50])
def test_predictions_do_not_depend_on_the_batches(batch_size: int) -> None:
    model = classifier()
    whole = model.predict(X, batch_size=50, verbose=0)
    assert whole.dtype == "float32"
    np.testing.assert_allclose(model.predict(X, batch_size=batch_size, verbose=0), whole, rtol=0, atol=3e-7)
    np.testing.assert_array_equal(model.predict_on_batch(X), whole)
    np.testing.assert_allclose(model(X).numpy(), whole, rtol=0, atol=3e-7)


def test_evaluate_returns_a_number_a_list_or_a_dict() -> None:
    alone = classifier(metrics=None)
    assert type(alone.evaluate(X, LABELS, verbose=0)) is float
    model = classifier()
    loss, accuracy = model.evaluate(X, LABELS, verbose=0)
    assert model.metrics_names == ["loss", "accuracy"]
    assert model.evaluate(X, LABELS, verbose=0, return_dict=True) == {"accuracy": accuracy, "loss": loss}
    p = model.predict(X, verbose=0)
    assert loss == pytest.approx(-np.log(p[np.arange(50), LABELS]).mean(), rel=1e-5)
    assert accuracy == pytest.approx((p.argmax(1) == LABELS).mean())


@pytest.mark.parametrize("batch_size", [1, 7, 50])
def test_evaluation_does_not_depend_on_the_batches(batch_size: int) -> None:
    model = classifier()
    assert model.evaluate(X, LABELS, batch_size, verbose=0) == pytest.approx(
        model.evaluate(X, LABELS, verbose=0), rel=1e-6
    )


def test_steps_of_evaluate_and_predict() -> None:
    model = classifier()
    assert len(model.predict(X, batch_size=10, steps=2, verbose=0)) == 20
    assert len(model.predict(X, steps=2, verbose=0)) == 50
    assert model.evaluate(X, LABELS, batch_size=10, steps=2, verbose=0) == pytest.approx(
        model.evaluate(X[:20], LABELS[:20], verbose=0), rel=1e-6
    )


def test_a_batch_at_a_time() -> None:
    by_fit, by_hand = classifier(), classifier()
    history = by_fit.fit(X, LABELS, batch_size=50, shuffle=False, verbose=0).history
    loss, accuracy = by_hand.train_on_batch(X, LABELS)
    assert ([loss], [accuracy]) == (history["loss"], history["accuracy"])
    assert [w.tolist() for w in by_hand.get_weights()] == [w.tolist() for w in by_fit.get_weights()]
    assert by_hand.test_on_batch(X, LABELS, return_dict=True) == by_fit.evaluate(
        X, LABELS, 50, verbose=0, return_dict=True
    )


def test_predict_needs_no_compile_and_changes_nothing() -> None:
    model = bl.Sequential([layers.Input((4,)), layers.BatchNormalization(), layers.Dropout(0.5), layers.Dense(2)])
    before = [w.tolist() for w in model.get_weights()]
    np.testing.assert_array_equal(model.predict(X, verbose=0), model.predict(X, verbose=0))
    assert [w.tolist() for w in model.get_weights()] == before


# Callbacks


def test_callbacks_are_called_in_order() -> None:
    watch = Watch()
    fitted(epochs=2, batch_size=25, validation_split=0.5, callbacks=[watch])
    epoch = ["<0", "0>", "test(", ")test"]
    assert watch.seen == ["train(", "epoch0(", *epoch, ")0", "epoch1(", *epoch, ")1", ")train"]


def test_a_callback_stops_training_after_its_epoch_or_batch() -> None:
    for hook, batches in (("on_epoch_begin", 1), ("on_train_batch_end", 1), ("on_epoch_end", 2)):
        model = classifier()
        stop = callbacks.LambdaCallback(**{hook: lambda n, logs, model=model: setattr(model, "stop_training", True)})
        history = model.fit(X, LABELS, epochs=5, verbose=0, callbacks=[stop])
        assert history.epoch == [0]
        assert int(model.optimizer.iterations) == batches
        assert model.fit(X, LABELS, epochs=2, verbose=0).epoch == [0, 1]


def test_a_callback_may_change_the_learning_rate() -> None:
    halve = callbacks.LearningRateScheduler(lambda epoch, rate: 0.5**epoch)
    history, _ = fitted(epochs=3, callbacks=[halve])
    assert history["learning_rate"] == [1.0, 0.5, 0.25]
    model = classifier()
    model.fit(X, LABELS, verbose=0)
    steps = dict(model.steps)
    model.optimizer.learning_rate = 0.5
    model.fit(X, LABELS, verbose=0)
    assert model.steps == steps, "a learning rate is an input of the step, which is not recorded again"


def test_early_stopping_brings_the_best_weights_back() -> None:
    model = classifier(optimizer=optimizers.SGD(200.0))
    stop = callbacks.EarlyStopping(monitor="loss", patience=1, restore_best_weights=True)
    history = model.fit(X, LABELS, epochs=30, verbose=0, callbacks=[stop]).history
    assert len(history["loss"]) < 30


# Sources of batches


class Pages:
    """A sequence of batches, as Keras' own `Sequence`."""

    def __init__(self, size: int = 10) -> None:
        self.size, self.ended = size, 0

    def __len__(self) -> int:
        return 5

    def __getitem__(self, i: int) -> Any:
        return X[i * self.size : (i + 1) * self.size], LABELS[i * self.size : (i + 1) * self.size]

    def on_epoch_end(self) -> None:
        self.ended += 1


class Iterable:
    """Something that can be iterated over again and again."""

    def __iter__(self) -> Iterator[Any]:
        return iter([Pages()[i] for i in range(5)])


def endless() -> Iterator[Any]:
    """Yield the five batches for ever."""
    while True:
        yield from Iterable()


SOURCES: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
    "generator": (endless, {"steps_per_epoch": 5}),
    "iterable": (Iterable, {}),
    "iterable with steps": (Iterable, {"steps_per_epoch": 5}),
    "sequence": (Pages, {"shuffle": False}),
    "zip": (
        lambda: zip(*zip(*(Pages()[i] for i in [0, 1, 2, 3, 4] * 2), strict=True), strict=True),
        {"steps_per_epoch": 5},
    ),
    "map": (lambda: map(Pages().__getitem__, [0, 1, 2, 3, 4] * 2), {"steps_per_epoch": 5}),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_a_source_trains_as_its_arrays_do(kind: str) -> None:
    make, options = SOURCES[kind]
    model = classifier()
    history = model.fit(make(), epochs=2, verbose=0, **options).history
    expected, weights = fitted(epochs=2, batch_size=10, shuffle=False)
    assert history == expected
    assert [w.tolist() for w in model.get_weights()] == weights


def test_a_sequence_is_shuffled_and_told_of_each_end() -> None:
    pages, model = Pages(), classifier()
    history = model.fit(pages, epochs=3, verbose=0).history
    assert pages.ended == 3
    assert history != classifier().fit(Pages(), epochs=3, shuffle=False, verbose=0).history


def test_a_generator_goes_on_where_it_was() -> None:
    source, model = endless(), classifier()
    model.fit(source, steps_per_epoch=2, epochs=2, verbose=0)
    np.testing.assert_array_equal(next(source)[1], Pages()[4][1])


def test_a_source_without_a_length_teaches_its_length() -> None:
    watch = Watch()
    classifier().fit(Iterable(), epochs=2, verbose=0, callbacks=[watch])
    assert watch.seen.count("4>") == 2


def test_sources_to_evaluate_predict_and_validate() -> None:
    model = classifier()
    assert model.evaluate(Iterable(), verbose=0) == model.evaluate(X, LABELS, batch_size=10, verbose=0)
    assert model.evaluate(endless(), steps=5, verbose=0) == model.evaluate(X, LABELS, batch_size=10, verbose=0)
    np.testing.assert_array_equal(model.predict(Pages(), verbose=0), model.predict(X, batch_size=10, verbose=0))
    np.testing.assert_array_equal(
        model.predict((x for x in [X]), verbose=0), model.predict(X, batch_size=50, verbose=0)
    )
    history = model.fit(X, LABELS, validation_data=Pages(), validation_steps=5, verbose=0).history
    assert history["val_loss"] == [model.evaluate(X, LABELS, batch_size=10, verbose=0)[0]]


def test_a_source_that_is_used_up_ends_the_training() -> None:
    model = classifier()
    with pytest.warns(UserWarning, match="used up"):
        history = model.fit(iter([Pages()[0], Pages()[1]]), steps_per_epoch=2, epochs=3, verbose=0)
    assert history.epoch == [0]
    assert len(history.history["loss"]) == 1


# Several inputs and outputs


def branches(loss: Any = None, **options: Any) -> Any:
    """Return a model of inputs a (4), b (1) and outputs kind (3 classes), amount (1)."""
    bl.set_random_seed(0)
    bl.config.clear_session()
    a, b = layers.Input((4,), name="a"), layers.Input((1,), name="b")
    both = layers.Concatenate()([layers.Dense(3, "tanh")(a), b])
    ends = [layers.Dense(3, "softmax", name="kind")(both), layers.Dense(1, name="amount")(both)]
    model = bl.Model([a, b], ends)
    model.compile("sgd", loss or [SPARSE, "mse"], **options)
    return model


def test_lists_and_dicts_say_the_same() -> None:
    by_list = fitted(branches(), [X, AMOUNT], [LABELS, AMOUNT], epochs=2, validation_split=0.2)
    x, y = {"b": AMOUNT, "a": X}, {"amount": AMOUNT, "kind": LABELS}
    assert fitted(branches({"amount": "mse", "kind": SPARSE}), x, y, epochs=2, validation_split=0.2) == by_list
    assert list(by_list[0]) == sorted(by_list[0])
    assert {"loss", "kind_loss", "amount_loss", "val_kind_loss"} <= set(by_list[0])


def test_losses_are_weighted_and_added() -> None:
    model = branches(loss_weights=[2.0, 0.5], metrics=[["accuracy"], ["mae"]])
    found = model.evaluate([X, AMOUNT], [LABELS, AMOUNT], verbose=0, return_dict=True)
    assert found["loss"] == pytest.approx(2 * found["kind_loss"] + 0.5 * found["amount_loss"], rel=1e-6)
    assert set(found) == {"loss", "kind_loss", "amount_loss", "kind_accuracy", "amount_mae"}
    kind, amount = model.predict([X, AMOUNT], verbose=0)
    assert found["kind_accuracy"] == pytest.approx((kind.argmax(1) == LABELS).mean())
    assert found["amount_mae"] == pytest.approx(np.abs(amount - AMOUNT).mean(), rel=1e-5)


def test_weights_for_each_output() -> None:
    w = np.linspace(0, 1, 50)
    by_list = fitted(branches(), [X, AMOUNT], [LABELS, AMOUNT], sample_weight=[w, np.ones(50)])
    assert fitted(branches(), [X, AMOUNT], [LABELS, AMOUNT], sample_weight={"kind": w}) == by_list
    both = fitted(branches(), [X, AMOUNT], [LABELS, AMOUNT], sample_weight=w)
    assert both == fitted(branches(), [X, AMOUNT], [LABELS, AMOUNT], sample_weight=[w, w])
    assert both != by_list


def test_an_output_without_a_loss_is_not_trained() -> None:
    model = branches({"kind": SPARSE})
    with pytest.warns(UserWarning, match="No gradient reaches"):
        history = model.fit([X, AMOUNT], {"kind": LABELS}, verbose=0).history
    assert list(history) == ["loss"]


def test_several_inputs_from_a_source() -> None:
    batch = ({"a": X, "b": AMOUNT}, {"kind": LABELS, "amount": AMOUNT})
    model = branches()
    model.fit(iter([batch]), verbose=0)
    by_arrays = fitted(branches(), [X, AMOUNT], [LABELS, AMOUNT], batch_size=50, shuffle=False)
    assert [w.tolist() for w in model.get_weights()] == by_arrays[1]


class Own(bl.Model):
    """A model of one's own, of two inputs, in a list or by name, and two outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = layers.Dense(3, "softmax"), layers.Dense(1)

    def call(self, inputs: Any) -> Any:
        a, b = (inputs["a"], inputs["b"]) if isinstance(inputs, dict) else inputs
        return self.first(a), self.second(b)


@pytest.mark.parametrize("named", [False, True])
def test_a_model_of_ones_own_takes_what_its_call_takes(named: bool) -> None:
    model = Own()
    model.compile("adam", [SPARSE, "mse"])
    x = {"a": X, "b": AMOUNT} if named else [X, AMOUNT]
    history = model.fit(x, [LABELS, AMOUNT], epochs=2, verbose=0).history
    assert history["loss"][1] < history["loss"][0]
    first, second = model.predict(x, verbose=0)
    assert (first.shape, second.shape) == ((50, 3), (50, 1))


# Models and layers of one's own


def test_a_train_step_of_ones_own() -> None:
    class Distill(bl.Sequential):
        def train_step(self, data: Any) -> Any:
            x, y = data
            with bl.GradientTape() as tape:
                loss = ops.mean(ops.square(self(x, training=True) - y))
            self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
            return {"distance": loss}

    model = Distill([layers.Input((4,)), layers.Dense(1)])
    model.compile("adam")
    history = model.fit(X, AMOUNT, epochs=3, batch_size=50, verbose=0).history
    assert list(history) == ["distance"]
    assert history["distance"][2] < history["distance"][0]


@pytest.mark.usefixtures("interpreted")
def test_a_layer_that_looks_at_numbers_makes_the_model_run_eagerly() -> None:
    class Peek(layers.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs * float(np.abs(inputs.numpy()).max() > 0)

    def build(*middle: Any) -> Any:
        bl.set_random_seed(0)
        model = bl.Sequential([layers.Input((4,)), layers.Dense(5), *middle, layers.Dense(3, "softmax")])
        model.compile("adam", SPARSE)
        return model

    model = build(Peek())
    with pytest.warns(UserWarning, match="runs eagerly") as warned:
        history = model.fit(X, LABELS, epochs=2, verbose=0).history
    assert len(warned) == 1
    assert model.runs_eagerly
    assert history == build().fit(X, LABELS, epochs=2, verbose=0).history
    assert model.predict(X, verbose=0).shape == (50, 3)


def test_a_frozen_layer_keeps_its_weights() -> None:
    model = classifier()
    model.layers[0].trainable = False
    model.compile("adam", SPARSE)
    frozen, free = model.layers[0].get_weights()[0], model.layers[1].get_weights()[0]
    model.fit(X, LABELS, verbose=0)
    np.testing.assert_array_equal(model.layers[0].get_weights()[0], frozen)
    assert (model.layers[1].get_weights()[0] != free).any()
    assert len(model.trainable_weights) == len(model.non_trainable_weights) == 2


def test_regularizers_and_constraints_take_part() -> None:
    bl.set_random_seed(0)
    dense = layers.Dense(1, kernel_regularizer="l2", kernel_constraint="non_neg", activity_regularizer="l1")
    model = bl.Sequential([layers.Input((4,)), dense])
    model.compile("sgd", "mse")
    loss = model.evaluate(X, AMOUNT, batch_size=50, verbose=0)
    p, w = model.predict(X, verbose=0), dense.get_weights()[0]
    assert loss == pytest.approx(
        np.mean((p - AMOUNT) ** 2) + 0.01 * (w**2).sum() + 0.01 * np.abs(p).sum() / 50, rel=1e-5
    )
    model.fit(X, AMOUNT, epochs=3, verbose=0)
    assert (dense.get_weights()[0] >= 0).all()


def test_losses_and_metrics_as_objects_and_functions() -> None:
    def distance(y: Any, p: Any) -> Any:
        return ops.mean(ops.absolute(y - p), -1)

    bl.set_random_seed(0)
    model = bl.Sequential([layers.Input((4,)), layers.Dense(1)])
    model.compile(
        optimizers.SGD(0.1),
        losses.MeanAbsoluteError(),
        metrics=[distance, metrics.MeanAbsoluteError(name="far"), "mae"],
    )
    found = model.evaluate(X, AMOUNT, verbose=0, return_dict=True)
    assert list(found) == ["distance", "far", "loss", "mae"]
    assert found["distance"] == pytest.approx(found["loss"]) == pytest.approx(found["far"])


def test_float64_all_the_way() -> None:
    bl.config.set_floatx("float64")
    model = classifier()
    model.fit(X, LABELS, verbose=0)
    assert {w.dtype.name for w in model.get_weights()} == {"float64"}
    assert model.predict(X, verbose=0).dtype == "float64"


def test_the_data_are_never_changed() -> None:
    x, y, w = X.copy(), LABELS.copy(), np.ones(50)
    for array in (x, y, w):
        array.flags.writeable = False
    model = classifier(optimizer=optimizers.Adam(use_ema=True))
    model.fit(x, y, sample_weight=w, epochs=2, validation_data=(x, y), verbose=0)
    model.evaluate(x, y, verbose=0)
    model.predict(x, verbose=0)
    assert (x == X).all()
    assert (y == LABELS).all()


def test_what_was_handed_out_is_the_users() -> None:
    model = classifier()
    weights = model.get_weights()
    weights[0][:] = 7
    assert (model.get_weights()[0] != 7).all()
    p = model.predict(X, verbose=0)
    p[:] = 0
    assert (model.predict(X, verbose=0) != 0).all()
    given = model.get_weights()
    model.set_weights(given)
    given[0][:] = 7
    assert (model.get_weights()[0] != 7).all()


def test_two_models_train_in_two_threads() -> None:
    models = [classifier(seed) for seed in (1, 2)]
    alone = [fitted(classifier(seed), epochs=5) for seed in (1, 2)]
    results: dict[int, Any] = {}

    def train(i: int) -> None:
        results[i] = fitted(models[i], epochs=5)

    threads = [threading.Thread(target=train, args=(i,)) for i in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [results[0], results[1]] == alone


# Layers as data

MADE: dict[str, Callable[[], Any]] = {
    "Dense": lambda: layers.Dense(
        3, "relu", kernel_regularizer="l2", bias_initializer="ones", kernel_constraint="max_norm"
    ),
    "Flatten": layers.Flatten,
    "Reshape": lambda: layers.Reshape((2, 2)),
    "Activation": lambda: layers.Activation("gelu"),
    "ReLU": lambda: layers.ReLU(6.0, 0.1, 0.2),
    "LeakyReLU": lambda: layers.LeakyReLU(0.2),
    "PReLU": lambda: layers.PReLU(alpha_initializer="ones"),
    "ELU": lambda: layers.ELU(0.5),
    "Softmax": layers.Softmax,
    "Dropout": lambda: layers.Dropout(0.4, noise_shape=(None, 1), seed=3),
    "GaussianNoise": lambda: layers.GaussianNoise(0.4, seed=3),
    "BatchNormalization": lambda: layers.BatchNormalization(momentum=0.9, epsilon=1e-2, scale=False),
    "LayerNormalization": lambda: layers.LayerNormalization(axis=[1], center=False),
    "Rescaling": lambda: layers.Rescaling(1 / 255, offset=-1),
    "Identity": layers.Identity,
}


@pytest.mark.parametrize("kind", MADE)
def test_a_layer_made_of_its_config_does_the_same(kind: str) -> None:
    one = MADE[kind]()
    config = one.get_config()
    other = type(one).from_config(config)
    assert other.get_config() == config
    one(X)
    other(X)
    other.set_weights(one.get_weights())
    np.testing.assert_array_equal(other(X).numpy(), one(X).numpy())
    np.testing.assert_array_equal(other(X, training=True).shape, one(X, training=True).shape)


def test_a_model_made_of_its_config_does_the_same() -> None:
    for model, x in ((classifier(), X), (branches(), [X, AMOUNT])):
        other = type(model).from_config(model.get_config())
        other.set_weights(model.get_weights())
        expected, found = (m.predict(x, verbose=0) for m in (model, other))
        for a, b in zip(
            expected if isinstance(expected, list) else [expected],
            found if isinstance(found, list) else [found],
            strict=True,
        ):
            np.testing.assert_array_equal(a, b)
