"""Small files that Keras writes: weights alone, and a whole model in the old format; with what the model says.

Run in an environment with Keras: `python tests/golden/keras_weight_files.py` writes archives/small.weights.h5,
archives/small.h5 and weight_files.npz.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent


def main() -> None:
    """Train a little, save both ways, and keep the outputs."""
    import keras

    keras.utils.set_random_seed(3)
    x = np.random.default_rng(0).normal(size=(12, 5)).astype("float32")
    stack = [keras.layers.Dense(4, activation="relu"), keras.layers.BatchNormalization(), keras.layers.Dropout(0.2)]
    model = keras.Sequential([keras.layers.Input((5,)), *stack, keras.layers.Dense(3, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, np.arange(12) % 3, epochs=3, verbose=0)
    model.save_weights(FOLDER / "archives" / "small.weights.h5")
    model.save(FOLDER / "archives" / "small.h5")
    np.savez_compressed(FOLDER / "weight_files.npz", x=x, y=model.predict(x, verbose=0))


if __name__ == "__main__":
    main()
