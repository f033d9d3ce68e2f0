"""The elementary functions of machine code, against NumPy in a wider dtype: how far off, and what of the odd numbers.

Every function runs for this processor and, where there is one, for the oldest of its kind, without fused products.
"""

from __future__ import annotations

import ctypes
import platform
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from golden.fit_functions import tables

from backlit import ops
from backlit.execute.native import prepare

pytest.importorskip("llvmlite")
from llvmlite import binding, ir

from backlit.execute.native import coefficients, machine
from backlit.execute.native.emit import emitted
from backlit.execute.native.lower import lowered
from backlit.execute.native.plan import planned
from backlit.tensor import Trace

DTYPES = ("float32", "float64")
BOUNDS = {  # the largest error in units in the last place: float32, float64
    "exp": (1.6, 1.8), "expm1": (1.7, 2.2), "log": (0.9, 0.9), "log1p": (1.5, 1.5), "tanh": (1.6, 1.6),
    "sin": (1.7, 2.5), "cos": (1.7, 2.5), "arctan": (1.7, 1.7), "power": (0.51, 2.9),
}  # fmt: skip
WIDER = {"float32": np.float64, "float64": np.longdouble}
X86 = platform.machine().lower() in ("x86_64", "amd64")
PROCESSORS = ["host", pytest.param("plain", marks=pytest.mark.skipif(not X86, reason="names an x86-64"))]
Arrays = tuple[np.ndarray, ...]


def graph_of(name: str, shape: tuple[int, ...], dtype: str) -> Any:
    with Trace() as trace:
        count = 2 if name == "power" else 1
        inputs = [trace.input(f"x{i}", shape, np.dtype(dtype)) for i in range(count)]
        return trace.graph({"y": getattr(ops, name)(*inputs)})


@cache
def compiled(name: str, shape: tuple[int, ...], dtype: str, processor: str = "host") -> Callable[..., np.ndarray]:
    with pytest.MonkeyPatch.context() as patch:
        if processor == "plain":
            patch.setattr(machine, "host_machine", plain_machine)
        runner = prepare(graph_of(name, shape, dtype))
    return lambda *arrays: runner.run({f"x{i}": a for i, a in enumerate(arrays)})["y"].copy()


def plain_machine() -> Any:
    machine._ready()
    target = binding.Target.from_default_triple()
    return target.create_target_machine(cpu="x86-64", features="", opt=3, jit=True)


def right(name: str, arrays: Arrays, dtype: Any) -> np.ndarray:
    with np.errstate(all="ignore"):
        return getattr(np, name)(*(a.astype(dtype) for a in arrays))


def rounded_to(dtype: Any, numbers: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return numbers.astype(dtype)


def ulps(ours: np.ndarray, meant: np.ndarray) -> np.ndarray:
    """Return how far each number is off, in units in the last place; infinitely if only one of the two is finite."""
    rounded = rounded_to(ours.dtype, meant)
    with np.errstate(all="ignore"):
        off = np.abs(ours.astype(meant.dtype) - meant) / np.spacing(np.abs(rounded))
    same = (ours == rounded) | (np.isnan(ours) & np.isnan(rounded))
    finite = np.isfinite(ours) & np.isfinite(rounded)
    return np.where(finite, off, np.where(same, 0.0, np.inf)).astype(float)


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
    off = ulps(ours, right(name, arrays, WIDER[dtype]))
    worst = int(off.argmax())
    blur = 1.0 if WIDER[dtype] == np.longdouble and np.finfo(np.longdouble).nmant == 52 else 0.0
    assert off[worst] <= BOUNDS[name][DTYPES.index(dtype)] + blur, [a[worst] for a in arrays]
    assert off[np.isfinite(off)].mean() < 0.5


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


def assert_special(name: str, ours: np.ndarray, arrays: Arrays) -> None:
    """NaN, infinities and zeros are NumPy's, with their signs; the rest is close."""
    dtype = arrays[0].dtype.name
    meant = right(name, arrays, WIDER[dtype])
    off = ulps(ours, meant)
    assert off.max() <= 3.0, [a[off.argmax()] for a in arrays]
    numpys = right(name, arrays, dtype)
    numbers = ~np.isnan(numpys)
    np.testing.assert_array_equal(np.signbit(ours)[numbers], np.signbit(numpys)[numbers])
    ends = ~np.isfinite(numpys) | (numpys == 0)
    close = rounded_to(dtype, meant) == numpys  # where NumPy itself rounds to the other side of an end
    np.testing.assert_array_equal(ours[ends & close], numpys[ends & close])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BOUNDS)
def test_special_numbers_are_those_of_numpy(name: str, dtype: str) -> None:
    values = special(dtype)
    arrays = (values,) if name != "power" else tuple(a.ravel() for a in np.meshgrid(values, values))
    assert_special(name, compiled(name, arrays[0].shape, dtype)(*arrays), arrays)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BOUNDS)
def test_one_number_alone_is_as_in_a_vector(name: str, dtype: str) -> None:
    values = special(dtype)
    arrays = (values,) if name != "power" else (values, np.roll(values, 7))
    alone, together = compiled(name, (), dtype), compiled(name, values.shape, dtype)(*arrays)
    for i in range(len(values)):
        np.testing.assert_array_equal(alone(*(a[i : i + 1].reshape(()) for a in arrays)), together[i])


@pytest.mark.parametrize("name", BOUNDS)
def test_half_precision_is_single_rounded(name: str) -> None:
    x = np.linspace(0.01, 3, 77).astype("float16")
    arrays = (x, x[::-1].copy())[: 2 if name == "power" else 1]
    single = compiled(name, x.shape, "float32")(*(a.astype("float32") for a in arrays))
    ours = compiled(name, x.shape, "float16")(*arrays)
    assert ours.dtype == "float16"
    np.testing.assert_array_equal(ours, single.astype("float16"))


def test_no_powers_of_integers() -> None:
    with pytest.raises(NotImplementedError, match="power of integers"):
        compiled("power", (4,), "int32")


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


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BOUNDS)
def test_only_far_angles_ask_the_c_library(name: str, dtype: str) -> None:
    module, _ = emitted(planned(lowered(graph_of(name, (100,), dtype))))
    called = set(re.findall(r'declare \S.*?@"([^"]+)"', str(module)))
    one_instruction = re.compile(r"llvm\.(fmuladd|fabs|copysign|masked\.(load|store))\.")
    allowed = {name, name + "f"} if name in ("sin", "cos") else set()
    assert called
    assert not {function for function in called if not one_instruction.match(function)} - allowed


# --- denormal numbers taken for 0 --------------------------------------------------------------------------------


def control_register() -> Callable[[int], None]:
    """Return a function that sets the control register of the processor's vector unit."""
    module = ir.Module()
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [ir.IntType(32)]), "control")
    builder: Any = ir.IRBuilder(function.append_basic_block())
    slot = builder.alloca(ir.IntType(32))
    builder.store(function.args[0], slot)
    load = ir.Function(module, ir.FunctionType(ir.VoidType(), [ir.PointerType()]), "llvm.x86.sse.ldmxcsr")
    builder.call(load, [slot])
    builder.ret_void()
    library = machine.Library(module, ["control"])
    call = ctypes.CFUNCTYPE(None, ctypes.c_uint32)(library["control"])
    return lambda value, kept=library: call(value)


@pytest.mark.skipif(not X86, reason="sets a register of x86-64")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BOUNDS)
def test_flushed_denormals_change_only_denormal_results(name: str, dtype: str) -> None:
    generator = np.random.default_rng(1)
    arrays = samples(name, generator, 20_000, dtype)
    smallest = np.finfo(dtype).smallest_normal
    arrays = tuple(np.where(np.abs(a) < smallest, a.dtype.type(0.25), a) for a in arrays)
    run, control = compiled(name, arrays[0].shape, dtype), control_register()
    meant = run(*arrays)
    control(0x1F80 | 0x8040)  # all exceptions masked; flush results to 0, take inputs as 0
    try:
        flushed = run(*arrays)
    finally:
        control(0x1F80)
    ordinary = ~(np.abs(meant) < smallest) | (meant == 0)
    np.testing.assert_array_equal(flushed[ordinary], meant[ordinary])
    assert not flushed[~ordinary].any()


# --- numbers -----------------------------------------------------------------------------------------------------


def test_the_coefficients_are_those_of_their_maker() -> None:
    for name, (_, rows) in tables().items():
        ours = getattr(coefficients, name)
        assert ours.keys() == rows.keys()
        for dtype, numbers in rows.items():
            assert ours[dtype] == pytest.approx(numbers, rel=1e-6), (name, dtype)
