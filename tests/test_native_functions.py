"""The elementary functions of machine code, against NumPy in a wider dtype: how far off, and what of the odd numbers.

Every function runs for this processor and for older ones it can stand in for: the oldest has no fused products.

Native runs take denormal numbers for 0: what is meant is the function of the arguments flushed so, and a result below
the smallest normal number may be 0 of its sign. Nothing else is granted.
"""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from golden.fit_functions import tables

from backlit import ops
from backlit.execute.native import prepare

pytest.importorskip("llvmlite")
from backlit.execute.native import coefficients, machine, object_cache, slices
from backlit.execute.native.assembly import assembled
from backlit.execute.native.lower import lowered
from backlit.execute.native.target import KNOWN, ready
from backlit.tensor import Trace

DTYPES = ("float32", "float64")
BOUNDS = {  # the largest error in units in the last place: float32, float64
    "exp": (1.6, 1.8), "expm1": (1.7, 2.2), "log": (0.9, 0.9), "log1p": (1.5, 1.5), "tanh": (1.6, 1.6),
    "sin": (1.7, 2.5), "cos": (1.7, 2.5), "arctan": (1.7, 1.7), "power": (0.51, 2.9),
}  # fmt: skip
WIDER = {"float32": np.float64, "float64": np.longdouble}
NEEDED = {"x86-64": ("sse2",), "avx2": ("avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe")}
FLUSHES = platform.machine().lower() in ("x86_64", "amd64", "aarch64", "arm64")
FLUSHED, KEPT = "flushed", "kept"  # what becomes of denormal numbers
APART: dict[Any, Any] = {}  # the kernels that keep denormal numbers: here as long as their runners may run
Arrays = tuple[np.ndarray, ...]


def can_run(target: str) -> bool:
    features = ready().get_host_cpu_features()
    return sys.platform == "linux" and all(features.get(feature) for feature in NEEDED[target])


PROCESSORS = [
    "host",
    *(
        pytest.param(target, marks=pytest.mark.skipif(not can_run(target), reason=f"this processor is no {target}"))
        for target in NEEDED
    ),
]


def graph_of(name: str, shape: tuple[int, ...], dtype: str) -> Any:
    with Trace() as trace:
        count = 2 if name == "power" else 1
        inputs = [trace.input(f"x{i}", shape, np.dtype(dtype)) for i in range(count)]
        return trace.graph({"y": getattr(ops, name)(*inputs)})


@cache
def compiled(
    name: str, shape: tuple[int, ...], dtype: str, processor: str = "host", denormals: str = FLUSHED
) -> Callable[..., np.ndarray]:
    with pytest.MonkeyPatch.context() as patch:
        if processor != "host":
            patch.setenv("BACKLIT_TARGET", processor)
        if denormals == KEPT:
            keep_denormals(patch)
        runner = prepare(graph_of(name, shape, dtype))
    assert processor == "host" or runner.target == KNOWN[processor]
    return lambda *arrays: runner.run({f"x{i}": a for i, a in enumerate(arrays)})["y"].copy()


def keep_denormals(patch: pytest.MonkeyPatch) -> None:
    """Let what is prepared next leave the processor as it is. No cache may hand such code to others."""
    patch.setattr(slices, "FLUSH_X86", 0)
    patch.setattr(slices, "FLUSH_ARM", 0)
    patch.setattr(machine, "_kernels", APART)
    patch.setattr(object_cache, "load", lambda key: None)
    patch.setattr(object_cache, "store", lambda key, code: None)


def flushed(arrays: Arrays) -> Arrays:
    """Return the arguments as a run sees them: what is below the smallest normal number is 0, with its sign."""
    return tuple(np.where(is_denormal(a), np.copysign(a.dtype.type(0), a), a) for a in arrays)


def is_denormal(a: np.ndarray) -> np.ndarray:
    return (np.abs(a) < np.finfo(a.dtype).smallest_normal) & (a != 0)


def right(name: str, arrays: Arrays, dtype: Any) -> np.ndarray:
    with np.errstate(all="ignore"):
        return getattr(np, name)(*(a.astype(dtype) for a in arrays))


def rounded_to(dtype: Any, numbers: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return numbers.astype(dtype)


def ulps(ours: np.ndarray, meant: np.ndarray, denormals: str = FLUSHED) -> np.ndarray:
    """Return how far each number is off, in units in the last place; infinitely if only one of the two is finite."""
    rounded = rounded_to(ours.dtype, meant)
    with np.errstate(all="ignore"):
        off = distance(ours, meant, denormals) / np.spacing(np.abs(rounded))
    same = (ours == rounded) | (np.isnan(ours) & np.isnan(rounded))
    finite = np.isfinite(ours) & np.isfinite(rounded)
    return np.where(finite, off, np.where(same, 0.0, np.inf)).astype(float)


def distance(ours: np.ndarray, meant: np.ndarray, denormals: str) -> np.ndarray:
    """Return how far each number is off. A flushed 0 stands for the nearest number of its sign that is flushed."""
    off = np.abs(ours.astype(meant.dtype) - meant)
    if denormals == KEPT:
        return off
    number = np.finfo(ours.dtype)
    half_unit = meant.dtype.type(number.smallest_subnormal) / 2  # the last place right below the smallest normal number
    largest = meant.dtype.type(number.smallest_normal) - half_unit
    flushed_away = (ours == 0) & (np.signbit(ours) == np.signbit(meant))
    return np.where(flushed_away, np.maximum(np.abs(meant) - largest, 0), off)


# --- errors ------------------------------------------------------------------------------------------------------


def all_sizes(generator: np.random.Generator, n: int, dtype: str) -> np.ndarray:
    """Return numbers of random bits: every exponent, denormal ones too, infinities and NaN."""
    size = np.dtype(dtype).itemsize
    return generator.integers(0, 2 ** (8 * size), n, f"u{size}").view(dtype)


def samples(name: str, generator: np.random.Generator, n: int, dtype: str) -> Arrays:
    """Return numbers of all sizes, numbers where the function bends, and numbers near its worst places."""
    number = np.finfo(dtype)
    low, high = float(np.log(number.smallest_subnormal)) - 1, float(np.log(number.max))
    if name == "power":
        x = np.concatenate([all_sizes(generator, n // 3, dtype), generator.uniform(0.6, 1.5, n - n // 3).astype(dtype)])
        with np.errstate(all="ignore"):
            y = generator.uniform(low, high, n) / np.log(np.abs(x.astype(float)))
        y[n // 6 : n // 3] = generator.integers(-4, 5, n // 3 - n // 6)
        return x, np.nan_to_num(y, nan=0.5, posinf=2.0, neginf=2.0).astype(dtype)
    far = {"sin": 26, "cos": 26}.get(name, number.maxexp)
    sizes = np.ldexp(generator.uniform(1, 2, n // 4), generator.integers(number.minexp, far - 1, n // 4))
    edges = (2 * generator.integers(-75, 64, n // 8) + 1) * np.log(2) * (1 + 1e-6 * generator.uniform(-1, 1, n // 8))
    parts = [
        generator.uniform(low, high, n // 8), edges, generator.uniform(-3, 3, n // 4),
        generator.uniform(0.3, 1.7, n // 4), generator.choice([-1, 1], n // 4) * sizes,
    ]  # fmt: skip
    everything = [] if name in ("sin", "cos") else [all_sizes(generator, n // 4, dtype)]
    return (np.concatenate([np.concatenate(parts).astype(dtype), *everything]),)


@pytest.mark.parametrize("processor", PROCESSORS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BOUNDS)
def test_the_error_is_below_its_bound(name: str, dtype: str, processor: str) -> None:
    n = {"float32": 1_000_000, "float64": 400_000}[dtype] // (1 if processor == "host" else 4)
    arrays = samples(name, np.random.default_rng(n), n, dtype)
    ours = compiled(name, arrays[0].shape, dtype, processor)(*arrays)
    off = ulps(ours, right(name, flushed(arrays), WIDER[dtype]))
    worst = int(off.argmax())
    blur = 1.0 if WIDER[dtype] == np.longdouble and np.finfo(np.longdouble).nmant == 52 else 0.0
    assert off[worst] <= BOUNDS[name][DTYPES.index(dtype)] + blur, [a[worst] for a in arrays]
    assert off[np.isfinite(off) & (ours != 0)].mean() < 0.5


@pytest.mark.parametrize("processor", PROCESSORS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["sin", "cos"])
def test_angles_far_out_and_near_whole_turns(name: str, dtype: str, processor: str) -> None:
    generator = np.random.default_rng(0)
    turns = (np.arange(1, 100_001) * (np.pi / 2)).astype(dtype)
    edge = generator.uniform(0.9, 1.1, 1000) * {"float32": 1e7, "float64": 1e9}[dtype]
    far = np.ldexp(generator.uniform(1, 2, 1000), generator.integers(24, 120, 1000))
    x = np.concatenate([turns, edge, -far, [1e9, -1e5]]).astype(dtype)
    off = ulps(compiled(name, x.shape, dtype, processor)(x), right(name, (x,), WIDER[dtype]))
    assert off.max() <= 3.0, x[off.argmax()]


# --- odd numbers -------------------------------------------------------------------------------------------------


def special(dtype: str) -> np.ndarray:
    number = np.finfo(dtype)
    sizes = [
        0.0, number.smallest_subnormal, number.smallest_subnormal * 3, number.smallest_normal / 2,
        number.smallest_normal, number.eps, 0.1, 0.5, 1 - number.eps, 1.0, 1 + number.eps, 1.5, 2.0, 3.0, 4.0, 17.0,
        2.0**number.nmant - 1, 2.0**number.nmant, 2.0**number.nmant + 1, 2.0 ** (number.nmant + 1) + 2, number.max,
        np.inf, np.nan, np.log(number.max), np.log(number.smallest_normal), -np.log(number.smallest_subnormal),
    ]  # fmt: skip
    values = np.array([*sizes, *(-size for size in sizes)], dtype)
    odd_nan = np.frombuffer(np.array(np.nan, dtype).tobytes(), f"u{number.bits // 8}") | 0x1FF  # with a payload
    return np.concatenate([values, odd_nan.view(dtype)])


def assert_special(name: str, ours: np.ndarray, arrays: Arrays, denormals: str) -> None:
    """NaN, infinities and zeros are NumPy's, with their signs; the rest is close."""
    dtype = arrays[0].dtype.name
    arrays = flushed(arrays) if denormals == FLUSHED else arrays
    meant = right(name, arrays, WIDER[dtype])
    off = ulps(ours, meant, denormals)
    assert off.max() <= 3.0, [a[off.argmax()] for a in arrays]
    numpys = right(name, arrays, dtype)
    numbers = ~np.isnan(numpys)
    np.testing.assert_array_equal(np.signbit(ours)[numbers], np.signbit(numpys)[numbers])
    ends = ~np.isfinite(numpys) | (numpys == 0)
    close = rounded_to(dtype, meant) == numpys  # where NumPy itself rounds to the other side of an end
    np.testing.assert_array_equal(ours[ends & close], numpys[ends & close])


@pytest.mark.parametrize("denormals", [FLUSHED, KEPT])
@pytest.mark.parametrize("processor", PROCESSORS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BOUNDS)
def test_special_numbers_are_those_of_numpy(name: str, dtype: str, processor: str, denormals: str) -> None:
    values = special(dtype)
    arrays = (values,) if name != "power" else tuple(a.ravel() for a in np.meshgrid(values, values))
    ours = compiled(name, arrays[0].shape, dtype, processor, denormals)(*arrays)
    assert_special(name, ours, arrays, denormals if FLUSHES else KEPT)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BOUNDS)
def test_one_number_alone_is_as_in_a_vector(name: str, dtype: str) -> None:
    values = special(dtype)
    arrays = (values,) if name != "power" else (values, np.roll(values, 7))
    alone, together = compiled(name, (), dtype), compiled(name, values.shape, dtype)(*arrays)
    for i in range(len(values)):
        np.testing.assert_array_equal(alone(*(a[i : i + 1].reshape(()) for a in arrays)), together[i])


# --- shape -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["exp", "expm1", "log", "log1p", "tanh", "arctan"])
def test_what_rises_rises(name: str, dtype: str) -> None:
    x = np.sort(np.concatenate([np.linspace(-0.999, 20, 40_000), np.linspace(0.3, 1.5, 40_000)])).astype(dtype)
    x = x[x > 0] if name == "log" else x
    y = compiled(name, x.shape, dtype)(x)
    assert (np.diff(y) >= -2 * np.spacing(np.abs(y[1:]))).all()
    assert (np.sign(y) == np.sign(right(name, (x,), dtype))).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_symmetry_is_exact(dtype: str) -> None:
    x = np.random.default_rng(0).normal(scale=20, size=10_000).astype(dtype)
    for name in ("sin", "tanh", "arctan"):
        f = compiled(name, x.shape, dtype)
        np.testing.assert_array_equal(f(-x), -f(x))
    f = compiled("cos", x.shape, dtype)
    np.testing.assert_array_equal(f(-x), f(x))


@pytest.mark.parametrize("target", KNOWN)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BOUNDS)
def test_only_far_angles_ask_the_c_library(name: str, dtype: str, target: str) -> None:
    calls = assembled(lowered(graph_of(name, (100,), dtype)), KNOWN[target], 1).calls()
    text = machine.module_text([call.code for call in calls], KNOWN[target])
    called = set(re.findall(r'declare \S.*?@"([^"]+)"', text))
    one_instruction = re.compile(r"llvm\.(fmuladd|fabs|copysign|masked\.(load|store))\.")
    library = {name + "f" * (dtype == "float32")} if name in ("sin", "cos") else set()
    assert called
    assert {function for function in called if not one_instruction.match(function)} == library
    processor = machine.machine_for(KNOWN[target])
    code = processor.emit_assembly(machine.optimized(text, processor))
    linked = re.findall(r"([a-zA-Z_]\w*)@(?:GOT|GOTPCREL|PLT)\b|(?<!%)\b(?:callq?|bl)[ \t]+([a-zA-Z_]\w*)", code)
    assert {a or b for a, b in linked} == library


# --- denormal numbers taken for 0 --------------------------------------------------------------------------------


@pytest.mark.skipif(not FLUSHES, reason="knows no register that flushes denormal numbers")
@pytest.mark.parametrize("processor", PROCESSORS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BOUNDS)
def test_flushed_denormals_change_only_denormal_results(name: str, dtype: str, processor: str) -> None:
    generator = np.random.default_rng(1)
    arrays = samples(name, generator, 20_000, dtype)
    arrays = tuple(np.where(is_denormal(a), a.dtype.type(0.25), a) for a in arrays)
    kept = compiled(name, arrays[0].shape, dtype, processor, KEPT)(*arrays)
    ours = compiled(name, arrays[0].shape, dtype, processor)(*arrays)
    denormal = is_denormal(kept)
    np.testing.assert_array_equal(ours[~denormal], kept[~denormal])
    assert not ours[denormal].any()
    assert denormal.any() or name not in ("exp", "power")


@pytest.mark.skipif(not FLUSHES, reason="knows no register that flushes denormal numbers")
@pytest.mark.parametrize("processor", PROCESSORS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BOUNDS)
def test_denormal_arguments_count_as_zero(name: str, dtype: str, processor: str) -> None:
    number = np.finfo(dtype)
    sizes = np.array([1, 2, 3, 2 ** (number.nmant - 1), 2**number.nmant - 1]) * number.smallest_subnormal
    tiny = np.concatenate([sizes, -sizes]).astype(dtype)
    assert is_denormal(tiny).all()
    others = np.array([0.0, -0.0, 0.5, -0.5, 2.0, -3.0, 1.0, np.inf, -np.inf, np.nan], dtype)
    arrays = (tiny,) if name != "power" else (np.concatenate([tiny, others]), np.concatenate([others, tiny]))
    run = compiled(name, arrays[0].shape, dtype, processor)
    ours, meant = run(*arrays), run(*flushed(arrays))
    np.testing.assert_array_equal(ours, meant)
    np.testing.assert_array_equal(np.signbit(ours), np.signbit(meant))


# --- numbers -----------------------------------------------------------------------------------------------------


def test_the_coefficients_are_those_of_their_maker() -> None:
    for name, (_, rows) in tables().items():
        ours = getattr(coefficients, name)
        assert ours.keys() == rows.keys()
        for dtype, numbers in rows.items():
            assert ours[dtype] == pytest.approx(numbers, rel=1e-6), (name, dtype)
