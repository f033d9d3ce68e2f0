"""Images moved, distorted and standardized while a network trains: Keras' `ImageDataGenerator`, inside the step."""

from .flow import NumpyArrayIterator
from .generator import ImageDataGenerator

__all__ = ["ImageDataGenerator", "NumpyArrayIterator"]
