"""Pictures as files, as Pillow's objects and as arrays, with the names Keras has for the ways between them.

Reading itself is done by `datasets`, which knows what a hostile file may hold.
"""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np

from ...arrays import Array, as_dtype, floatx, is_integer
from ...datasets.picture_batches import COLOR_MODES
from ...datasets.picture_files import pillow
from ...datasets.picture_frames import Frame, facts, read_framed
from ...errors import ConfigError, DataError, ShapeError, unknown_name
from ...formats.write import write_file

INTERPOLATIONS = {  # Keras' names, and those of a frame
    "nearest": "nearest", "bilinear": "bilinear", "bicubic": "bicubic", "box": "area", "area": "area",
    "hamming": "hamming", "lanczos": "lanczos3", "lanczos3": "lanczos3",
}  # fmt: skip
WRITTEN = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "bmp": "BMP", "gif": "GIF", "tif": "TIFF", "tiff": "TIFF",
           "webp": "WEBP", "ppm": "PPM"}  # fmt: skip


def frame_of(target_size: Any, color_mode: Any, interpolation: Any, keep_aspect_ratio: bool) -> Frame:
    """Return the frame that pictures are brought to; bad arguments raise `ConfigError`."""
    if (
        not isinstance(target_size, (tuple, list))
        or len(target_size) != 2
        or not all(is_integer(n) and n > 0 for n in target_size)
    ):
        raise ConfigError(f"target_size is {target_size!r}. Expected (height, width) in pixels, such as (28, 28).")
    if color_mode not in COLOR_MODES:
        raise unknown_name("color_mode", color_mode, COLOR_MODES)
    if interpolation not in INTERPOLATIONS:
        raise unknown_name("interpolation", interpolation, INTERPOLATIONS)
    fit = "crop" if keep_aspect_ratio else "stretch"
    height, width = (int(n) for n in target_size)
    return Frame(height, width, COLOR_MODES[color_mode], fit, INTERPOLATIONS[interpolation], 0.0)


def load_img(
    path: str | os.PathLike[str], color_mode: str = "rgb", target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest", keep_aspect_ratio: bool = False,
) -> Any:  # fmt: skip
    """Return a picture file as a picture of Pillow's, in `color_mode` ("grayscale", "rgb", "rgba").

    `target_size` is (height, width), or None for the size it has; a picture of another aspect is stretched, or with
    `keep_aspect_ratio` cropped in the middle. It is upright, transparent parts lie on paper, 16 bits become 8. A file
    that is no picture raises `DataError`.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise ConfigError(f"path is {type(path).__name__}. Expected the path of a picture file.")
    size = target_size
    if size is None:
        head = facts(path)
        size = head.height, head.width
    pixels = read_framed(path, frame_of(size, color_mode, interpolation, keep_aspect_ratio))
    return pillow()[0].fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> Array:
    """Return a picture of Pillow's, or an array, as floats (height, width, channels), as bright as it was.

    `data_format="channels_first"` gives (channels, height, width), and takes arrays of three axes as such.
    """
    first = _is_first(data_format)
    array = np.array(img, dtype=floatx() if dtype is None else as_dtype(dtype))
    if array.ndim == 2:
        return array[None] if first else array[..., None]
    if array.ndim != 3:
        raise ShapeError(f"A picture has 2 or 3 axes, got an array of shape {array.shape}.")
    return np.moveaxis(array, -1, 0) if first and not isinstance(img, np.ndarray) else array


def array_to_img(x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None) -> Any:
    """Return an array (height, width, channels) as a picture of Pillow's.

    With `scale`, the lowest number becomes black and the highest white; without, numbers are taken as they are, 0..255,
    and what lies behind the point is cut off.
    """
    array = np.asarray(x, floatx() if dtype is None else as_dtype(dtype))
    if array.ndim != 3 or 0 in array.shape:
        raise ShapeError(f"An image has three axes, (height, width, channels), got an array of shape {array.shape}.")
    array = np.moveaxis(array, 0, -1) if _is_first(data_format) else array
    if array.shape[2] not in (1, 3, 4):
        raise ShapeError(f"An image has 1, 3 or 4 channels, got {array.shape[2]} (shape {array.shape}).")
    if not np.isfinite(array).all():
        raise DataError("The image has numbers that are not finite. Expected pixels.")
    array = stretched(array) if scale else array
    image_module = pillow()[0]
    if array.shape[2] > 1:
        return image_module.fromarray(array.astype(np.uint8))
    return image_module.fromarray(array[..., 0].astype(np.int32 if array.max() > 255 else np.uint8))


def stretched(array: Array) -> Array:
    """Return numbers spread over 0..255; where all are equal, zeros."""
    array = array - array.min()
    return array / array.max() * 255 if array.max() else array


def save_img(
    path: str | os.PathLike[str], x: Any, data_format: str | None = None, file_format: str | None = None,
    scale: bool = True, **kwargs: Any,
) -> None:  # fmt: skip
    """Write an array (height, width, channels) as a picture file, in the format its name or `file_format` says.

    JPEG has no transparency: the fourth channel is left out. `kwargs` are Pillow's options for the format. A file that
    is there is replaced once the new one is complete.
    """
    form = file_format if file_format is not None else os.path.splitext(os.fspath(path))[1].lstrip(".")
    if not isinstance(form, str) or form.lower() not in WRITTEN:
        raise ConfigError(
            f"{os.fspath(path)}: {form!r} is no format of pictures. Expected one of {', '.join(WRITTEN)}."
        )
    image = array_to_img(x, data_format, scale)
    if WRITTEN[form.lower()] == "JPEG" and image.mode == "RGBA":
        image = image.convert("RGB")
    buffer = io.BytesIO()
    image.save(buffer, WRITTEN[form.lower()], **kwargs)
    write_file(path, buffer.getvalue())


def _is_first(data_format: str | None) -> bool:
    if data_format not in (None, "channels_first", "channels_last"):
        raise unknown_name("data_format", data_format, ("channels_first", "channels_last"))
    return data_format == "channels_first"
