"""Look inside a training: the step as a picture, one step with its numbers, and a diagnosis.

Writes step.svg into the folder it is started in; open it in a browser.
"""

from __future__ import annotations

import backlit
from backlit import layers

backlit.set_random_seed(0)
(x, y), _ = backlit.datasets.strokes.load_data(train=2000, test=0)
x = x.reshape(len(x), 784) / 255

model = backlit.Sequential(
    [
        layers.Input((784,)),
        layers.Dense(32, activation="relu", name="hidden"),
        layers.Dense(10, activation="softmax", name="digit"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])

step = model.explain(x[:8], y[:8], weight="hidden/kernel")  # prints forward, loss, backward, update and one weight
step.step_graph.svg("step.svg")

with backlit.inspect.record(model, every=10) as recording:
    model.fit(x, y, epochs=3, verbose=0)
for name, series in recording.gradients.items():
    print(f"{name:<14} gradient {series[0].norm:.3f} -> {series[-1].norm:.3f}")
print(backlit.diagnose(recording))
