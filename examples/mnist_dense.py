"""Train 784-100-10 on MNIST (or on drawn digits, where there is no MNIST) and print the test accuracy.

`python mnist_dense.py 5` trains for five epochs; a second number takes only so many training images.
"""

from __future__ import annotations

import sys

import backlit
from backlit import layers

epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
images = int(sys.argv[2]) if len(sys.argv) > 2 else 60000

backlit.set_random_seed(0)
data = backlit.datasets.load("auto")
print(f"{data.name} ({data.source})")

model = backlit.Sequential(
    [
        layers.Input((28, 28)),
        layers.Rescaling(1 / 255),
        layers.Flatten(),
        layers.Dense(100, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.summary()
model.fit(data.x_train[:images], data.y_train[:images], epochs=epochs, validation_split=0.1, verbose=2)

loss, accuracy = model.evaluate(data.x_test, data.y_test, verbose=0)
print(f"test accuracy {accuracy:.2%}")
