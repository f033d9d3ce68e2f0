"""The layers of dense networks, each with the arguments, defaults and formulas of Keras.

A layer keeps its numbers in Variables and computes with ops, so one `call` runs, is recorded and is differentiated.
"""

from typing import Any as _Any

from ..errors import did_you_mean as _did_you_mean
from .activation import ELU, Activation, LeakyReLU, PReLU, ReLU, Softmax
from .dense import Dense
from .dot import Dot, dot
from .input import Input, InputLayer
from .layer import Layer
from .merged import add, average, concatenate, maximum, minimum, multiply, subtract
from .merging import Add, Average, Concatenate, Maximum, Minimum, Multiply, Subtract
from .noise import Dropout, GaussianNoise
from .normalization import BatchNormalization, LayerNormalization
from .of_function import Lambda
from .random_look import RandomAffine, RandomElastic, RandomRotation, RandomShear, RandomTranslation, RandomZoom
from .random_pixels import RandomErasing, RandomFlip, RandomNoise
from .reshaping import Flatten, Reshape
from .scaling import Identity, Rescaling
from .standardization import Normalization

__all__ = [
    "ELU", "Activation", "Add", "Average", "BatchNormalization", "Concatenate", "Dense", "Dot", "Dropout",
    "Flatten", "GaussianNoise", "Identity", "Input", "InputLayer", "Lambda", "Layer", "LayerNormalization",
    "LeakyReLU", "Maximum", "Minimum", "Multiply", "Normalization", "PReLU", "RandomAffine", "RandomElastic",
    "RandomErasing", "RandomFlip", "RandomNoise", "RandomRotation", "RandomShear", "RandomTranslation",
    "RandomZoom", "ReLU", "Rescaling", "Reshape", "Softmax", "Subtract", "add", "average", "concatenate", "dot",
    "maximum", "minimum", "multiply", "subtract",
]  # fmt: skip

BEYOND = ("Conv", "Pooling", "LSTM", "GRU", "RNN", "Recurrent", "Attention", "Embedding", "Cropping", "UpSampling")


def __getattr__(name: str) -> _Any:
    """Say of a layer that is not here what is nearest, or that it is beyond dense networks."""
    if any(word in name for word in BEYOND):
        raise AttributeError(f"There is no layer {name}: Backlit is for fully-connected networks, such as Dense.")
    raise AttributeError(f"There is no layer {name}.{_did_you_mean(name, __all__)}")
