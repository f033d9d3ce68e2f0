"""Golden trajectories of Keras' optimizers and learning-rate schedules.

Every optimizer walks 200 steps on two variables, shapes (3, 2) and (4,), pushed by the same stored gradients.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from store import Writer, build

STEPS = 200
KEPT = [*range(1, 11), *range(20, STEPS + 1, 10)]
SHAPES = ((3, 2), (4,))


def schedule(name: str, **config: Any) -> dict[str, Any]:
    """Describe a schedule as data."""
    return {"class": name, "module": "schedules", "config": config}


SCHEDULES: dict[str, dict[str, Any]] = {
    "exponential": schedule("ExponentialDecay", initial_learning_rate=0.1, decay_steps=20, decay_rate=0.7),
    "exponential-staircase": schedule(
        "ExponentialDecay", initial_learning_rate=0.1, decay_steps=20, decay_rate=0.7, staircase=True
    ),
    "piecewise": schedule("PiecewiseConstantDecay", boundaries=[10, 50, 120], values=[0.1, 0.03, 0.01, 0.002]),
    "polynomial": schedule(
        "PolynomialDecay", initial_learning_rate=0.1, decay_steps=60, end_learning_rate=0.01, power=2.0
    ),
    "polynomial-linear": schedule("PolynomialDecay", initial_learning_rate=0.1, decay_steps=60),
    "polynomial-cycle": schedule(
        "PolynomialDecay", initial_learning_rate=0.1, decay_steps=30, end_learning_rate=0.01, power=0.5, cycle=True
    ),
    "inverse-time": schedule("InverseTimeDecay", initial_learning_rate=0.1, decay_steps=15, decay_rate=0.5),
    "inverse-time-staircase": schedule(
        "InverseTimeDecay", initial_learning_rate=0.1, decay_steps=15, decay_rate=0.5, staircase=True
    ),
    "cosine": schedule("CosineDecay", initial_learning_rate=0.1, decay_steps=100),
    "cosine-alpha": schedule("CosineDecay", initial_learning_rate=0.1, decay_steps=100, alpha=0.2),
    "cosine-warmup": schedule(
        "CosineDecay", initial_learning_rate=0.0, decay_steps=100, alpha=0.1, warmup_target=0.1, warmup_steps=20
    ),
    "cosine-warmup-from": schedule(
        "CosineDecay", initial_learning_rate=0.02, decay_steps=80, warmup_target=0.08, warmup_steps=10
    ),
    "cosine-restarts": schedule("CosineDecayRestarts", initial_learning_rate=0.1, first_decay_steps=20),
    "cosine-restarts-options": schedule(
        "CosineDecayRestarts", initial_learning_rate=0.1, first_decay_steps=30, t_mul=1.5, m_mul=0.8, alpha=0.05
    ),
    "cosine-restarts-equal": schedule(
        "CosineDecayRestarts", initial_learning_rate=0.1, first_decay_steps=25, t_mul=1.0, m_mul=0.9
    ),
}

OPTION_SETS: dict[str, list[dict[str, Any]]] = {
    "SGD": [
        {"learning_rate": 0.1},
        {"momentum": 0.9},
        {"momentum": 0.9, "nesterov": True},
        {"momentum": 0.5, "nesterov": True, "weight_decay": 0.05, "clipnorm": 0.7},
    ],
    "RMSprop": [
        {"rho": 0.7},
        {"momentum": 0.9},
        {"centered": True},
        {"centered": True, "momentum": 0.9, "epsilon": 1e-3},
        {"rho": 0.0, "learning_rate": 0.05},
    ],
    "Adam": [
        {"learning_rate": 0.05, "beta_1": 0.8, "beta_2": 0.95},
        {"amsgrad": True, "learning_rate": 0.05, "beta_2": 0.9},
        {"epsilon": 0.1, "learning_rate": 0.05},
        {"beta_1": 0.0, "learning_rate": 0.02},
        {"gradient_accumulation_steps": 4, "learning_rate": 0.05},
    ],
    "AdamW": [
        {"weight_decay": 0.1, "learning_rate": 0.05},
        {"amsgrad": True, "learning_rate": 0.05, "beta_2": 0.9},
    ],
    "Adamax": [{"learning_rate": 0.05, "beta_1": 0.8, "beta_2": 0.95}, {"epsilon": 0.1}],
    "Nadam": [{"learning_rate": 0.05, "beta_1": 0.8, "beta_2": 0.95}, {"epsilon": 0.1}],
    "Adagrad": [{"learning_rate": 0.1}, {"initial_accumulator_value": 0.0, "epsilon": 1e-3}],
    "Adadelta": [{"learning_rate": 1.0}, {"rho": 0.7, "epsilon": 1e-3, "learning_rate": 1.0}],
    "Lion": [{"learning_rate": 0.01}, {"beta_1": 0.5, "beta_2": 0.7, "learning_rate": 0.01}],
}

EVERYWHERE: dict[str, dict[str, Any]] = {
    "default": {},
    "clipnorm": {"clipnorm": 0.5, "learning_rate": 0.05},
    "global_clipnorm": {"global_clipnorm": 0.5, "learning_rate": 0.05},
    "clipvalue": {"clipvalue": 0.3, "learning_rate": 0.05},
    "weight_decay": {"weight_decay": 0.1, "learning_rate": 0.05},
    "ema": {"use_ema": True, "ema_momentum": 0.9, "learning_rate": 0.05},
    "ema-overwrite": {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 7, "learning_rate": 0.05},
}


def given() -> dict[str, np.ndarray]:
    """Return the start values (10,) and the 200 gradients (200, 10): mixed scales, exact zeros, one spike."""
    rng = np.random.default_rng(20240)
    scales = np.array([1.0, 0.1, 10.0, 1e-3, 1.0, 0.5, 1e-5, 2.0, 1.0, 0.3])
    gradients = rng.normal(size=(STEPS, 10)) * scales + 0.2 * scales
    gradients[rng.random((STEPS, 10)) < 0.1] = 0.0
    gradients[50] *= 100.0
    return {"start": rng.normal(size=10).astype("float32"), "gradients": gradients.astype("float32")}


def split(flat: np.ndarray) -> list[np.ndarray]:
    """Cut ten numbers into the two shapes."""
    return [flat[:6].reshape(SHAPES[0]), flat[6:].reshape(SHAPES[1])]


def walk(optimizer: Any, data: dict[str, np.ndarray], exclude: list[str]) -> dict[str, np.ndarray]:
    """Apply the gradients and return the kept points of the way, and the values after finalizing (EMA)."""
    variables = [keras.Variable(v, name=name) for v, name in zip(split(data["start"]), ("kernel", "bias"), strict=True)]
    if exclude:
        optimizer.exclude_from_weight_decay(var_names=exclude)
    kept = []
    for step in range(1, STEPS + 1):
        optimizer.apply([keras.ops.array(g) for g in split(data["gradients"][step - 1])], variables)
        if step in KEPT:
            kept.append(np.concatenate([np.asarray(v.numpy()).ravel() for v in variables]))
    optimizer.finalize_variable_values(variables)
    final = np.concatenate([np.asarray(v.numpy()).ravel() for v in variables])
    return {"trajectory": np.stack(kept), **({"final": final} if optimizer.use_ema else {})}


def rows() -> list[tuple[str, dict[str, Any]]]:
    """List every case: id and spec."""
    table: list[tuple[str, dict[str, Any]]] = []
    for name, option_sets in OPTION_SETS.items():
        for label, config in EVERYWHERE.items():
            table.append((f"{name}-{label}", {"class": name, "config": config}))
        for config in option_sets:
            label = "-".join(f"{key}={value}" for key, value in config.items())
            table.append((f"{name}-{label}", {"class": name, "config": config}))
    for label, spec in SCHEDULES.items():
        table.append((f"SGD-{label}", {"class": "SGD", "config": {"learning_rate": spec, "momentum": 0.5}}))
    for label in ("exponential", "cosine-warmup"):
        table.append((f"Adam-{label}", {"class": "Adam", "config": {"learning_rate": SCHEDULES[label]}}))
    excluded = {"weight_decay": 0.1, "learning_rate": 0.05}
    table.append(("AdamW-excluded-bias", {"class": "AdamW", "config": excluded, "exclude": ["bias"]}))
    table.append(("SGD-excluded-bias", {"class": "SGD", "config": excluded, "exclude": ["bias"]}))
    return table


def schedule_rows(writer: Writer) -> None:
    """Add the schedules alone: their value at every step from 0 to 200, and their config."""
    steps = np.arange(STEPS + 1)
    for label, spec in SCHEDULES.items():
        made = build(keras.optimizers, spec)
        values = np.array([float(made(int(step))) for step in steps], "float32")
        writer.add(f"schedule-{label}", {"kind": "schedule", "spec": spec, "keras": made.get_config()}, values=values)


def make() -> None:
    """Write optimizers.json and optimizers.npz."""
    data = given()
    writer = Writer(keras=keras.__version__, steps=KEPT, names=sorted(n for n in dir(keras.optimizers) if n[0] != "_"))
    writer.share(**data)
    for case_id, spec in rows():
        optimizer = build(keras.optimizers, spec)
        config = optimizer.get_config()
        facts = {"kind": "optimizer", **spec, "keras": {**config, "learning_rate": plain_rate(config)}}
        writer.add(case_id, facts, **walk(optimizer, data, spec.get("exclude", [])))
    schedule_rows(writer)
    writer.save("optimizers")


def plain_rate(config: dict[str, Any]) -> Any:
    """Return the learning rate of a config as a number, or as the config of its schedule."""
    rate = config["learning_rate"]
    return {key: rate[key] for key in ("class_name", "config")} if isinstance(rate, dict) else rate
