"""Images moved, distorted and standardized while a network trains: Keras' `ImageDataGenerator`, inside the step."""

from ...datasets.picture_batches import image_dataset_from_directory
from .arrays import NumpyArrayIterator
from .flow import Flow as Iterator
from .folders import DirectoryIterator
from .frames import DataFrameIterator
from .generator import ImageDataGenerator
from .one_image import (
    apply_affine_transform,
    apply_brightness_shift,
    apply_channel_shift,
    random_brightness,
    random_channel_shift,
    random_rotation,
    random_shear,
    random_shift,
    random_zoom,
)
from .pictures import array_to_img, img_to_array, load_img, save_img

__all__ = [
    "DataFrameIterator", "DirectoryIterator", "ImageDataGenerator", "Iterator", "NumpyArrayIterator",
    "apply_affine_transform", "apply_brightness_shift", "apply_channel_shift", "array_to_img",
    "image_dataset_from_directory", "img_to_array", "load_img", "random_brightness", "random_channel_shift",
    "random_rotation", "random_shear", "random_shift", "random_zoom", "save_img",
]  # fmt: skip
