"""A small model that Keras 2 writes in its own format, its outputs, and its weights after it was loaded and trained on.

Run in an environment with tf_keras: `python tests/golden/keras_2_files.py` writes archives/keras_2.h5 and
keras_2_files.npz.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent


def main() -> None:
    """Train a little, save, load, train on; keep the outputs and the weights."""
    import tf_keras as keras

    keras.utils.set_random_seed(3)
    x = np.random.default_rng(0).normal(size=(12, 5)).astype("float32")
    y = np.eye(3, dtype="float32")[np.arange(12) % 3]
    stack = [keras.layers.Dense(4), keras.layers.LeakyReLU(), keras.layers.BatchNormalization()]
    model = keras.Sequential([keras.layers.Input((5,)), *stack, keras.layers.Dense(3, activation="softmax")])
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=3, verbose=0)
    model.save(FOLDER / "archives" / "keras_2.h5")
    outputs = model.predict(x, verbose=0)
    again = keras.models.load_model(FOLDER / "archives" / "keras_2.h5")
    again.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    weights = {f"weight_{i}": weight for i, weight in enumerate(again.get_weights())}
    np.savez_compressed(FOLDER / "keras_2_files.npz", x=x, y=y, outputs=outputs, **weights)


if __name__ == "__main__":
    main()
