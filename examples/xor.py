"""Learn exclusive or with two layers, written with a tape and nothing else."""

from __future__ import annotations

import numpy as np

import backlit
from backlit import ops

x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = np.array([[0.0], [1.0], [1.0], [0.0]])

start = np.random.default_rng(0)
W1, b1 = backlit.Variable(start.normal(size=(2, 4))), backlit.Variable(np.zeros(4))
W2, b2 = backlit.Variable(start.normal(size=(4, 1))), backlit.Variable(np.zeros(1))
weights = [W1, b1, W2, b2]


def predict(x):
    return ops.tanh(x @ W1 + b1) @ W2 + b2


for step in range(1, 1001):
    with backlit.GradientTape() as tape:
        loss = ops.mean(ops.square(predict(x) - y))
    for w, g in zip(weights, tape.gradient(loss, weights)):
        w.assign_sub(0.3 * g)
    if step % 200 == 0:
        print(f"step {step:4}  loss {float(loss):.6f}")

for (a, b), answer in zip(x, predict(x).numpy()[:, 0]):
    print(f"{a:.0f} xor {b:.0f} = {abs(answer):.2f}")
