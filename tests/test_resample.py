"""Images seen at other coordinates: as SciPy sees them, the same bits as machine code, and back again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backlit import ops, seeds
from backlit.errors import ConfigError, ShapeError
from backlit.execute import Interpreter
from backlit.ops.image import FILL_MODES, PRIMITIVES
from backlit.ops.op import apply
from backlit.ops.random import uniform_rows
from backlit.tensor import GradientTape, Trace, Variable

Array = np.ndarray
GOLDEN = np.load(Path(__file__).parent / "golden" / "resample.npz")
CVAL = 0.25
RNG = np.random.default_rng(2)


def affine(matrix: Array, offset: Array, height: int, width: int, dtype: str) -> tuple[Array, Array]:
    """Return the rows and columns (1, height, width) an affine map looks at."""
    i, j = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    rows, columns = (m[0] * i + m[1] * j + o for m, o in zip(matrix, offset, strict=True))
    return rows[None].astype(dtype), columns[None].astype(dtype)


@pytest.mark.parametrize("mode", FILL_MODES)
@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("i", range(4))
def test_what_scipy_sees(mode: str, order: int, dtype: str, i: int) -> None:
    image = GOLDEN[f"image{i}"].astype(dtype)
    at = affine(GOLDEN[f"matrix{i}"], GOLDEN[f"offset{i}"], *image.shape, dtype)
    seen = ops.resample(image[None, :, :, None], *at, mode, CVAL, order)
    assert seen.dtype == dtype
    np.testing.assert_allclose(seen[0, :, :, 0], GOLDEN[f"{mode}{order}{i}"], atol=1e-5)


@pytest.mark.parametrize("mode", FILL_MODES)
@pytest.mark.parametrize("order", [0, 1])
def test_whatever_the_coordinates_are_nothing_outside_is_read(mode: str, order: int) -> None:
    image = RNG.random((1, 3, 4, 1)).astype("float32")
    wild = np.array([[[np.nan, np.inf, -np.inf, 1e30, -1e30, 2.0**31, -0.0]]], "float32")
    with np.errstate(invalid="ignore"):
        seen = ops.resample(image, wild, wild, mode, CVAL, order)
    assert np.isfinite(seen).all()
    assert (seen >= 0).all()
    assert (seen <= image.max() + 1e-6).all()


def test_looking_at_every_pixel_gives_the_same_bits_back() -> None:
    image = RNG.normal(size=(2, 5, 6, 3)).astype("float32")
    rows, columns = (np.broadcast_to(a, (2, 5, 6)).astype("float32") for a in np.mgrid[:5, :6])
    for mode in FILL_MODES:
        for order in (0, 1):
            np.testing.assert_array_equal(ops.resample(image, rows, columns, mode, CVAL, order), image)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (lambda a: a | {"fill_mode": "mirror"}, ConfigError, "Known names|Did you mean"),
        (lambda a: a | {"order": 2}, ConfigError, "order=2: expected 0"),
        (lambda a: a | {"order": True}, ConfigError, "order=True"),
        (lambda a: a | {"images": np.ones((3, 3))}, ShapeError, r"\(n, height, width, channels\), got \(3, 3\)"),
        (lambda a: a | {"images": np.ones((2, 0, 3, 1))}, ShapeError, r"got \(2, 0, 3, 1\)"),
        (lambda a: a | {"rows": np.ones((1, 3, 3))}, ShapeError, r"Expected \(2, h, w\) for both"),
        (lambda a: a | {"rows": np.ones((1, 3, 3)), "columns": np.ones((1, 3, 3))}, ShapeError, "Expected"),
    ],
)
def test_bad_arguments(change: Callable[[Any], Any], error: type[Exception], says: str) -> None:
    good = {"images": np.ones((2, 3, 3, 1)), "rows": np.ones((2, 3, 3)), "columns": np.ones((2, 3, 3))}
    with pytest.raises(error, match=says):
        ops.resample(**change(good))


def test_no_gradient_flows_to_coordinates() -> None:
    image, at = Variable(RNG.random((1, 3, 3, 1))), Variable(RNG.random((1, 2, 2)))
    with GradientTape() as tape:
        loss = ops.sum(ops.resample(image, at, at))
    by_image, by_place = tape.gradient(loss, [image, at])
    assert float(ops.sum(by_image).numpy()) == pytest.approx(4)  # the weights of each pixel are one in all
    assert by_place is None


def recorded(arrays: dict[str, Array], build: Callable[..., dict[str, Any]]) -> Any:
    with Trace() as trace:
        return trace.graph(build(**{name: trace.input(name, a.shape, a.dtype) for name, a in arrays.items()}))


@pytest.mark.parametrize("mode", FILL_MODES)
@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize(
    ("shape", "seen", "dtype"),
    [
        ((3, 28, 28, 1), (28, 28), "float32"),
        ((2, 5, 7, 3), (4, 9), "float32"),
        ((1, 1, 4, 2), (3, 5), "float64"),
        ((4, 6, 1, 1), (2, 1), "float64"),
    ],
)
def test_machine_code_gives_the_same_bits(
    mode: str, order: int, shape: tuple[int, int, int, int], seen: tuple[int, int], dtype: str
) -> None:
    native = pytest.importorskip("backlit.execute.native")
    at = {name: RNG.uniform(-9, size + 8, (shape[0], *seen)) for name, size in zip(("rows", "columns"), shape[1:3])}
    arrays = {"x": RNG.random(shape), "dy": RNG.random((shape[0], *seen, shape[3])), **at}
    arrays = {name: array.astype(dtype) for name, array in arrays.items()}
    arrays["rows"][0, 0, 0] = np.nan
    attrs = {"height": shape[1], "width": shape[2], "fill_mode": mode, "order": order}
    _, adjoint = PRIMITIVES

    def build(x: Any, dy: Any, rows: Any, columns: Any) -> dict[str, Any]:
        turned = (ops.transpose(a, (0, 2, 1)) for a in (rows, columns))  # coordinates that do not lie in order
        return {
            "seen": ops.resample(x, rows, columns, mode, CVAL, order),
            "turned": ops.resample(x, *turned, mode, CVAL, order),
            "spread": apply(adjoint, (dy, rows, columns), attrs),
            "sliced": ops.resample(x[:, :, ::-1], rows, columns, mode, CVAL, order),
        }

    graph = recorded(arrays, build)
    meant = Interpreter(graph).run(arrays)
    for threads in (1, 2, 3):
        found = native.prepare(graph, threads).run(arrays)
        for name, array in meant.items():
            np.testing.assert_array_equal(found[name], array, name)


@pytest.mark.parametrize("target", ["", "avx2", "x86-64"])
@pytest.mark.parametrize(
    "shape", [(2, 1, 6, 1), (3, 2, 2, 1), (2, 9, 4, 1), (1, 6, 1, 1), (2, 5, 6, 3)], ids=lambda shape: str(shape)
)
def test_pixels_at_every_edge_on_every_processor(
    target: str, shape: tuple[int, int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two neighbors are read at once where vectors are narrow: at the edges too, and from images that are cut out."""
    native = pytest.importorskip("backlit.execute.native")
    monkeypatch.setenv("BACKLIT_TARGET", target if host_runs(target) else "")
    count, height, width, _ = shape
    corners = np.array([-1.0, 0.0, 0.4, 1.0, 1e9, np.nan, np.inf, -np.inf, height - 1.0, width - 1.0, width - 0.5])
    rows, columns = (np.broadcast_to(a, (count, 11, 11)).astype("float32") for a in np.meshgrid(corners, corners))
    arrays = {
        "x": RNG.random((count, height + 2, width + 1, shape[3])).astype("float32"),
        "rows": rows,
        "columns": columns,
    }

    def build(x: Any, rows: Any, columns: Any) -> dict[str, Any]:
        cut = x[:, 1:-1, 1:]
        few = rows[:, :1, :5], columns[:, :1, :5]  # fewer than a vector
        first = ops.transpose(x, (0, 2, 3, 1))  # channels lie apart, pixels side by side
        seen = {f"few {mode}": ops.resample(cut, *few, mode, CVAL, 1) for mode in FILL_MODES}
        seen |= {f"first {mode}": ops.resample(first, rows, columns, mode, CVAL, 1) for mode in FILL_MODES}
        return seen | {mode: ops.resample(cut, rows, columns, mode, CVAL, 1) for mode in FILL_MODES}

    graph = recorded(arrays, build)
    with np.errstate(invalid="ignore"):
        meant = Interpreter(graph).run(arrays)
    for threads in (1, 2):
        found = native.prepare(graph, threads).run(arrays)
        for name, array in meant.items():
            np.testing.assert_array_equal(found[name], array, name)


def host_runs(target: str) -> bool:
    """Say whether the processor at hand can run the code of another one."""
    from backlit.execute.native import target as targets

    return not target or targets._runs(targets.KNOWN[target])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("count", [1, 3, 4, 31, 33, 100])
def test_numbers_for_many_steps_are_those_of_each_step(dtype: str, count: int) -> None:
    native = pytest.importorskip("backlit.execute.native")
    steps = np.array([0, 7, (5 << 32) + 7, 2**62])
    arrays = {"seed": np.asarray(2**40 + 3), "steps": steps}
    graph = recorded(arrays, lambda seed, steps: {"out": uniform_rows(seed, steps, 17, count, dtype)})
    meant = np.stack([seeds.uniform(2**40 + 3, 17, int(step), (count,), dtype) for step in steps])
    np.testing.assert_array_equal(Interpreter(graph).run(arrays)["out"], meant)
    for threads in (1, 2, 3):
        np.testing.assert_array_equal(native.prepare(graph, threads).run(arrays)["out"], meant)
