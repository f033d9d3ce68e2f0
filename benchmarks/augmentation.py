"""Augmented images a second, and what augmentation adds to a training step, against the peers.

Run `python -m benchmarks.augmentation` where Keras (with SciPy) and OpenCV are installed; who is missing is left out.
All take turns in one run, on two threads. The affine settings are those of a deep network's notebook: 30 degrees,
shifts by 0.3, zoom 0.5, shear 0.5 degrees, fill "nearest".
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

from backlit import Sequential, config, layers, optimizers, set_random_seed
from backlit.preprocessing.image import ImageDataGenerator
from backlit.tensor import Trace
from backlit.training.step import Step

from . import digits
from .timing import Timing, against, machine, median_ratio, take_turns

MOVES: dict[str, Any] = {
    "rotation_range": 30, "width_shift_range": 0.3, "height_shift_range": 0.3, "zoom_range": 0.5, "shear_range": 0.5,
    "fill_mode": "nearest",
}  # fmt: skip
BATCH, STEPS, KERAS_STEPS = 64, 100, 20
UNITS = (1024, 1024, 512, 256, 128, 64, 32)
ROWS = 6400


def generator_of(images: np.ndarray) -> Callable[[], object]:
    """Return a run of `ROWS` images through our generator, a batch after the other."""
    flow = ImageDataGenerator(**MOVES).flow(images, batch_size=BATCH)
    return lambda: [next(flow) for _ in range(ROWS // BATCH)]


def in_step(images: np.ndarray, layer: Any) -> Callable[[], object]:
    """Return a run of `ROWS` images through the kernels alone, as a training step makes them: many batches a call."""
    with Trace() as trace:
        x = trace.input("x", (BATCH, *images.shape[1:]), np.dtype(np.float32))
        row = trace.input("row", (BATCH,), np.dtype(np.int64))
        if isinstance(layer, ImageDataGenerator):
            step = Step(trace, {"images": layer.change(x, row)})
        else:
            step = Step(trace, {"images": layer(x, training=True)})
    columns = {"x": images, "row": np.arange(len(images))}
    order = np.arange(ROWS)
    return lambda: step.run_many(columns, order, ROWS // BATCH)


def keras_generator(images: np.ndarray) -> Callable[[], object] | None:
    """Return the same through Keras' generator, or None without Keras."""
    try:
        from keras.src.legacy.preprocessing.image import ImageDataGenerator as Theirs
    except ImportError:
        return None
    flow = Theirs(**MOVES).flow(images, batch_size=BATCH)
    return lambda: [next(flow) for _ in range(ROWS // BATCH)]


def opencv_loop(images: np.ndarray) -> Callable[[], object] | None:
    """Return a loop of `warpAffine` over the images with matrices drawn for them, or None without OpenCV."""
    try:
        import cv2
    except ImportError:
        return None
    cv2.setNumThreads(2)
    generator = np.random.default_rng(0)

    def run() -> object:
        u = generator.uniform(-1, 1, (ROWS, 6))
        turn, slant = np.deg2rad(30 * u[:, 0]), np.deg2rad(0.5 * u[:, 3])
        zx, zy = 1 + 0.5 * u[:, 4], 1 + 0.5 * u[:, 5]
        look = np.empty((ROWS, 2, 3))
        look[:, 0, 0], look[:, 0, 1] = zx * np.cos(turn), -zy * np.sin(turn + slant)
        look[:, 1, 0], look[:, 1, 1] = zx * np.sin(turn), zy * np.cos(turn + slant)
        look[:, :, 2] = 13.5 + 8.4 * u[:, 1:3] - look[:, :, :2].sum(-1) * 13.5
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        border = cv2.BORDER_REPLICATE
        return [
            cv2.warpAffine(image, m, (28, 28), flags=flags, borderMode=border)
            for image, m in zip(images, look, strict=True)
        ]

    return run


def images_a_second(images: np.ndarray, rounds: int) -> None:
    """Print the table of images a second."""
    affine = ImageDataGenerator(**MOVES)  # backlit: ignore[angle-in-degrees] (as the notebook has it)
    elastic = layers.RandomElastic(34.0, 4.0, 30 / 360, 0.3, 0.3, 0.5, 0.5, fill_mode="nearest")
    candidates = {
        "ours, in a step": in_step(images, affine),
        "ours, in a step, elastic and affine": in_step(images, elastic),
        "ours, batch by batch": generator_of(images),
        "Keras ImageDataGenerator": keras_generator(images),
        "a loop of OpenCV warpAffine": opencv_loop(images),
    }
    timings = take_turns({name: run for name, run in candidates.items() if run is not None}, rounds)
    ours = timings["ours, in a step"]
    for name, timing in timings.items():
        print(f"{name:36} {ROWS / timing.median:12,.0f} images/s   {median_ratio(timing, ours):6.1f}x our time")
    print()
    _ratio(timings, "Keras ImageDataGenerator", ours, 50)
    _ratio(timings, "a loop of OpenCV warpAffine", ours, 2)
    elastic_rate = ROWS / timings["ours, in a step, elastic and affine"].median
    print(f"elastic and affine: {against(elastic_rate, 150_000, '', at_least=True)} images/s")


def _ratio(timings: dict[str, Timing], peer: str, ours: Timing, asked: float) -> None:
    if peer in timings:
        print(f"against {peer}: {against(median_ratio(timings[peer], ours), asked, 'x', at_least=True)}")
    else:
        print(f"against {peer}: not installed")


def deep(kind: Any, parts: Any) -> Any:
    """Return the deep network of the notebook, built with our layers or with Keras'."""
    model = kind([parts.Input((28, 28, 1)), parts.Flatten()])
    for units in UNITS:
        for layer in (
            parts.Dense(units), parts.LeakyReLU(negative_slope=0.1), parts.BatchNormalization(), parts.Dropout(0.5),
        ):  # fmt: skip
            model.add(layer)
    model.add(parts.Dense(10, activation="softmax"))
    return model


def steps(images: np.ndarray, labels: np.ndarray, rounds: int) -> None:
    """Print what the deep network's training step takes with augmentation, without it, and in Keras."""
    targets = np.eye(10, dtype=np.float32)[labels]
    models = [deep(Sequential, layers) for _ in range(2)]
    for model in models:
        model.compile(optimizers.Adam(0.001), "categorical_crossentropy", metrics=["accuracy"])
    flow = ImageDataGenerator(**MOVES).flow(images, targets, BATCH)
    candidates: dict[str, Callable[[], object]] = {
        "with augmentation": lambda: models[0].fit(flow, steps_per_epoch=STEPS, verbose=0),
        "without": lambda: models[1].fit(images, targets, BATCH, steps_per_epoch=STEPS, verbose=0),
    }
    theirs = keras_steps(images, targets)
    if theirs is not None:
        candidates["Keras on TensorFlow, with augmentation"] = theirs
    timings = take_turns(candidates, rounds)
    ours = timings["with augmentation"]
    for name, timing in timings.items():
        count = KERAS_STEPS if "Keras" in name else STEPS
        print(f"{name:40} {1e3 * timing.median / count:8.2f} ms a step ({timing.spread(1e3 / count)})")
    more = 100 * (median_ratio(ours, timings["without"]) - 1)
    print(f"augmentation adds {against(more, 10, '%')}")
    if theirs is not None:
        times = median_ratio(timings["Keras on TensorFlow, with augmentation"], ours) * STEPS / KERAS_STEPS
        print(f"against Keras on TensorFlow: {against(times, 8, 'x', at_least=True)}")


def keras_steps(images: np.ndarray, targets: np.ndarray) -> Callable[[], object] | None:
    """Return `KERAS_STEPS` steps of the same network fed by Keras' generator, or None without Keras."""
    try:
        import keras
        from keras.src.legacy.preprocessing.image import ImageDataGenerator as Theirs
    except ImportError:
        return None
    model = deep(keras.Sequential, keras.layers)
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    flow = Theirs(**MOVES).flow(images, targets, batch_size=BATCH)
    return lambda: model.fit(flow, steps_per_epoch=KERAS_STEPS, verbose=0)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    config.set_threads(2)
    set_random_seed(0)
    read, labels, source = digits.read()
    images = (read[:ROWS, :, :, None] / 255).astype(np.float32)
    print(f"{machine()}; {ROWS} images of {source}, float32, batches of {BATCH}, 2 threads, {rounds} rounds in turns\n")
    images_a_second(images, rounds)
    print()
    steps(images, np.asarray(labels[:ROWS]), rounds)


if __name__ == "__main__":
    main()
