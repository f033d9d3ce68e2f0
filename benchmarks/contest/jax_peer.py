"""JAX: a whole epoch inside one jitted call with `lax.scan`, and the usual jitted step called from Python.

State is donated, rows are gathered inside by index; the network, the loss and the optimizers are written here in full.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from .networks import Array, Network, weights

VERSION = f"JAX {jax.__version__}"
State = dict[str, Any]


class Scan:
    """One call an epoch: the state goes in, the state after the last step comes out."""

    def __init__(self, network: Network, x: Array, y: Array, threads: int) -> None:
        self.x, self.y = jnp.asarray(x), jax.nn.one_hot(y, network.classes)
        self.state = first_state(network)
        self.epoch = jax.jit(partial(_epoch, network), donate_argnums=0)

    def train(self, order: Array, epochs: int) -> float:
        """Train the steps of `order` (steps, batch) over and over; return the mean loss of the last epoch."""
        batches, total = jnp.asarray(order, jnp.int32), 0.0
        for _ in range(epochs):
            self.state, total = self.epoch(self.state, self.x, self.y, batches)
        return float(total) / len(order)


class PerStep:
    """One call a step; calls are queued, nothing is fetched before an epoch ends."""

    def __init__(self, network: Network, x: Array, y: Array, threads: int) -> None:
        self.x, self.y = jnp.asarray(x), jax.nn.one_hot(y, network.classes)
        self.state = first_state(network)
        self.total = jnp.zeros(())
        self.step = jax.jit(partial(_step, network), donate_argnums=(0, 1))

    def train(self, order: Array, epochs: int) -> float:
        """Train the steps of `order` (steps, batch) over and over; return the mean loss of the last epoch."""
        batches = order.astype("int32")
        for _ in range(epochs):
            self.total = jnp.zeros(())
            for rows in batches:
                self.state, self.total = self.step(self.state, self.total, self.x, self.y, rows)
        jax.block_until_ready(self.state)
        return float(self.total) / len(order)


def first_state(network: Network) -> State:
    """Return weights, the optimizer's slots, moving statistics, the random key and the step number."""
    params = [{"W": jnp.array(W), "b": jnp.array(b)} for W, b in weights(network)]
    moving: list[State] = []
    if network.deep:
        for layer, units in zip(params, network.hidden):
            layer |= {"gamma": jnp.ones(units), "beta": jnp.zeros(units)}
            moving.append({"mean": jnp.zeros(units), "variance": jnp.ones(units)})
    slots = {"adam": 2, "rmsprop": 1, "sgd": 0}[network.optimizer]
    return {
        "params": params,
        "slots": [jax.tree.map(jnp.zeros_like, params) for _ in range(slots)],
        "moving": moving,
        "key": jax.random.key(0),
        "step": jnp.zeros((), jnp.int32),
    }


def _epoch(network: Network, state: State, x: Any, y: Any, order: Any) -> tuple[State, Any]:
    def body(carry: Any, rows: Any) -> Any:
        state, total = carry
        return _step(network, state, total, x, y, rows), None

    return lax.scan(body, (state, jnp.zeros(())), order)[0]


def _step(network: Network, state: State, total: Any, x: Any, y: Any, rows: Any) -> tuple[State, Any]:
    key = jax.random.fold_in(state["key"], state["step"])
    grad = jax.value_and_grad(partial(_loss, network), has_aux=True)
    (loss, moving), gradients = grad(state["params"], state["moving"], key, x[rows], y[rows])
    step = state["step"] + 1
    params, slots = UPDATES[network.optimizer](network, state["params"], gradients, state["slots"], step)
    return state | {"params": params, "slots": slots, "moving": moving, "step": step}, total + loss


def _loss(network: Network, params: list[State], moving: list[State], key: Any, x: Any, y: Any) -> Any:
    left: list[State] = []
    for number, layer in enumerate(params[:-1]):
        z = x @ layer["W"] + layer["b"]
        if network.deep:
            x, statistics = _normalized(layer, moving[number], jnp.where(z >= 0, z, 0.1 * z))
            left.append(statistics)
            kept = jax.random.bernoulli(jax.random.fold_in(key, number), 0.5, x.shape)
            x = jnp.where(kept, 2 * x, 0)
        else:
            x = jnp.maximum(z, 0)
    logits = x @ params[-1]["W"] + params[-1]["b"]
    return -jnp.mean(jnp.sum(y * jax.nn.log_softmax(logits), axis=-1)), left


def _normalized(layer: State, moving: State, x: Any) -> tuple[Any, State]:
    mean, variance = jnp.mean(x, axis=0), jnp.var(x, axis=0)
    y = (x - mean) * lax.rsqrt(variance + 1e-3) * layer["gamma"] + layer["beta"]
    kept = {"mean": 0.99 * moving["mean"] + 0.01 * mean, "variance": 0.99 * moving["variance"] + 0.01 * variance}
    return y, lax.stop_gradient(kept)


def _sgd(network: Network, params: Any, gradients: Any, slots: list[Any], step: Any) -> tuple[Any, list[Any]]:
    return jax.tree.map(lambda w, g: w - network.learning_rate * g, params, gradients), slots


def _adam(network: Network, params: Any, gradients: Any, slots: list[Any], step: Any) -> tuple[Any, list[Any]]:
    m = jax.tree.map(lambda m, g: m + 0.1 * (g - m), slots[0], gradients)
    v = jax.tree.map(lambda v, g: v + 0.001 * (g * g - v), slots[1], gradients)
    rate = network.learning_rate * jnp.sqrt(1 - 0.999**step) / (1 - 0.9**step)
    return jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + 1e-7), params, m, v), [m, v]


def _rmsprop(network: Network, params: Any, gradients: Any, slots: list[Any], step: Any) -> tuple[Any, list[Any]]:
    v = jax.tree.map(lambda v, g: 0.9 * v + 0.1 * g * g, slots[0], gradients)
    return jax.tree.map(lambda w, g, v: w - network.learning_rate * g / jnp.sqrt(v + 1e-7), params, gradients, v), [v]


UPDATES = {"sgd": _sgd, "adam": _adam, "rmsprop": _rmsprop}
