"""Many pictures of any size as bytes of one size: the rule that brings each into the same frame, and its reader.

`picture_files` opens the files; `picture_folder` knows which files there are.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Array
from ..errors import ConfigError, DataError, unknown_name
from .picture_files import MOST_PIXELS, channels_of, opened, pillow, quiet

PathLike = str | os.PathLike[str]

RESAMPLING = {
    "bilinear": "BILINEAR", "nearest": "NEAREST", "bicubic": "BICUBIC", "area": "BOX", "lanczos3": "LANCZOS",
    "hamming": "HAMMING",
}  # fmt: skip
FITS = ("pad", "stretch", "crop")
CHANNELS = {1: "L", 3: "RGB", 4: "RGBA"}
GRAY_MODES = ("1", "L", "LA", "La", "I", "F")
READERS = 4


@dataclass(frozen=True)
class Frame:
    """What every picture is brought to: its size, its channels (1, 3 or 4), and what is done where the aspect differs.

    `pad` keeps the whole picture and its aspect, centered; the rest is `fill` (0..255), or the median of the
    picture's own border where that is None. `crop` keeps the aspect and cuts off what sticks out, `stretch` does not
    keep it. Numbers between pixels are interpolated by Pillow, over all pixels that fall into one when a picture
    shrinks; a picture of the right size is not touched.
    """

    height: int
    width: int
    channels: int = 1
    fit: str = "pad"
    interpolation: str = "bilinear"
    fill: float | None = None

    def __post_init__(self) -> None:
        if min(self.height, self.width) < 1:
            raise ConfigError(f"The size of a picture is {self.height}x{self.width}. Expected 1 or more pixels a side.")
        if self.height * self.width > MOST_PIXELS:
            raise ConfigError(f"The size of a picture is {self.height}x{self.width}. At most {MOST_PIXELS:,} pixels.")
        if self.fit not in FITS:
            raise unknown_name("fit", self.fit, FITS)
        if self.interpolation not in RESAMPLING:
            raise unknown_name("interpolation", self.interpolation, RESAMPLING)
        if self.channels not in CHANNELS:
            raise ConfigError(f"A picture has {self.channels} channels. Expected 1 (gray), 3 (color) or 4 (alpha).")


@dataclass(frozen=True)
class Facts:
    """What the head of a picture file says: its upright size, whether it has colors, how many pictures it holds."""

    height: int
    width: int
    gray: bool
    pictures: int


def facts(path: PathLike) -> Facts:
    """Return what the head of a picture file says, without reading its pixels."""
    with opened(path) as image:
        turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
        width, height = (image.height, image.width) if turned else image.size
        pictures = int(getattr(image, "n_frames", 1)) if image.format != "MPO" else 1
        return Facts(height, width, image.mode in GRAY_MODES or image.mode.startswith("I;"), pictures)


def read_framed(path: PathLike, frame: Frame) -> Array:
    """Return a picture as uint8 (height, width, channels) in the frame; `DataError` names what is wrong with it.

    Of an animation the first picture is taken. 16-bit values are divided by 257, CMYK, YCbCr and palettes become RGB,
    gray is 0.299 R + 0.587 G + 0.114 B; what is transparent lies on white, or on black where what can be seen is light.
    """
    image_module, _, operations = pillow()
    with opened(path) as image:
        if (
            image.format == "JPEG" and frame.interpolation != "nearest"
        ):  # a photograph is decoded at a half, a quarter or an eighth where that is enough
            image.draft(None, (2 * frame.width, 2 * frame.height))
        image.load()
        upright = _in_bytes(operations.exif_transpose(image), path, CHANNELS[frame.channels])
        return np.asarray(_framed(image_module, upright, frame)).reshape(frame.height, frame.width, frame.channels)


def _in_bytes(image: Any, path: PathLike, mode: str) -> Any:
    """Return a picture of eight bits in `mode`."""
    wide = image.mode.startswith("I") or image.mode == "F"
    seen_through = "A" in image.mode or "a" in image.mode or "transparency" in image.info
    if mode == "RGBA" or not (wide or seen_through):
        return image if image.mode == mode else image.convert(mode)
    bytes_ = np.rint(255 * channels_of(image, path)).astype(np.uint8)
    plain = pillow()[0].fromarray(bytes_[..., 0] if bytes_.shape[2] == 1 else bytes_)
    return plain.convert(mode)


def _framed(image_module: Any, image: Any, frame: Frame) -> Any:
    wanted, (width, height) = (frame.width, frame.height), image.size
    if image.size == wanted:
        return image
    method = image_module.Resampling[RESAMPLING[frame.interpolation]]
    if frame.fit == "stretch" or width * frame.height == height * frame.width:
        return image.resize(wanted, method)
    scales = frame.width / width, frame.height / height
    if frame.fit == "crop":
        w = min(width, max(1, height * frame.width // frame.height))  # whole pixels, as Keras cuts them
        h = min(height, max(1, width * frame.height // frame.width))
        left, top = (width - w) // 2, (height - h) // 2
        return image.resize(wanted, method, box=(left, top, left + w, top + h))
    inner = max(1, round(width * min(scales))), max(1, round(height * min(scales)))
    canvas = image_module.new(image.mode, wanted, _paper(image, frame.fill))
    canvas.paste(image.resize(inner, method), ((frame.width - inner[0]) // 2, (frame.height - inner[1]) // 2))
    return canvas


def _paper(image: Any, fill: float | None) -> Any:
    """Return the value of the pixels around a picture, one for each channel."""
    pixels = np.asarray(image).reshape(image.height, image.width, -1)
    if fill is not None:
        return tuple([int(fill)] * pixels.shape[2]) if pixels.shape[2] > 1 else int(fill)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    median = [int(value) for value in np.median(border, axis=0)]
    return tuple(median) if len(median) > 1 else median[0]


def each(work: Callable[[Any], Any], paths: Sequence[PathLike]) -> tuple[list[Any], list[str]]:
    """Return `work(path)` for all paths (None where it fails), and what was wrong with those that failed, in order."""

    def tried(path: PathLike) -> tuple[Any, str]:
        try:
            return work(path), ""
        except DataError as error:
            return None, str(error).split(" Expected ")[0].rstrip(".")

    with quiet(), ThreadPoolExecutor(READERS) as pool:  # Pillow lets go of the interpreter while it decodes
        found = list(pool.map(tried, paths, chunksize=64))
    return [value for value, _ in found], [fault for _, fault in found if fault]
