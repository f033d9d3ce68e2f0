"""The table of foreign modules: under which foreign name which of our modules are seen.

`keras`, `tf_keras` and `tensorflow.keras` are one library under three names, and so have one row.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

ROOTS = {
    "tensorflow": "tensorflow", "keras": "tensorflow", "tf_keras": "tensorflow",
    "keras_preprocessing": "tensorflow",
    "sklearn": "sklearn", "common": "book", "dataset": "book", "ch04": "book", "ch05": "book",
}  # fmt: skip
KERAS = re.compile(r"^(tensorflow\.keras|tensorflow\.python\.keras|tensorflow\.compat\.v2\.keras|tf_keras)(?=\.|$)")
KERAS_VERSION = "3.15.1+backlit"  # the version whose semantics ours follow
TENSORFLOW_VERSION = "2.21.0+backlit"

MODULES: dict[str, tuple[str, ...]] = {
    "tensorflow": (
        "backlit.compat.tf", "backlit.compat.tf_arrays", "backlit.compat.tf_grids", "backlit.compat.tf_reductions",
    ),
    "tensorflow.activations": ("backlit.activations",),
    "tensorflow.autograph": ("backlit.compat.tf_logging",),
    "tensorflow.compat": (),
    "tensorflow.compat.v1": ("backlit.compat.tf_logging:get_logger", "backlit.config:set_random_seed"),
    "tensorflow.compat.v1.logging": ("backlit.compat.tf_logging",),
    "tensorflow.config": ("backlit.compat.tf_config",),
    "tensorflow.config.experimental": ("backlit.compat.tf_config",),
    "tensorflow.config.threading": ("backlit.compat.tf_threading",),
    "tensorflow.data": ("backlit.compat.tf_data",),
    "tensorflow.data.experimental": ("backlit.compat.tf_data",),
    "tensorflow.debugging": ("backlit.compat.tf_debugging",),
    "tensorflow.dtypes": ("backlit.compat.tf_dtypes",),
    "tensorflow.initializers": ("backlit.initializers",),
    "tensorflow.losses": ("backlit.losses",),
    "tensorflow.linalg": ("backlit.compat.tf_linalg", "backlit.compat.tf_grids:einsum"),
    "tensorflow.logging": ("backlit.compat.tf_logging",),
    "tensorflow.math": ("backlit.compat.tf_math", "backlit.compat.tf_reductions"),
    "tensorflow.metrics": ("backlit.metrics",),
    "tensorflow.nn": ("backlit.compat.tf_nn",),
    "tensorflow.optimizers": ("backlit.optimizers",),
    "tensorflow.optimizers.legacy": ("backlit.optimizers",),
    "tensorflow.optimizers.schedules": ("backlit.optimizers.schedules",),
    "tensorflow.random": ("backlit.compat.tf_random",),
    "tensorflow.test": ("backlit.compat.tf_test",),
    "keras": ("backlit.compat.keras_top",),
    "keras.activations": ("backlit.activations",),
    "keras.backend": ("backlit.compat.keras_backend",),
    "keras.callbacks": ("backlit.callbacks",),
    "keras.config": ("backlit.config",),
    "keras.constraints": ("backlit.constraints",),
    "keras.datasets": (),
    "keras.datasets.fashion_mnist": ("backlit.datasets.fashion_mnist",),
    "keras.datasets.mnist": ("backlit.datasets.mnist",),
    "keras.initializers": ("backlit.initializers",),
    "keras.layers": ("backlit.layers",),
    "keras.layers.advanced_activations": ("backlit.layers",),
    "keras.layers.core": ("backlit.layers",),
    "keras.layers.experimental": (),
    "keras.layers.experimental.preprocessing": ("backlit.layers",),
    "keras.layers.merge": ("backlit.layers",),
    "keras.layers.noise": ("backlit.layers",),
    "keras.layers.normalization": ("backlit.layers",),
    "keras.losses": ("backlit.losses",),
    "keras.metrics": ("backlit.metrics",),
    "keras.mixed_precision": ("backlit.compat.keras_precision",),
    "keras.mixed_precision.experimental": ("backlit.compat.keras_precision",),
    "keras.models": ("backlit.models",),
    "keras.ops": ("backlit.ops",),
    "keras.optimizers": ("backlit.optimizers",),
    "keras.optimizers.experimental": ("backlit.optimizers",),
    "keras.optimizers.legacy": ("backlit.optimizers",),
    "keras.optimizers.schedules": ("backlit.optimizers.schedules",),
    "keras.preprocessing": ("backlit.datasets:image_dataset_from_directory",),
    "keras.preprocessing.image": ("backlit.preprocessing.image",),
    "keras.legacy": (),
    "keras.legacy.preprocessing": (),
    "keras.legacy.preprocessing.image": ("backlit.preprocessing.image",),
    "keras.random": ("backlit.random",),
    "keras.regularizers": ("backlit.regularizers",),
    "keras.src": (),
    "keras.src.legacy": (),
    "keras.src.legacy.preprocessing": (),
    "keras.src.legacy.preprocessing.image": ("backlit.preprocessing.image",),
    "keras.saving": ("backlit.registered", "backlit.models:load_model"),
    "keras.utils": (
        "backlit.compat.keras_utils", "backlit.compat.keras_files", "backlit.datasets:image_dataset_from_directory",
        "backlit.registered",
    ),
    "keras.utils.data_utils": ("backlit.compat.keras_files", "backlit.compat.keras_utils:Sequence"),
    "keras.utils.np_utils": ("backlit.compat.keras_utils:to_categorical", "backlit.compat.keras_utils:normalize"),
    "keras_preprocessing": (),
    "keras_preprocessing.image": ("backlit.preprocessing.image",),
    "sklearn": (),  # this one and those below only where scikit-learn is not installed
    "sklearn.datasets": ("backlit.compat.sklearn_names.datasets",),
    "sklearn.metrics": ("backlit.compat.sklearn_names.metrics",),
    "sklearn.model_selection": ("backlit.compat.sklearn_names.model_selection",),
    "common": (),
    "common.functions": ("backlit.compat.book.functions",),
    "common.gradient": ("backlit.compat.book.gradient",),
    "common.layers": (
        "backlit.compat.book.layers", "backlit.compat.book.functions", "backlit.compat.book.out_of_scope",
    ),
    "common.multi_layer_net": ("backlit.compat.book.multi_layer_net",),
    "common.multi_layer_net_extend": ("backlit.compat.book.multi_layer_net",),
    "common.optimizer": ("backlit.compat.book.optimizer",),
    "common.trainer": ("backlit.compat.book.trainer",),
    "common.util": ("backlit.compat.book.curves", "backlit.compat.book.out_of_scope"),
    "dataset": (),
    "dataset.mnist": ("backlit.compat.book.mnist",),
    "ch04": (),
    "ch04.two_layer_net": ("backlit.compat.book.sigmoid_net",),
    "ch05": (),
    "ch05.two_layer_net": ("backlit.compat.book.two_layer_net",),
}  # fmt: skip  # `module:name` is one name of a module; what is not in this version counts as empty
FACTS: dict[str, dict[str, Any]] = {
    "tensorflow": {"__version__": TENSORFLOW_VERSION, "newaxis": None},
    "keras": {"__version__": KERAS_VERSION},
    "tensorflow.python": {},
    "tensorflow.version": {"VERSION": TENSORFLOW_VERSION, "GIT_VERSION": "backlit"},
}
for book in ("common.functions", "common.gradient", "common.layers", "common.optimizer", "common.util"):
    FACTS[book] = {"np": np}  # `from common.layers import *` brings NumPy along, and chapters count on it
FACTS["tensorflow"] |= {
    name: np.dtype(name)
    for name in (
        "float32", "float64", "float16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
        "bool",
    )
}  # fmt: skip
FACTS["tensorflow.dtypes"] = {name: value for name, value in FACTS["tensorflow"].items() if isinstance(value, np.dtype)}


def canonical(module: str) -> str:
    """Return the name under which a foreign module stands in the table."""
    return KERAS.sub("keras", module)


def sources(known: str) -> tuple[str, ...]:
    """Return the names of our modules behind a foreign module, by its canonical name."""
    return tuple(source for source in MODULES.get(known, ()) if _exists(source.partition(":")[0]))


def children(known: str) -> list[str]:
    """Return the names of the modules below a foreign module."""
    front = f"{known}."
    below = {name.removeprefix(front).partition(".")[0] for name in {*MODULES, *FACTS} if name.startswith(front)}
    return sorted(below | ({"keras"} if known == "tensorflow" else set()))


def _exists(module: str) -> bool:
    """Say whether one of our own modules is there."""
    from importlib.util import find_spec

    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
