"""A layer of one's own: units that answer to the distance from a center, checked, trained, and loaded from a file."""

from __future__ import annotations

import numpy as np

import backlit
from backlit import layers, ops


class Radial(layers.Layer):
    """y = e**-|x - center|², one center for each unit."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.center = self.add_weight(shape=(self.units, input_shape[-1]), initializer="random_normal", name="center")

    def call(self, inputs):
        away = ops.expand_dims(inputs, 1) - self.center  # (batch, units, features)
        return ops.exp(-ops.sum(ops.square(away), axis=-1))

    def get_config(self):
        return {**super().get_config(), "units": self.units}


backlit.set_random_seed(0)
x = np.random.default_rng(0).normal(size=(500, 2))
y = (np.hypot(*x.T) < 1).astype("int64")  # inside the unit circle, or not
model = backlit.Sequential([layers.Input((2,)), Radial(8), layers.Dense(1, activation="sigmoid")])
model.compile(backlit.optimizers.Adam(0.05), "binary_crossentropy", metrics=["accuracy"])
print(backlit.check_gradients(model, x[:10], y[:10]))
model.fit(x, y, epochs=20, verbose=0)
print(f"accuracy {model.evaluate(x, y, verbose=0)[1]:.1%}")
model.save("radial.keras")
same = backlit.formats.load_model("radial.keras", custom_objects={"Radial": Radial})
print("the file gives the same:", np.array_equal(same.predict(x, verbose=0), model.predict(x, verbose=0)))
