"""einsum and meshgrid against NumPy's, and what an equation cannot say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backlit import ops
from backlit.compat import tf_grids
from backlit.errors import ConfigError, ShapeError
from backlit.tensor import GradientTape, Tensor, Variable

SIZES = {"a": 2, "b": 3, "c": 4, "d": 1, "i": 3, "j": 2, "k": 5}
EQUATIONS = [
    "ij,jk->ik", "ij,jk", "ij,kj->ik", "bij,bjk->bik", "bij,jk->bik", "ij->ji", "ji", "ij->", "ij->i", "i,i->",
    "i,j->ij",
    "abc,abc->", "abc,bc->a", "abc,cd,db->a", "bi,bj,bk->ijk", "ij,ij->ij", "i,ij,j->", " b i j , b j k -> i k ", "ba",
    "ij,k->", "a,b,c->cab", "ab,ab,ab->ba", "ii->i", "ii", "iij->j", "iji,j->i", "bib->ib", "aaa->a",
    "aabb->ba", "ii,jj",
]  # fmt: skip


@pytest.mark.parametrize("equation", EQUATIONS)
def test_equations(equation: str) -> None:
    drawn = np.random.default_rng(1)
    terms = equation.replace(" ", "").partition("->")[0].split(",")
    arrays = [drawn.normal(size=[SIZES[c] for c in term]) for term in terms]
    np.testing.assert_allclose(ops.einsum(equation, *arrays), np.einsum(equation, *arrays), rtol=1e-12, atol=1e-12)
    tensors = ops.einsum(equation, *(Tensor(a) for a in arrays))
    np.testing.assert_allclose(tensors.numpy(), np.einsum(equation, *arrays), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("equation", ["...j,jk->...k", "...ij,...jk->...ik", "...a->a...", "...i,...i", "...cc->c..."])
def test_dots(equation: str) -> None:
    drawn = np.random.default_rng(2)
    shapes: dict[str, Any] = {
        "...j": (2, 3, 4),
        "jk": (4, 5),
        "...ij": (2, 3, 4),
        "...jk": (2, 4, 2),
        "...": (2, 3),
        "...cc": (2, 3, 3),
    }
    terms = equation.partition("->")[0].split(",")
    arrays = [drawn.normal(size=shapes.get(term, (2, 3, 4))) for term in terms]
    np.testing.assert_allclose(ops.einsum(equation, *arrays), np.einsum(equation, *arrays), rtol=1e-12)


@pytest.mark.parametrize(
    ("equation", "shapes", "why"),
    [
        ("ij,jk->ik", [(2, 3)], "names 2 operands, 1 were given"),
        ("ij,jk->ik", [(2, 3), (4, 2)], "'j' is 3 at one place, 4 at another"),
        ("ij->i", [(2, 3, 4)], "does not name the 3 axes"),
        ("ii->ii", [(2, 2)], "a letter twice in the result"),
        ("ii->i", [(2, 3)], "'i' is 2 at one place, 3 at another"),
        ("ij->ik", [(2, 2)], "one that no operand has"),
        ("...i,...i", [(2, 3), (3,)], "Expected as many in each operand"),
        ("i1->i", [(2, 2)], "one letter each"),
    ],
)
def test_what_does_not_fit_is_named(equation: str, shapes: list[Any], why: str) -> None:
    with pytest.raises(ShapeError, match=why):
        ops.einsum(equation, *(np.ones(shape) for shape in shapes))


@pytest.mark.parametrize("indexing", ["xy", "ij"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_meshgrid(indexing: str, count: int) -> None:
    arrays = [np.arange(n, dtype="float32") for n in (2, 3, 4)[:count]]
    found = tf_grids.meshgrid(*arrays, indexing=indexing)
    for ours, theirs in zip(found, np.meshgrid(*arrays, indexing=indexing), strict=True):  # type: ignore[call-overload]
        np.testing.assert_array_equal(ours.numpy(), theirs)
    with pytest.raises(ConfigError, match="indexing"):
        tf_grids.meshgrid([1], indexing="yx")


def test_gradients_pass_through_meshgrid() -> None:
    x = Variable(np.array([1.0, 2.0]))
    with GradientTape() as tape:
        across, down = tf_grids.meshgrid(x, np.array([3.0, 4.0, 5.0]))
        total = ops.sum(across * down)
    np.testing.assert_allclose(tape.gradient(total, [x])[0].numpy(), [12, 12])
