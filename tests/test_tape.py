"""GradientTape and Trace: the same gradients at the prompt and in a recorded step, and the rules of the tape.

What the gradients themselves are worth is proven in `test_gradients`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradient_cases import curves, operations
from gradient_cases.operations import Row

from backlit import ops
from backlit.errors import ConfigError, NotDifferentiable, NotRecordable, ShapeError
from backlit.execute import Interpreter
from backlit.tensor import GradientTape, Tensor, Trace, Variable

ROWS = [row for row in (*operations.rows(), *curves.rows()) if row.shapes[0] in ((), (2, 3), (2, 4), (3, 1))]


def gradients_at_the_prompt(row: Row, arrays: list[Any], dy: Any) -> list[Any]:
    with GradientTape() as tape:
        xs = [Tensor(a) for a in arrays]
        tape.watch([x for x in xs if x.dtype.kind == "f"])
        y = row.function(*xs)
    return tape.gradient(y, xs, dy, unconnected_gradients="zero")


def gradients_of_a_step(row: Row, arrays: list[Any], dy: Any) -> list[Any]:
    with Trace() as trace, GradientTape() as tape:
        xs = [trace.input(f"x{i}", a.shape, a.dtype) for i, a in enumerate(arrays)]
        found = tape.gradient(row.function(*xs), xs, dy, unconnected_gradients="zero")
    graph = trace.graph({f"dx{i}": dx for i, dx in enumerate(found)})
    ran = Interpreter(graph).run({name: arrays[int(name[1:])] for name in graph.inputs})
    return [ran[f"dx{i}"] for i in range(len(arrays))]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.name} {row.label}")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_recorded_gradient_has_the_bits_of_the_one_at_the_prompt(row: Row, dtype: str) -> None:
    rng = np.random.default_rng(7)
    arrays = [np.asarray(domain(rng, shape)) for domain, shape in zip(row.domains, row.shapes, strict=True)]
    arrays = [a.astype(dtype) if a.dtype.kind == "f" else a for a in arrays]
    shape = np.shape(row.function(*arrays))
    dy = rng.standard_normal(shape).astype(dtype)
    pairs = zip(gradients_at_the_prompt(row, arrays, dy), gradients_of_a_step(row, arrays, dy), strict=True)
    for eager, recorded in pairs:
        assert eager.dtype == recorded.dtype
        assert eager.numpy().tobytes() == np.asarray(recorded).tobytes()


# --- what a tape follows -----------------------------------------------------------------------------------------


def test_trainable_variables_are_watched_by_themselves() -> None:
    w, fixed = Variable(3.0), Variable(2.0, trainable=False)
    with GradientTape(persistent=True) as tape:
        y = w * w * fixed
    assert tape.gradient(y, w).item() == 12.0
    assert tape.gradient(y, fixed) is None
    assert tape.watched_variables() == (w,)


def test_other_variables_and_tensors_are_watched_on_request() -> None:
    fixed, x = Variable(2.0, trainable=False), Tensor(3.0)
    with GradientTape() as tape:
        tape.watch([fixed, x])
        y = fixed * fixed * x
    assert [g.item() for g in tape.gradient(y, [fixed, x])] == [12.0, 4.0]


def test_only_what_is_watched_with_watch_accessed_variables_off() -> None:
    a, b = Variable(2.0), Variable(5.0)
    with GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(a)
        y = a * b
    da, db = tape.gradient(y, [a, b])
    assert da.item() == 5.0
    assert db is None


def test_an_intermediate_tensor_is_a_source_too() -> None:
    w = Variable(3.0)
    with GradientTape() as tape:
        middle = w * w
        y = ops.exp(middle)
    np.testing.assert_allclose(tape.gradient(y, middle).numpy(), np.exp(np.float32(9)), rtol=1e-6)


def test_what_an_earlier_tape_recorded_is_constant_to_a_later_one() -> None:
    w = Variable(3.0)
    with GradientTape() as first:
        y = w * 2.0
    with GradientTape() as second:
        z = y * w
    assert second.gradient(z, w).item() == 6.0
    assert first.gradient(y, w).item() == 2.0


def test_what_was_made_before_an_inner_tape_is_constant_to_it() -> None:
    w = Variable(3.0)
    with GradientTape() as outer:
        y = w * 2.0
        with GradientTape() as inner:
            z = y * w
        inner_gradient = inner.gradient(z, w)
    assert inner_gradient.item() == 6.0
    assert outer.gradient(inner_gradient, w).item() == 2.0


def test_an_inner_tape_may_need_what_only_the_outer_one_heard() -> None:
    w, x = Variable(3.0), Tensor(2.0)
    with GradientTape():
        y = w * 2.0
        with GradientTape() as inner:
            inner.watch(x)
            z = y * x
        assert inner.gradient(z, x).item() == 6.0


def test_mixed_dtypes_are_followed_through_the_cast() -> None:
    a, b = Variable(np.float32([1, 2])), Variable(np.float64([3, 4]))
    with GradientTape() as tape:
        y = a * b
    da, db = tape.gradient(y, [a, b])
    assert (da.dtype, db.dtype) == ("float32", "float64")
    np.testing.assert_array_equal(da.numpy(), [3, 4])


def test_the_users_array_stays_his_own() -> None:
    x = np.ones(3)
    w = Variable(np.ones(3))
    with GradientTape() as tape:
        y = w * x
    x[0] = 5.0
    assert tape.gradient(y, w) is not None


# --- variables that change ---------------------------------------------------------------------------------------


def test_a_variable_assigned_between_two_uses() -> None:
    w = Variable(3.0)
    with GradientTape(persistent=True) as tape:
        y = w * w
        w.assign(10.0)
        z = y + 5.0 * w
    assert tape.gradient(y, w).item() == 6.0
    assert tape.gradient(z, w).item() == 11.0


@pytest.mark.parametrize("recorded", [False, True], ids=["at the prompt", "in a step"])
def test_no_gradient_passes_through_an_assignment(recorded: bool) -> None:
    w = Variable(3.0)

    def step() -> Any:
        with GradientTape() as tape:
            w.assign(w * 2.0)
            y = w * w
        return tape.gradient(y, w)

    if recorded:
        with Trace() as trace:
            g = step()
        ran = Interpreter(trace.graph({"g": g})).run({"params/variable": np.float32(3.0)})
        assert ran == {"g": 12.0, "params/variable": 6.0}
        assert w.numpy() == 3.0
    else:
        assert step().item() == 12.0


def test_reading_after_an_assignment_in_a_step_reads_the_new_value() -> None:
    count = Variable(1.0, trainable=False, name="count", role="metrics")
    with Trace() as trace:
        count.assign_add(1.0)
        count.assign(count * 10.0)
        seen = count + 0.5
    graph = trace.graph({"seen": seen})
    assert graph.state() == ("metrics/count",)
    assert Interpreter(graph).run({"metrics/count": np.float32(3.0)}) == {"seen": 40.5, "metrics/count": 40.0}


# --- the shape of a question -------------------------------------------------------------------------------------


def test_a_tape_answers_once_or_if_persistent_always() -> None:
    w = Variable(3.0)
    with GradientTape() as tape:
        y = w * w
    assert tape.gradient(y, w).item() == 6.0
    with pytest.raises(ConfigError, match="persistent=True"):
        tape.gradient(y, w)


def test_structures_of_sources() -> None:
    a, b = Variable(2.0), Variable(5.0)
    with GradientTape(persistent=True) as tape:
        y = a * b
    assert [g.item() for g in tape.gradient(y, [a, b])] == [5.0, 2.0]
    assert isinstance(tape.gradient(y, (a, b)), tuple)
    assert {k: g.item() for k, g in tape.gradient(y, {"a": a, "b": b}).items()} == {"a": 5.0, "b": 2.0}
    assert tape.gradient([y, y], a).item() == 10.0


def test_unconnected_sources() -> None:
    w, other = Variable([1.0, 2.0]), Variable([[3.0]])
    with GradientTape(persistent=True) as tape:
        y = w * w
        other * 1.0
    assert tape.gradient(y, other) is None
    zero = tape.gradient(y, other, unconnected_gradients="zero")
    assert zero.shape == (1, 1)
    assert not zero.numpy().any()
    with pytest.raises(ConfigError, match="unconnected_gradients"):
        tape.gradient(y, other, unconnected_gradients="zeros")


def test_incoming_gradients() -> None:
    w = Variable([1.0, 2.0])
    with GradientTape(persistent=True) as tape:
        y = w * w
    np.testing.assert_array_equal(tape.gradient(y, w, np.float32([1, 10])).numpy(), [2, 40])
    with pytest.raises(ShapeError, match="incoming gradient"):
        tape.gradient(y, w, np.float32([1, 2, 3]))


def test_a_target_that_nothing_was_recorded_of() -> None:
    w = Variable(1.0)
    with GradientTape() as tape:
        pass
    assert tape.gradient(w * 2.0, w) is None


def test_second_and_third_order() -> None:
    x = Variable(np.float64(2.0))
    with GradientTape() as third, GradientTape() as second:
        with GradientTape() as first:
            y = x**4.0
        dy = first.gradient(y, x)
        ddy = second.gradient(dy, x)
    assert (dy.item(), ddy.item()) == (32.0, 48.0)
    assert third.gradient(ddy, x).item() == 48.0


def test_jacobian() -> None:
    x = Variable(np.array([[1.0, 2.0], [3.0, 4.0]]))
    with GradientTape(persistent=True) as tape:
        y = ops.sum(x * x, axis=1)
    jacobian = tape.jacobian(y, x).numpy()
    assert jacobian.shape == (2, 2, 2)
    np.testing.assert_array_equal(jacobian, [[[2, 4], [0, 0]], [[0, 0], [6, 8]]])


def test_reset_forgets() -> None:
    w = Variable(3.0)
    with GradientTape() as tape:
        y = w * w
        tape.reset()
        z = w * 5.0
    assert tape.gradient(z, w).item() == 5.0
    assert y.item() == 9.0


def test_questions_that_have_no_answer_are_refused() -> None:
    count = Variable(3, trainable=False)
    with GradientTape(persistent=True) as tape:
        y = count * 2
        with pytest.raises(NotDifferentiable, match="int32"):
            tape.watch(Tensor(3))
        with pytest.raises(ConfigError, match="Tensor\\(x\\)"):
            tape.watch(np.ones(3))
    with pytest.raises(NotDifferentiable, match="target"):
        tape.gradient(y, count)
    with pytest.raises(ConfigError, match="target"):
        tape.gradient(3.0, count)
    with pytest.raises(ConfigError, match="ndarray"):
        tape.gradient(Tensor(3.0), np.ones(3))


def test_integer_variables_have_no_gradient() -> None:
    count = Variable(np.array([1, 2]))
    with GradientTape() as tape:
        y = ops.sum(count * 2.5)
    assert tape.gradient(y, count) is None


# --- a recording has no numbers ----------------------------------------------------------------------------------


def test_numbers_of_a_recorded_tensor_are_not_there() -> None:
    with Trace() as trace:
        x = trace.input("x", (2,), np.dtype("float32"))
        for ask in (x.numpy, x.item, lambda: float(x), lambda: bool(x), lambda: np.asarray(x)):
            with pytest.raises(NotRecordable, match="run_eagerly"):
                ask()


def test_a_trace_keeps_names_apart() -> None:
    first, second = Variable(1.0, name="w"), Variable(2.0, name="w")
    with Trace() as trace:
        y = first + second
    assert list(trace.graph({"y": y}).inputs) == ["params/w", "params/w_1"]


def test_equal_computations_are_one_node() -> None:
    with Trace() as trace:
        x = trace.input("x", (3,), np.dtype("float32"))
        y = ops.exp(x) + ops.exp(x)
    assert sum(node.op is ops.exp for node in trace.graph({"y": y}).nodes) == 1


def test_a_trace_pairs_each_value_with_its_gradient() -> None:
    with Trace() as trace, GradientTape() as tape:
        x = trace.input("x", (3,), np.dtype("float32"))
        hidden = x * 2.0
        (dx,) = tape.gradient(ops.sum(hidden * hidden), [x])
    graph = trace.graph({"dx": dx})
    assert graph.adjoints[graph.inputs["x"]] is graph.outputs["dx"]
    assert graph.adjoints[hidden.node].shape == (3,)


# --- the same error at the prompt and in a recording -------------------------------------------------------------

MISFITS = {
    "add": (ops.add, (3,), (2,)),
    "matmul": (ops.matmul, (3, 2), (3, 2)),
    "concatenate": (lambda x, y: ops.concatenate([x, y]), (3,), (2, 2)),
    "take_slice": (lambda x, y: x[5] + y, (3,), (3,)),
    "softmax": (lambda x, y: ops.softmax(x, 1) + y, (3,), (3,)),
    "normalize": (lambda x, y: ops.normalize(x, (2,)) + y, (3, 2), (3,)),
}


@pytest.mark.parametrize("name", MISFITS)
def test_shapes_that_do_not_fit_are_refused_alike(name: str) -> None:
    f, *shapes = MISFITS[name]
    with pytest.raises(ShapeError) as eager:
        f(*(Tensor(np.ones(shape)) for shape in shapes))
    with Trace() as trace, pytest.raises(ShapeError) as recorded:
        f(*(trace.input(f"x{i}", shape, np.dtype("float64")) for i, shape in enumerate(shapes)))
    assert str(eager.value) == str(recorded.value)
