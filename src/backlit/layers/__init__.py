"""The layers of dense networks, each with the arguments, defaults and formulas of Keras.

A layer keeps its numbers in Variables and computes with ops, so one `call` runs, is recorded and is differentiated.
"""

from .activation import ELU, Activation, LeakyReLU, PReLU, ReLU, Softmax
from .dense import Dense
from .input import Input, InputLayer
from .layer import Layer
from .merging import Add, Average, Concatenate, Maximum, Minimum, Multiply, Subtract
from .noise import Dropout, GaussianNoise
from .normalization import BatchNormalization, LayerNormalization
from .reshaping import Flatten, Reshape
from .scaling import Identity, Rescaling

__all__ = [
    "ELU", "Activation", "Add", "Average", "BatchNormalization", "Concatenate", "Dense", "Dropout", "Flatten",
    "GaussianNoise", "Identity", "Input", "InputLayer", "Layer", "LayerNormalization", "LeakyReLU", "Maximum",
    "Minimum", "Multiply", "PReLU", "ReLU", "Rescaling", "Reshape", "Softmax", "Subtract",
]  # fmt: skip
