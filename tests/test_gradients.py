"""Every derivative of the library against a numerical Jacobian in float64, with random cotangents.

The tables are in `gradient_cases`; what is registered and has no row fails here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from gradient_cases import curves, layers, losses, operations
from gradient_cases.draw import LAYOUTS, laid_out
from gradient_cases.operations import Row
from gradient_cases.proof import MARGIN, Case, Recorded, drawn, floats, prove, second_order, used_twice

import backlit
from backlit import activations, ops
from backlit.graph import Node, evaluate, expand, gradients, input_node, topological
from backlit.ops.op import Op

# --- the cases ---------------------------------------------------------------------------------------------------


def recorded(row: Row, rng: np.random.Generator, layout: str = "") -> Recorded:
    """Record a row of the tables of ops and activations on random inputs."""
    arrays = [laid_out(domain(rng, shape), layout) for domain, shape in zip(row.domains, row.shapes, strict=True)]
    nodes = [input_node("x", a.shape, a.dtype) for a in arrays]
    return Recorded([row.function(*nodes)], floats(nodes), dict(zip(nodes, arrays, strict=True)))


NO_BODY = {"sparsemax"}  # sorts: its body finds the threshold, its own rule the gradient


def through_body(found: Recorded, _: np.random.Generator) -> Recorded:
    """Put a composite op's body in its place, so that its own backward rule is not used."""
    return found._replace(outputs=[expand(y.op, y.inputs, y.attrs) for y in found.outputs])


def row_cases() -> Iterator[Case]:
    for row in (*operations.rows(), *operations.internal(), *curves.rows()):
        build = lambda rng, row=row: recorded(row, rng)  # noqa: E731
        yield Case(row.name, row.label, build)
        yield Case(row.name, f"{row.label} second order", build, then=second_order)
        yield Case(row.name, f"{row.label} used twice", build, then=used_twice)
        if row.name not in NO_BODY and build(np.random.default_rng(0)).outputs[0].op.body is not None:
            yield Case(row.name, f"{row.label} through its body", build, then=through_body)
        if () not in row.shapes:
            for layout in LAYOUTS:
                yield Case(row.name, f"{row.label} {layout}", lambda rng, row=row, lay=layout: recorded(row, rng, lay))


CASES = [*row_cases(), *losses.cases(), *layers.cases()]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_gradient(case: Case) -> None:
    prove(case)


# --- the tables are complete -------------------------------------------------------------------------------------


def test_there_are_thousands_of_cases() -> None:
    assert len(CASES) >= 3000
    assert len({str(case) for case in CASES}) == len(CASES)


def test_every_public_op_has_a_row() -> None:
    proven = {row.name for row in operations.rows()}
    listed = proven | set(operations.NO_GRADIENT) | set(operations.OTHER) | operations.MACHINERY
    assert set(ops.__all__) - listed == set(), "give the new op a row in gradient_cases/operations.py"
    assert listed - set(ops.__all__) == set()
    assert not proven & set(operations.NO_GRADIENT)


def test_every_activation_has_a_row() -> None:
    assert {row.name for row in curves.rows()} == set(activations.ACTIVATIONS)


def test_every_loss_has_a_row() -> None:
    registered = set(backlit.losses.names.FUNCTIONS) | {c.rule.__name__ for c in backlit.losses.names.CLASSES.values()}
    assert set(losses.ROWS) == registered


def test_every_layer_has_a_row() -> None:
    classes = {name for name in backlit.layers.__all__ if isinstance(getattr(backlit.layers, name), type)}
    assert set(layers.ROWS) == classes - layers.BASES  # functions, as `layers.add`, make layers that have a row


# --- what the cases touch ----------------------------------------------------------------------------------------


class Survey:
    """What all cases record: the ops they differentiate, and how many draws lay near a kink, by row."""

    def __init__(self) -> None:
        self.ops: set[Op] = set()
        self.redrawn: Counter[str] = Counter()
        self.cases: Counter[str] = Counter()
        for case in CASES:
            if case.then in (None, second_order):
                found, redrawn = drawn(case)
                found = found if case.then is None else case.then(found, np.random.default_rng(1))
                self.ops.update(node.op for node in topological(found.outputs))
                self.redrawn[case.row] += redrawn
                self.cases[case.row] += 1


@pytest.fixture(scope="module")
def survey() -> Survey:
    return Survey()


def registered_ops() -> dict[str, Op]:
    """Return every op the loaded modules hold, with the local derivatives that stand beside them."""
    import sys

    found = [v for name, m in list(sys.modules.items()) if name.startswith("backlit.") for v in vars(m).values()]
    rules = [v for v in found if isinstance(v, Op)]
    rules += [op.derivative for op in rules if op.derivative is not None]
    return {f"{op.name} {op.__doc__}": op for op in rules}


def test_every_op_is_differentiated_somewhere(survey: Survey) -> None:
    differentiable = [op for op in registered_ops().values() if op.kind not in ("random", "source")]
    left_out = {op.name for op in differentiable if op not in survey.ops}
    assert left_out - set(operations.NO_GRADIENT) - set(operations.OTHER) == set()


def test_points_near_a_kink_are_excluded_and_counted(survey: Survey, record_property: pytest.RecordProperty) -> None:
    total = sum(survey.redrawn.values())
    record_property("draws excluded near a kink", total)
    record_property("draws excluded by row", dict(survey.redrawn.most_common()))
    print(f"{total} draws of {sum(survey.cases.values())} cases lay within {MARGIN} of a kink and were drawn again")
    assert 0 < total < 0.05 * sum(survey.cases.values())
    smooth = ("exp", "tanh", "matmul", "add", "mean", "sum", "reshape", "gather", "normalize", "Add", "Rescaling")
    assert not any(survey.redrawn[name] for name in smooth)


# --- where there is nothing to prove numerically -----------------------------------------------------------------

KINKS = [  # name, where, and the derivative the library documents there
    ("absolute", ops.absolute, 0.0, 0.0),
    ("maximum: half", lambda x: ops.maximum(x, 0.0), 0.0, 0.5),
    ("minimum: half", lambda x: ops.minimum(x, 0.0), 0.0, 0.5),
    ("clip: half", lambda x: ops.clip(x, 0.0, 1.0), 1.0, 0.5),
    ("relu", activations.relu, 0.0, 0.0),
    ("leaky_relu", lambda x: activations.leaky_relu(x, 0.1), 0.0, 0.1),
    ("relu6 low", activations.relu6, 0.0, 0.0),
    ("relu6 high", activations.relu6, 6.0, 0.0),
    ("elu", lambda x: activations.elu(x, 0.5), 0.0, 0.5),
    ("hard_tanh", activations.hard_tanh, 1.0, 0.0),
    ("soft_shrink", activations.soft_shrink, 0.5, 0.0),
]


def derivative_at(f: object, value: object) -> np.ndarray:
    x = np.asarray(value, np.float64)
    node = input_node("x", x.shape, x.dtype)
    (dx,) = gradients([f(node)], [node])  # type: ignore[operator]
    return np.zeros(x.shape) if dx is None else evaluate([dx], {node: x})[0]


@pytest.mark.parametrize(("f", "where", "expected"), [row[1:] for row in KINKS], ids=[row[0] for row in KINKS])
def test_derivative_at_a_kink(f: object, where: float, expected: float) -> None:
    assert derivative_at(f, where) == expected


def test_equal_extremes_share_the_gradient() -> None:
    tie = [[1.0, 3.0, 3.0, 3.0], [5.0, 5.0, 2.0, 0.0]]
    np.testing.assert_array_equal(derivative_at(lambda x: ops.max(x, -1), tie)[0], [0, 1 / 3, 1 / 3, 1 / 3])
    np.testing.assert_array_equal(derivative_at(lambda x: ops.max(x, -1), tie)[1], [0.5, 0.5, 0, 0])


@pytest.mark.parametrize("zeros", [(), (1,), (0, 2)], ids=str)
def test_product_with_zeros(zeros: tuple[int, ...]) -> None:
    x = np.array([2.0, 3.0, -1.5])
    x[list(zeros)] = 0.0
    others = [np.prod(np.delete(x, i)) for i in range(3)]
    np.testing.assert_allclose(derivative_at(ops.prod, x), others, rtol=1e-15)


STEPS = [name for name, why in operations.NO_GRADIENT.items() if why.startswith("a step")]


@pytest.mark.parametrize("name", STEPS)
def test_no_gradient_passes_a_step(name: str) -> None:
    step = getattr(ops, name)
    f = (lambda x: step(x, 0.7)) if step.arity == 2 else step
    np.testing.assert_array_equal(derivative_at(f, [0.3, -1.2]), [0.0, 0.0])


def test_stop_gradient() -> None:
    np.testing.assert_array_equal(derivative_at(lambda x: x * ops.stop_gradient(x), [3.0, -2.0]), [3.0, -2.0])


def test_sort_refuses_rather_than_giving_a_wrong_gradient() -> None:
    with pytest.raises(backlit.errors.NotDifferentiable, match="sort"):
        derivative_at(ops.sort, [3.0, 1.0])


def test_cast() -> None:
    dx = derivative_at(lambda x: ops.cast(x, dtype="float32") * np.float32(3), [1.0, 2.0])
    assert dx.dtype == np.float64
    np.testing.assert_array_equal(dx, [3.0, 3.0])
    through_integers = lambda x: ops.cast(ops.cast(x, dtype="int32"), dtype="float64")  # noqa: E731
    np.testing.assert_array_equal(derivative_at(through_integers, [1.5]), [0])


def test_no_gradient_for_integers() -> None:
    node = input_node("i", (3,), np.dtype("int32"))
    assert gradients([ops.sum(node * 2.5)], [node]) == [None]


def test_incoming_gradient_of_another_shape_is_refused() -> None:
    node = input_node("x", (3,), np.dtype("float64"))
    with pytest.raises(backlit.errors.ShapeError, match=r"\(2,\)"):
        gradients([node * 2.0], [node], [input_node("dy", (2,), np.dtype("float64"))])


# --- composite rules and deep graphs -----------------------------------------------------------------------------


@ops.composite("softmax", lambda a, b: a)
def product_of(a: object, b: object) -> object:
    """y = a * b, without a backward rule: it is differentiated through this body"""
    return a * b  # type: ignore[operator]


def test_composite_of_a_value_and_what_was_made_of_it() -> None:
    # the walk through the body ends at its inputs: exp(x) must not pass its gradient on to x twice
    x = np.array([0.5, -1.0])
    np.testing.assert_allclose(derivative_at(lambda x: product_of(x, ops.exp(x)), x), np.exp(x) * (1 + x), rtol=1e-15)


def test_composite_of_one_value_twice() -> None:
    np.testing.assert_allclose(derivative_at(lambda x: product_of(x, x), [3.0, -1.0]), [6.0, -2.0])


def test_composite_with_a_constant() -> None:
    np.testing.assert_allclose(derivative_at(lambda x: product_of(x, 4.0), [3.0, -1.0]), [4.0, 4.0])


def test_bare_numbers_in_a_rule_have_the_precision_of_its_input() -> None:
    node = input_node("x", (1,), np.dtype("float64"))
    y = expand(activations.rectifiers.leaky_relu_derivative, [node], {"negative_slope": 0.1})
    assert y.dtype == np.float64
    assert evaluate([y], {node: np.array([-1.0])})[0][0] == 0.1


def test_ten_thousand_nodes_deep() -> None:
    node = y = input_node("x", (), np.dtype("float64"))
    for _ in range(10_000):
        y = ops.sin(y) + 0.5
    (dx,) = gradients([y], [node])
    value, expected = 0.3, 1.0
    for _ in range(10_000):
        value, expected = np.sin(value) + 0.5, expected * np.cos(value)
    assert isinstance(dx, Node)
    np.testing.assert_allclose(evaluate([dx], {node: np.float64(0.3)})[0], expected, rtol=1e-12)
