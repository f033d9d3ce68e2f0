"""Picture files and picture arrays as plain numbers between 0 and 1, whatever their mode, depth or orientation.

This module and `picture_frames` alone know Pillow, which comes with the `image` extra.
"""

from __future__ import annotations

import contextlib
import os
import struct
import threading
import warnings
import zlib
from collections.abc import Generator
from typing import Any

import numpy as np

from ..arrays import Array
from ..errors import ConfigError, DataError

MOST_PIXELS = 100_000_000
MOST_EXPANSION = 100  # pixels for each byte of the file; more in a picture that is not small is a bomb
SMALL = 4_000_000  # pixels
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM")  # none that runs a program, as EPS does


def pillow() -> Any:
    """Return Image, ImageFilter and ImageOps of Pillow; without it, `ConfigError` says how to get it."""
    try:
        from PIL import Image, ImageFilter, ImageOps
    except ImportError:
        raise ConfigError('Reading pictures needs Pillow. Run `pip install "backlit[image]"`.') from None
    return Image, ImageFilter, ImageOps


def read(path: str | os.PathLike[str]) -> Array:
    """Return a picture file as float64 (height, width, channels) in 0..1, upright; `DataError` names what is wrong."""
    _, _, operations = pillow()
    with opened(path) as image:
        image.load()
        return channels_of(operations.exif_transpose(image), path)


@contextlib.contextmanager
def quiet() -> Generator[None]:
    """Ignore what Pillow says of metadata it cannot read and of many pixels; in the main thread alone.

    Filters of warnings belong to the process: threads that each change and restore them leave them changed. Who reads
    in threads is quiet around all of them.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def opened(path: str | os.PathLike[str]) -> Generator[Any]:
    """Give a picture file as Pillow sees it, its pixels not read yet; whatever is wrong with it raises `DataError`.

    The content says what kind of file it is, not the name. Only formats that are pictures through and through are
    tried, and one with more than `MOST_PIXELS`, or with many more than bytes, is refused before memory is taken for it.
    """
    image_module, _, _ = pillow()
    try:
        with quiet():
            size = os.path.getsize(path)
            if size == 0:
                raise DataError(
                    f"{path} is not a readable picture (it is empty: 0 bytes). Expected PNG, JPEG or the like."
                )
            with image_module.open(path, formats=FORMATS) as image:
                most = min(MOST_PIXELS, max(SMALL, MOST_EXPANSION * size))
                if image.width * image.height > most:
                    raise DataError(
                        f"{path} has {image.width}x{image.height} pixels in {size:,} bytes. Expected at most {most:,} "
                        "pixels."
                    )
                yield image
    except DataError:
        raise
    except FileNotFoundError:
        raise DataError(f"{path} does not exist. Expected a picture file such as PNG or JPEG.") from None
    except image_module.DecompressionBombError:
        raise DataError(f"{path} is too large: more than {MOST_PIXELS:,} pixels. Expected fewer; reduce it.") from None
    except image_module.UnidentifiedImageError:
        raise DataError(
            f"{path} is not a readable picture (its content is of no kind we know). Expected PNG, JPEG or the like."
        ) from None
    except _DAMAGE as error:
        reason = getattr(error, "strerror", None) or str(error).rstrip(".") or type(error).__name__
        raise DataError(f"{path} is not a readable picture ({reason}). Expected PNG, JPEG or the like.") from None


_DAMAGE = (
    OSError, ValueError, SyntaxError, EOFError, MemoryError, IndexError, TypeError, KeyError, AttributeError,
    ArithmeticError, NotImplementedError, RuntimeError, AssertionError, struct.error, zlib.error,
)  # fmt: skip


def channels_of(image: Any, path: str | os.PathLike[str]) -> Array:
    """Return a picture of Pillow's as float64 (height, width, 1 or 3) in 0..1, transparent parts laid on paper."""
    if image.mode.startswith("I") or image.mode == "F":
        return from_array(np.asarray(image), os.fspath(path))
    if "A" in image.mode or "a" in image.mode or "transparency" in image.info:
        return _on_paper(np.asarray(image.convert("RGBA"), np.float64) / 255)
    return (
        np.asarray(image.convert("L" if image.mode in ("L", "1") else "RGB"), np.float64).reshape(
            image.height, image.width, -1
        )
        / 255
    )


def _on_paper(rgba: Array) -> Array:
    """Lay a picture with transparency on white, or on black when what can be seen of it is light."""
    alpha = rgba[..., 3:]
    seen = float((rgba[..., :3] * alpha).sum() / max(3 * float(alpha.sum()), 1e-9))
    paper = 0.0 if alpha.min() < 0.5 and seen > 0.6 else 1.0
    return rgba[..., :3] * alpha + paper * (1 - alpha)


def from_array(array: Array, name: str = "the array") -> Array:
    """Return an array of a picture as float64 (height, width, channels) in 0..1."""
    picture = np.asarray(array)
    if picture.ndim == 2:
        picture = picture[..., None]
    if picture.ndim != 3 or picture.shape[2] not in (1, 3, 4) or 0 in picture.shape or picture.dtype.kind not in "buif":
        raise DataError(
            f"{name} has shape {np.shape(array)} and dtype {picture.dtype}, "
            "expected numbers of shape (height, width) or (height, width, 1, 3 or 4)."
        )
    values = picture.astype(np.float64)
    if not np.isfinite(values).all() or values.min() < 0:
        raise DataError(f"{name} has values that are negative or not finite. Expected 0..1, 0..255 or 0..65535.")
    top = float(values.max())
    full = _full_scale(picture.dtype, top)
    if top > full:
        raise DataError(f"{name} has a value of {top:g}, expected at most {full:g}.")
    values /= full
    return _on_paper(values) if values.shape[2] == 4 else values


def _full_scale(dtype: np.dtype[Any], top: float) -> float:
    """Say which value is white: known for bytes, words and bool, told from the largest value otherwise."""
    if dtype.kind == "b":
        return 1.0
    if dtype.kind == "u" and dtype.itemsize <= 2:
        return 255.0 if dtype.itemsize == 1 else 65535.0
    return next((full for full in (1.0, 255.0) if top <= full and (full > 1 or dtype.kind == "f")), 65535.0)


def resized(plane: Array, size: tuple[int, int]) -> Array:
    """Return one plane (height, width) at another size: averaged down or smoothly up."""
    image_module, _, _ = pillow()
    smaller = size[0] * size[1] < plane.size
    method = image_module.Resampling.BOX if smaller else image_module.Resampling.BICUBIC
    image = image_module.fromarray(plane.astype(np.float32))
    return np.asarray(image.resize((size[1], size[0]), method), np.float64)


def thickened(plane: Array, radius: int) -> Array:
    """Return a plane of ink with every stroke `radius` pixels wider on each side (the picture grows by as much)."""
    wide = np.pad(plane, radius)
    for _ in range(radius):
        padded = np.pad(wide, 1)
        cross = np.maximum(np.maximum(padded[:-2, 1:-1], padded[2:, 1:-1]), padded[1:-1, 1:-1])
        wide = np.maximum(cross, np.maximum(padded[1:-1, :-2], padded[1:-1, 2:]))
    return wide
