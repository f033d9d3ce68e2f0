"""Where weights start: distributions scaled to the layer's size, and plain constants.

The numbers are a pure function of the seed and the shape, the same on every machine (see `seeds`).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import seeds
from .arrays import Array, Shape, as_dtype, is_float
from .errors import ConfigError, ShapeError
from .vocabulary import Vocabulary

TRUNCATED_STD = 0.87962566103423978  # the standard deviation of a normal cut at two deviations


class Initializer:
    """A function of a shape that returns an array: `initializer((784, 100))`. Subclasses write `__call__`."""

    def __call__(self, shape: Any, dtype: Any = None) -> Array:
        """Return an array of `shape` and `dtype` (the default float if None)."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(shape, dtype=None).")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        """Make an initializer of `get_config`'s answer."""
        return cls(**config)


class Zeros(Initializer):
    """All numbers 0."""

    def __call__(self, shape: Any, dtype: Any = None) -> Array:
        return np.zeros(_sizes(shape), as_dtype(dtype))


class Ones(Initializer):
    """All numbers 1."""

    def __call__(self, shape: Any, dtype: Any = None) -> Array:
        return np.ones(_sizes(shape), as_dtype(dtype))


class Constant(Initializer):
    """All numbers `value`; an array must fit the shape by broadcasting."""

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Any, dtype: Any = None) -> Array:
        sizes, value = _sizes(shape), np.asarray(self.value)
        try:
            return np.broadcast_to(value, sizes).astype(as_dtype(dtype))
        except ValueError:
            raise ShapeError(f"Constant holds a value of shape {value.shape}, which does not fit {sizes}.") from None

    def get_config(self) -> dict[str, Any]:
        return {"value": self.value.tolist() if isinstance(self.value, (np.ndarray, np.generic)) else self.value}


class Identity(Initializer):
    """`gain` on the diagonal, else 0; for matrices only."""

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Any, dtype: Any = None) -> Array:
        sizes = _sizes(shape)
        if len(sizes) != 2:
            raise ShapeError(f"Identity makes matrices, got the shape {sizes}. Expected (rows, columns).")
        return self.gain * np.eye(*sizes, dtype=as_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain}


class RandomInitializer(Initializer):
    """Random numbers. With `seed=None` a seed is drawn when the initializer is made, from the global stream.

    One instance gives one shape the same numbers whenever it is called; a name such as `"glorot_uniform"` makes a new
    instance, hence new numbers, for each layer.
    """

    def __init__(self, seed: int | None = None) -> None:
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, (int, np.integer))):
            raise ConfigError(f"seed must be an integer or None, got {seed!r}.")
        self.seed = seed
        self.key = seeds.fresh_seed() if seed is None else int(seed)

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed}

    def uniform(self, sizes: Shape, low: float, high: float, dtype: Any) -> Array:
        """Return numbers in [low, high)."""
        kind = _float_dtype(dtype)
        u = seeds.uniform(self.key, seeds.INITIAL, 0, sizes, kind.name)
        return (kind.type(low) + kind.type(high - low) * u).astype(kind, copy=False)

    def normal(self, sizes: Shape, mean: float, std: float, dtype: Any, truncated: bool = False) -> Array:
        """Return normal numbers; `truncated` draws those beyond two deviations again."""
        if truncated:
            z = seeds.truncated_normal(self.key, seeds.INITIAL, sizes)
        else:
            z = seeds.normal(self.key, seeds.INITIAL, 0, sizes)
        return (mean + std * z).astype(_float_dtype(dtype))


class RandomUniform(RandomInitializer):
    """Uniform between `minval` and `maxval`."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.minval = minval
        self.maxval = maxval

    def __call__(self, shape: Any, dtype: Any = None) -> Array:
        return self.uniform(_sizes(shape), self.minval, self.maxval, dtype)

    def get_config(self) -> dict[str, Any]:
        return {"minval": self.minval, "maxval": self.maxval, **super().get_config()}


class RandomNormal(RandomInitializer):
    """Normal with `mean` and standard deviation `stddev`."""

    truncated = False

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        if not isinstance(stddev, (int, float, np.number)) or not stddev >= 0:
            raise ConfigError(f"{type(self).__name__} needs a standard deviation >= 0, got stddev={stddev!r}.")
        self.mean = mean
        self.stddev = stddev

    def __call__(self, shape: Any, dtype: Any = None) -> Array:
        return self.normal(_sizes(shape), self.mean, self.stddev, dtype, self.truncated)

    def get_config(self) -> dict[str, Any]:
        return {"mean": self.mean, "stddev": self.stddev, **super().get_config()}


class TruncatedNormal(RandomNormal):
    """Normal, but numbers further than two `stddev` from `mean` are drawn again."""

    truncated = True


class VarianceScaling(RandomInitializer):
    """Variance `scale / fan`, with fan the inputs of a unit, its outputs, or their mean.

    `mode` is `fan_in`, `fan_out` or `fan_avg`; `distribution` is `truncated_normal`, `untruncated_normal` or `uniform`.
    """

    def __init__(
        self, scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal", seed: int | None = None
    ) -> None:
        if not scale > 0:
            raise ConfigError(f"scale must be greater than 0, got {scale!r}.")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ConfigError(f'mode must be "fan_in", "fan_out" or "fan_avg", got {mode!r}.')
        distribution = "truncated_normal" if distribution == "normal" else distribution
        if distribution not in ("truncated_normal", "untruncated_normal", "uniform"):
            raise ConfigError(
                f'distribution must be "truncated_normal", "untruncated_normal" or "uniform", got {distribution!r}.'
            )
        super().__init__(seed)
        self.scale = scale
        self.mode = mode
        self.distribution = distribution

    def __call__(self, shape: Any, dtype: Any = None) -> Array:
        sizes = _sizes(shape)
        inputs, outputs = fans(sizes)
        fan = {"fan_in": inputs, "fan_out": outputs, "fan_avg": (inputs + outputs) / 2.0}[self.mode]
        variance = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return self.uniform(sizes, -limit, limit, dtype)
        truncated = self.distribution == "truncated_normal"
        std = math.sqrt(variance) / (TRUNCATED_STD if truncated else 1.0)
        return self.normal(sizes, 0.0, std, dtype, truncated)

    def get_config(self) -> dict[str, Any]:
        own = {"scale": self.scale, "mode": self.mode, "distribution": self.distribution}
        return {**own, **super().get_config()} if type(self) is VarianceScaling else super().get_config()

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        """Make an initializer of `get_config`'s answer; Keras' axes are understood where they are None."""
        known: dict[str, Any] = {k: v for k, v in config.items() if v is not None or not k.endswith("put_axes")}
        return cls(**known)


class GlorotUniform(VarianceScaling):
    """Uniform within sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010): the default of Dense."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed)


class GlorotNormal(VarianceScaling):
    """Truncated normal of variance 2 / (fan_in + fan_out) (Glorot and Bengio 2010)."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed)


class HeUniform(VarianceScaling):
    """Uniform within sqrt(6 / fan_in) (He et al. 2015)."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(2.0, "fan_in", "uniform", seed)


class HeNormal(VarianceScaling):
    """Truncated normal of variance 2 / fan_in (He et al. 2015): for ReLU layers."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(2.0, "fan_in", "truncated_normal", seed)


class LecunUniform(VarianceScaling):
    """Uniform within sqrt(3 / fan_in) (LeCun et al. 1998)."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_in", "uniform", seed)


class LecunNormal(VarianceScaling):
    """Truncated normal of variance 1 / fan_in (LeCun et al. 1998): for SELU layers."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_in", "truncated_normal", seed)


class Orthogonal(RandomInitializer):
    """Orthonormal rows or columns, whichever are fewer, times `gain` (Saxe et al. 2014); at least two axes."""

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        super().__init__(seed)
        self.gain = gain

    def __call__(self, shape: Any, dtype: Any = None) -> Array:
        sizes = _sizes(shape)
        if len(sizes) < 2:
            raise ShapeError(f"Orthogonal needs at least two axes, got the shape {sizes}.")
        rows, columns = math.prod(sizes[:-1]), sizes[-1]
        z = seeds.normal(self.key, seeds.INITIAL, 0, (max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(z)
        q *= np.where(np.diagonal(r) < 0, -1.0, 1.0)  # makes the decomposition unique, hence q uniform
        return (self.gain * (q.T if rows < columns else q)).reshape(sizes).astype(_float_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain, **super().get_config()}


def fans(shape: Shape) -> tuple[float, float]:
    """Return how many inputs and outputs a unit has, for weights of `shape`; leading axes are a receptive field."""
    if len(shape) < 2:
        size = float(shape[0]) if shape else 1.0
        return size, size
    field = math.prod(shape[:-2])
    return float(shape[-2] * field), float(shape[-1] * field)


def _sizes(shape: Any) -> Shape:
    return (int(shape),) if isinstance(shape, (int, np.integer)) else tuple(int(n) for n in shape)


def _float_dtype(dtype: Any) -> np.dtype[Any]:
    kind = as_dtype(dtype)
    if not is_float(kind):
        raise ConfigError(f"Random initial values need a floating dtype, got {kind.name!r}.")
    return kind


zeros, ones, constant, identity, orthogonal = Zeros, Ones, Constant, Identity, Orthogonal
random_uniform, random_normal, truncated_normal = RandomUniform, RandomNormal, TruncatedNormal
variance_scaling = VarianceScaling
glorot_uniform, glorot_normal = GlorotUniform, GlorotNormal
he_uniform, he_normal = HeUniform, HeNormal
lecun_uniform, lecun_normal = LecunUniform, LecunNormal

INITIALIZERS: dict[str, type[Initializer]] = {
    "zeros": Zeros, "ones": Ones, "constant": Constant, "identity": Identity, "orthogonal": Orthogonal,
    "random_uniform": RandomUniform, "random_normal": RandomNormal, "truncated_normal": TruncatedNormal,
    "variance_scaling": VarianceScaling, "glorot_uniform": GlorotUniform, "glorot_normal": GlorotNormal,
    "he_uniform": HeUniform, "he_normal": HeNormal, "lecun_uniform": LecunUniform, "lecun_normal": LecunNormal,
}  # fmt: skip
ALIASES: dict[str, type[Initializer]] = {
    "normal": RandomNormal, "uniform": RandomUniform, "zero": Zeros, "one": Ones, "IdentityInitializer": Identity,
    "OrthogonalInitializer": Orthogonal,
}  # fmt: skip
NAMES = Vocabulary(
    "initializer",
    "keras.initializers",
    Initializer,
    {**INITIALIZERS, **{member.__name__: member for member in INITIALIZERS.values()}, **ALIASES},
)


def get(identifier: Any) -> Any:
    """Return an initializer for a name, a class, a serialized form, an array (`Constant`), or a function as it is.

    None gives None; an unknown name raises `ConfigError`.
    """
    if isinstance(identifier, (np.ndarray, np.generic)):
        return Constant(identifier)
    return NAMES.get(identifier)


def serialize(initializer: Any) -> Any:
    """Return an initializer as JSON-able data."""
    return NAMES.serialize(initializer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Return the initializer `serialize` described; classes of your own come in `custom_objects`."""
    return NAMES.deserialize(config, custom_objects)


__all__ = [
    "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity", "Initializer", "LecunNormal",
    "LecunUniform", "Ones", "Orthogonal", "RandomInitializer", "RandomNormal", "RandomUniform", "TruncatedNormal",
    "VarianceScaling", "Zeros", "constant", "deserialize", "fans", "get", "glorot_normal", "glorot_uniform",
    "he_normal", "he_uniform", "identity", "lecun_normal", "lecun_uniform", "ones", "orthogonal", "random_normal",
    "random_uniform", "serialize", "truncated_normal", "variance_scaling", "zeros",
]  # fmt: skip
