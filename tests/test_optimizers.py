"""Optimizers: values after three steps, what is recorded against eager bits, the order of one step, wrong arguments."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest

from backlit import arrays, constraints, optimizers
from backlit.errors import ConfigError, ShapeError
from backlit.execute import Interpreter
from backlit.ops import square, sum
from backlit.optimizers import schedules
from backlit.tensor import GradientTape, Tensor, Trace, Variable

GRADIENTS = ([0.1, -0.2], [0.3, 0.05], [-0.1, 0.4])

# three steps from w = [1, -1] with GRADIENTS, float32: what Keras 3.15.1 gives
THREE_STEPS: list[tuple[optimizers.Optimizer, list[float]]] = [
    (optimizers.SGD(), [0.99699998, -1.00250006]),
    (optimizers.SGD(momentum=0.9), [0.99259001, -0.99953008]),
    (optimizers.SGD(momentum=0.9, nesterov=True), [0.99033093, -1.00207698]),
    (optimizers.RMSprop(), [0.99482727, -1.00051057]),
    (optimizers.RMSprop(centered=True, momentum=0.9), [0.98577827, -0.99546051]),
    (optimizers.Adam(), [0.99759853, -0.99893236]),
    (optimizers.Adam(amsgrad=True), [0.99759853, -0.99893236]),
    (optimizers.Adamax(), [0.99800676, -0.99891865]),
    (optimizers.AdamW(), [0.99758655, -0.99892038]),
    (optimizers.Adam(clipnorm=0.1), [0.99746555, -0.99866480]),
    (optimizers.SGD(clipnorm=0.1), [0.99880892, -1.00024009]),
    (optimizers.SGD(weight_decay=0.1), [0.99400795, -0.99950653]),
]
ALL = sorted(optimizers.OPTIMIZERS)
SETTINGS: list[dict[str, Any]] = [
    {},
    {"clipnorm": 0.5},
    {"global_clipnorm": 0.5},
    {"clipvalue": 0.1},
    {"weight_decay": 0.1},
    {"use_ema": True, "ema_overwrite_frequency": 3},
    {"gradient_accumulation_steps": 3},
    {"learning_rate": schedules.CosineDecay(0.1, 6, warmup_target=0.2, warmup_steps=2)},
]
OWN: list[tuple[str, dict[str, Any]]] = [
    ("sgd", {"momentum": 0.9, "nesterov": True}),
    ("rmsprop", {"momentum": 0.5, "centered": True}),
    ("adam", {"amsgrad": True}),
]


def weights(dtype: str = "float32") -> list[Variable]:
    rng = np.random.default_rng(1)
    return [
        Variable(rng.normal(size=(3, 4)).astype(dtype), name="kernel"),
        Variable(rng.normal(size=4).astype(dtype), name="bias"),
    ]


def gradients(step: int, dtype: str = "float32") -> list[np.ndarray]:
    rng = np.random.default_rng(100 + step)
    return [rng.normal(size=(3, 4)).astype(dtype), rng.normal(size=4).astype(dtype)]


class Recorded:
    """One optimizer step as a graph, run by the interpreter on the Variables it names."""

    def __init__(self, optimizer: optimizers.Optimizer, variables: list[Variable]) -> None:
        with Trace() as self.trace:
            given = [self.trace.input(f"g{i}", v.shape, v.dtype) for i, v in enumerate(variables)]
            optimizer.apply(given, variables)
            self.graph = self.trace.graph({})
        self.runner = Interpreter(self.graph)

    def step(self, found: list[np.ndarray]) -> None:
        inputs = {name: v.value for name, v in self.trace.variables.items()}
        inputs |= {f"g{i}": g for i, g in enumerate(found)}
        for name, array in self.runner.run(inputs).items():
            self.trace.variables[name].store(np.asarray(array))


def bits(optimizer: optimizers.Optimizer, variables: list[Variable]) -> list[bytes]:
    return [v.value.tobytes() for v in [*variables, *optimizer.variables]]


@pytest.mark.parametrize(("optimizer", "wanted"), THREE_STEPS)
def test_three_steps(optimizer: optimizers.Optimizer, wanted: list[float]) -> None:
    optimizer = optimizers.deserialize(optimizers.serialize(optimizer))
    w = Variable(np.array([1.0, -1.0], "float32"))
    for g in GRADIENTS:
        optimizer.apply_gradients([(Tensor(np.array(g, "float32")), w)])
    np.testing.assert_allclose(w.numpy(), wanted, rtol=0, atol=1.2e-7)
    assert int(optimizer.iterations) == 3


def ftrl_in_floats(w: float, gradients: list[float], rate: float, p: float, n: float, l1: float, l2: float) -> float:
    """Follow the leader as the paper does (McMahan et al. 2013, algorithm 1), one weight in Python's own numbers."""
    z = 0.0
    for g in gradients:
        sigma = ((n + g * g) ** p - n**p) / rate
        n, z = n + g * g, z + g - sigma * w
        w = 0.0 if abs(z) <= l1 else -(z - math.copysign(l1, z)) / (n**p / rate + 2 * l2)
    return w


@pytest.mark.parametrize("l1", [0.0, 0.05, 10.0])
@pytest.mark.parametrize("l2", [0.0, 0.3])
@pytest.mark.parametrize("p", [0.5, 0.7, 0.0])
def test_ftrl_is_the_algorithm_of_its_paper(l1: float, l2: float, p: float) -> None:
    settings = {"l1_regularization_strength": l1, "l2_regularization_strength": l2, "learning_rate_power": -p}
    optimizer = optimizers.Ftrl(0.5, initial_accumulator_value=0.2, **settings)
    w = Variable(np.array([1.0, -2.0], "float64"))
    found = [[0.5, -0.25], [-1.0, 0.75], [2.0, 0.1]]
    for g in found:
        optimizer.apply([np.array(g)], [w])
    wanted = [ftrl_in_floats(w0, [g[i] for g in found], 0.5, p, 0.2, l1, l2) for i, w0 in enumerate((1.0, -2.0))]
    np.testing.assert_allclose(w.numpy(), wanted, rtol=1e-6, atol=1e-12)
    if l1 == 10.0:
        assert w.numpy().tolist() == [0.0, 0.0]  # it holds weights at exactly 0


def test_ftrl_with_beta_and_shrinkage_as_keras_adds_them() -> None:
    rate, beta, shrinkage, w, z, n = 0.5, 0.4, 0.02, 1.0, 0.0, 0.1
    optimizer = optimizers.Ftrl(rate, beta=beta, l2_shrinkage_regularization_strength=shrinkage)
    variable = Variable(np.array([w], "float64"))
    for g in (0.5, -1.0, 2.0):
        optimizer.apply([np.array([g])], [variable])
        z += g + 2 * shrinkage * w - ((n + g * g) ** 0.5 - n**0.5) / rate * w
        n += g * g
        w = -z / (n**0.5 / rate + beta / rate)
    np.testing.assert_allclose(variable.numpy(), [w], rtol=1e-6)
    for wrong in ({"learning_rate_power": 0.5}, {"l1_regularization_strength": -1.0}, {"beta": "a"}):
        with pytest.raises(ConfigError, match="Ftrl"):
            optimizers.Ftrl(**wrong)


@pytest.mark.parametrize(("name", "config"), [*((n, c) for n in ALL for c in SETTINGS), *OWN])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_recorded_step_gives_the_bits_of_eager(name: str, config: dict[str, Any], dtype: str) -> None:
    kind = optimizers.OPTIMIZERS[name]
    now, later = kind(**config), kind(**config)
    a, b = weights(dtype), weights(dtype)
    recorded = Recorded(later, b)
    for step in range(7):
        now.apply(gradients(step, dtype), a)
        recorded.step(gradients(step, dtype))
        assert bits(now, a) == bits(later, b)
    assert not np.array_equal(a[0].value, weights(dtype)[0].value)
    slots = [v for v in later.variables if v.role == "slots"]
    assert {v.dtype.name for v in [*b, *slots]} == {dtype}
    if dtype == "float32":
        assert {node.dtype.name for node in recorded.graph.nodes} <= {"float32", "int64", "bool"}


@pytest.mark.parametrize("name", ALL)
def test_float64_weights_keep_float64_precision(name: str) -> None:
    arrays.set_floatx("float64")
    optimizer = optimizers.get(name)
    w = weights("float64")
    optimizer.apply(gradients(0, "float64"), w)
    moved = weights("float64")[0].value - w[0].value
    assert np.abs(moved - moved.astype("float32")).max() > 0  # no float32 in between


@pytest.mark.parametrize("name", ALL)
def test_walks_downhill(name: str) -> None:
    optimizer = optimizers.OPTIMIZERS[name](learning_rate=1.0 if name in ("adadelta", "adagrad") else 0.05)
    w = weights()

    def loss() -> Any:
        return sum(square(w[0])) + sum(square(w[1]))

    first = float(loss())
    for _ in range(60):
        with GradientTape() as tape:
            now = loss()
        optimizer.apply(tape.gradient(now, w), w)
    assert float(loss()) < 0.9 * first


def test_learning_rate_is_an_input_of_the_recorded_step() -> None:
    optimizer, b = optimizers.SGD(0.1), weights()
    recorded = Recorded(optimizer, b)
    assert {"learning_rate", "step", "params/kernel", "g0"} <= set(recorded.graph.inputs) | set(recorded.graph.outputs)
    recorded.step(gradients(0))
    before = b[0].numpy()
    optimizer.learning_rate = 0.5
    recorded.step(gradients(0))
    np.testing.assert_allclose(before - b[0].value, 0.5 * gradients(0)[0], rtol=1e-5)
    optimizer.learning_rate.assign(0.25)
    assert float(optimizer.learning_rate) == 0.25
    assert int(optimizer.iterations) == 2


def test_a_schedule_is_part_of_the_recorded_step() -> None:
    schedule = schedules.PiecewiseConstantDecay([0, 1], [1.0, 0.5, 0.0])
    optimizer, b = optimizers.SGD(schedule), weights()
    recorded = Recorded(optimizer, b)
    for rate in (1.0, 0.5, 0.0, 0.0):
        assert float(optimizer.learning_rate) == rate
        before = b[1].numpy()
        recorded.step(gradients(0))
        np.testing.assert_allclose(before - b[1].value, rate * gradients(0)[1], rtol=1e-5, atol=1e-7)
    with pytest.raises(ConfigError, match="follows the schedule"):
        optimizer.learning_rate = 0.1
    optimizer.learning_rate = schedules.ExponentialDecay(0.3, 4, 1.0)
    assert float(optimizer.learning_rate) == pytest.approx(0.3)


def test_order_is_clip_decay_step_average_constrain() -> None:
    w = Variable(np.array([3.0, 4.0]))
    w.constraint = constraints.MaxNorm(1.0)
    optimizer = optimizers.SGD(1.0, clipnorm=1.0, weight_decay=0.5, use_ema=True, ema_momentum=0.75)
    optimizer.apply([np.array([30.0, 40.0])], [w])
    moved = np.array([3.0, 4.0]) * (1 - 0.5) - np.array([0.6, 0.8])
    np.testing.assert_allclose(optimizer.variables[2].value, moved, rtol=1e-12)
    np.testing.assert_allclose(w.value, moved / np.linalg.norm(moved), rtol=1e-6)
    second = w.numpy()
    optimizer.apply([np.zeros(2)], [w])
    average = 0.75 * moved + 0.25 * second * 0.5
    optimizer.finalize_variable_values([w])
    np.testing.assert_allclose(w.value, average, rtol=1e-12)


def test_clipping() -> None:
    big, small = np.array([3.0, 4.0]), np.array([0.3, 0.4])

    def moved(**option: Any) -> list[np.ndarray]:
        w = [Variable(np.zeros(2)), Variable(np.zeros(2))]
        optimizers.SGD(1.0, **option).apply([big, small], w)
        return [-v.value for v in w]

    np.testing.assert_allclose(moved(clipnorm=1.0), [big / 5, small], rtol=1e-12)
    np.testing.assert_allclose(moved(global_clipnorm=1.0), np.array([big, small]) / math.hypot(5, 0.5), rtol=1e-12)
    np.testing.assert_allclose(moved(clipvalue=0.35), [[0.35, 0.35], [0.3, 0.35]], rtol=1e-12)
    np.testing.assert_array_equal(moved(clipnorm=5.0), [big, small])


def test_accumulated_gradients_update_with_their_mean() -> None:
    a, b = weights("float64"), weights("float64")
    grouped, plain = optimizers.Adam(0.1, gradient_accumulation_steps=3), optimizers.Adam(0.1)
    for step in range(6):
        before = a[0].numpy()
        grouped.apply(gradients(step, "float64"), a)
        assert np.array_equal(before, a[0].value) == (step % 3 != 2)
    for group in ((0, 1, 2), (3, 4, 5)):
        parts = [gradients(step, "float64") for step in group]
        plain.apply([np.mean([p[i] for p in parts], axis=0) for i in range(2)], b)
    np.testing.assert_allclose(a[0].value, b[0].value, rtol=1e-12)


def test_weights_left_out_of_the_decay() -> None:
    w = weights()
    optimizer = optimizers.AdamW(0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.apply([np.zeros_like(v.value) for v in w], w)
    np.testing.assert_array_equal(w[1].value, weights()[1].value)
    np.testing.assert_allclose(w[0].value, weights()[0].value * 0.95, rtol=1e-6)
    with pytest.raises(ConfigError, match="too late"):
        optimizer.exclude_from_weight_decay(var_list=[w[0]])
    other, v = optimizers.SGD(0.1, weight_decay=0.5), weights()
    other.exclude_from_weight_decay(var_list=[v[0]])
    other.apply([np.zeros_like(x.value) for x in v], v)
    np.testing.assert_array_equal(v[0].value, weights()[0].value)
    np.testing.assert_allclose(v[1].value, weights()[1].value * 0.95, rtol=1e-6)


def test_a_weight_without_gradient_stays_and_is_named_once() -> None:
    w = weights()
    optimizer = optimizers.Adam(0.1)
    with pytest.warns(UserWarning, match="bias") as found:
        optimizer.apply([gradients(0)[0], None], w)
    assert len(found) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer.apply([gradients(1)[0], None], w)
    np.testing.assert_array_equal(w[1].value, weights()[1].value)
    assert not np.array_equal(w[0].value, weights()[0].value)


# paths of the Variables, in the order of Keras' files
STATE: list[tuple[str, dict[str, Any], list[str]]] = [
    ("sgd", {}, []),
    ("sgd", {"momentum": 0.5}, ["kernel/velocity", "bias/velocity"]),
    ("adam", {}, ["kernel/m", "kernel/v", "bias/m", "bias/v"]),
    ("adam", {"amsgrad": True}, ["kernel/m", "kernel/v", "bias/m", "bias/v", "kernel/v_max", "bias/v_max"]),
    ("nadam", {}, ["kernel/m", "kernel/v", "bias/m", "bias/v", "nadam/u_product"]),
    ("rmsprop", {"momentum": 0.5}, ["kernel/v", "bias/v", "kernel/momentum", "bias/momentum"]),
    ("sgd", {"use_ema": True}, ["kernel/average", "bias/average"]),
]


@pytest.mark.parametrize(("name", "config", "paths"), STATE)
def test_state(name: str, config: dict[str, Any], paths: list[str]) -> None:
    optimizer = optimizers.OPTIMIZERS[name](**config)
    optimizer.build(weights())
    assert [v.path for v in optimizer.variables] == ["step", "learning_rate", *paths]
    assert [v.role for v in optimizer.variables] == ["input", "input", *["slots"] * len(paths)]
    assert not any(v.trainable for v in optimizer.variables)


@pytest.mark.parametrize("name", ALL)
def test_names_and_configs(name: str) -> None:
    made = optimizers.get(name.upper())
    assert type(made) is optimizers.OPTIMIZERS[name]
    written = optimizers.serialize(made)
    again = optimizers.deserialize(written)
    assert again.get_config() == made.get_config()
    assert optimizers.get(again) is again
    assert type(optimizers.get(type(made))) is type(made)
    assert again.name == {"AdamW": "adam_w", "RMSprop": "rm_sprop"}.get(type(made).__name__, name)


SCHEDULES: list[tuple[schedules.LearningRateSchedule, dict[int, float]]] = [
    (schedules.ExponentialDecay(0.1, 10, 0.5), {0: 0.1, 10: 0.05, 20: 0.025, 5: 0.1 / math.sqrt(2)}),
    (schedules.ExponentialDecay(0.1, 10, 0.5, staircase=True), {9: 0.1, 10: 0.05, 19: 0.05}),
    (schedules.InverseTimeDecay(0.1, 10, 1.0), {0: 0.1, 10: 0.05, 30: 0.025}),
    (schedules.InverseTimeDecay(0.1, 10, 1.0, staircase=True), {9: 0.1, 19: 0.05}),
    (schedules.PiecewiseConstantDecay([2, 5], [0.3, 0.2, 0.1]), {0: 0.3, 2: 0.3, 3: 0.2, 5: 0.2, 6: 0.1}),
    (schedules.PolynomialDecay(0.1, 10, 0.02, power=2.0), {0: 0.1, 5: 0.04, 10: 0.02, 99: 0.02}),
    (schedules.PolynomialDecay(0.1, 10, 0.0, cycle=True), {0: 0.1, 5: 0.05, 10: 0.0, 15: 0.025}),
    (schedules.CosineDecay(0.1, 10, alpha=0.5), {0: 0.1, 5: 0.075, 10: 0.05, 99: 0.05}),
    (schedules.CosineDecay(0.0, 10, warmup_target=0.1, warmup_steps=4), {0: 0.0, 2: 0.05, 4: 0.1, 9: 0.05, 14: 0.0}),
    (schedules.CosineDecayRestarts(0.1, 10), {0: 0.1, 5: 0.05, 10: 0.1, 20: 0.05, 30: 0.1}),
    (schedules.CosineDecayRestarts(0.1, 10, t_mul=1.0, m_mul=0.5), {5: 0.05, 10: 0.05, 15: 0.025}),
]


@pytest.mark.parametrize(("schedule", "values"), SCHEDULES)
def test_schedules(schedule: schedules.LearningRateSchedule, values: dict[int, float]) -> None:
    again = schedules.deserialize(schedules.serialize(schedule))
    assert again.get_config() == schedule.get_config()
    for step, rate in values.items():
        assert float(again(step)) == pytest.approx(rate, rel=2e-6, abs=1e-9)
        assert again(Tensor(np.int64(step))).dtype == "float32"
    optimizer = optimizers.deserialize(optimizers.serialize(optimizers.Adam(schedule)))
    assert float(optimizer.learning_rate) == float(schedule(0))


class Halving(schedules.LearningRateSchedule):
    """rate = 1 / 2 ** step"""

    def __call__(self, step: Any) -> Any:
        return 0.5**step

    def get_config(self) -> dict[str, Any]:
        return {}


class Signed(optimizers.Optimizer):
    """w -= rate * sign of the last gradient."""

    def slots(self) -> dict[str, float]:
        return {"last": 1.0}

    def update(self, w: Any, g: Any, slots: dict[str, Any], learning_rate: Any, step: Any) -> Any:
        return w - learning_rate * slots["last"], {"last": g}


def test_an_optimizer_of_the_users() -> None:
    written = optimizers.serialize(Signed(learning_rate=0.5))
    optimizer = optimizers.deserialize(written, {"Signed": Signed})
    w = Variable(np.zeros(2))
    optimizer.apply([np.array([2.0, 3.0])], [w])
    optimizer.apply([np.array([0.0, 0.0])], [w])
    np.testing.assert_allclose(w.value, [-1.5, -2.0])


def applied(found: Any, variables: Any, **option: Any) -> Any:
    return lambda: optimizers.SGD(**option).apply(found, variables)


WRONG: list[tuple[Any, type[Exception], str]] = [
    (lambda: optimizers.get("adm"), ConfigError, 'Did you mean "adam"'),
    (lambda: optimizers.get(None), ConfigError, "is no optimizer"),
    (lambda: optimizers.get(3), ConfigError, "is no optimizer"),
    (lambda: optimizers.get({"class_name": "Adan", "config": {}}), ConfigError, "adam"),
    (lambda: optimizers.Adam(lr=0.1), ConfigError, "learning_rate"),
    (lambda: optimizers.SGD(decay=0.1), ConfigError, "InverseTimeDecay"),
    (lambda: optimizers.SGD(clip_norm=1.0), ConfigError, 'Did you mean "clipnorm"'),
    (lambda: optimizers.Adam(clipnorm=1.0, clipvalue=1.0), ConfigError, "at most one"),
    (lambda: optimizers.Adam(clipnorm=0.0), ConfigError, "clipnorm"),
    (lambda: optimizers.Adam(weight_decay=-1.0), ConfigError, "weight_decay"),
    (lambda: optimizers.Adam(use_ema=True, ema_momentum=1.5), ConfigError, "ema_momentum"),
    (lambda: optimizers.Adam(ema_overwrite_frequency=0), ConfigError, "ema_overwrite_frequency"),
    (lambda: optimizers.Adam(gradient_accumulation_steps=1), ConfigError, ">= 2"),
    (lambda: optimizers.Adam(loss_scale_factor=2.0), ConfigError, "loss_scale_factor"),
    (lambda: optimizers.Adam(learning_rate="fast"), ConfigError, "learning_rate='fast'"),
    (lambda: optimizers.Adam(learning_rate=math.nan), ConfigError, "finite"),
    (lambda: optimizers.Adam(learning_rate=lambda: 0.1), ConfigError, "schedule"),
    (lambda: optimizers.Adam(beta_1=1.5), ConfigError, "beta_1=1.5"),
    (lambda: optimizers.SGD(momentum=1), ConfigError, "float"),
    (lambda: optimizers.SGD(momentum=1.5), ConfigError, "between 0.0 and 1.0"),
    (lambda: schedules.PiecewiseConstantDecay([1], [0.1]), ConfigError, "one value more"),
    (lambda: schedules.CosineDecay(0.1, 0), ConfigError, "decay_steps"),
    (lambda: schedules.deserialize({"class_name": "CosinDecay"}), ConfigError, "CosineDecay"),
    (applied([np.zeros(2)], None), ConfigError, "variables"),
    (applied([], [Variable(np.zeros(2))]), ConfigError, "0 gradients for 1 weights"),
    (applied([np.zeros((2, 1))], [Variable(np.zeros(2))]), ShapeError, "shape"),
]


@pytest.mark.parametrize(("make", "error", "words"), WRONG)
def test_wrong_arguments(make: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()


def test_no_gradient_at_all() -> None:
    with pytest.warns(UserWarning, match="kernel, bias"), pytest.raises(ConfigError, match="No weight has a gradient"):
        optimizers.SGD().apply([None, None], weights())


def test_a_model_without_weights_makes_no_step() -> None:
    optimizer = optimizers.Adam()
    optimizer.apply([], [])
    assert int(optimizer.iterations) == 0


def test_strange_weights_are_named() -> None:
    optimizer = optimizers.SGD()
    optimizer.apply(gradients(0), weights())
    with pytest.raises(ConfigError, match="does not know kernel, bias"):
        optimizer.apply(gradients(0), weights())


def test_a_schedule_of_the_users() -> None:
    optimizer, w = optimizers.SGD(Halving()), Variable(np.zeros(1, "float32"))
    for _ in range(3):
        optimizer.apply([np.ones(1, "float32")], [w])
    np.testing.assert_allclose(w.value, [-1.75])
