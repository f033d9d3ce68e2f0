"""PNG pictures in forty lines: arrays of bytes in, a `data:` address for an `<img>` out.

The report must open anywhere and offline, so its pictures live inside it; nothing but zlib is needed for that.
"""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np

from ...arrays import Array

GRAY, COLOR, INDEXED = 0, 2, 3  # PNG specification, 11.2.2: color types
_LEVELS = 31  # shades on either side of zero in a picture of weights
_NEGATIVE, _POSITIVE = (47, 111, 214), (224, 122, 12)


def png(pixels: Array, palette: Array | None = None) -> bytes:
    """Return a PNG file for uint8 `pixels`: (height, width) gray or indices, or (height, width, 3) red-green-blue.

    `palette` holds red, green, blue, alpha rows, (colors, 4) uint8; with it the pixels are row numbers.
    """
    height, width = pixels.shape[:2]
    kind = INDEXED if palette is not None else COLOR if pixels.ndim == 3 else GRAY
    rows = np.ascontiguousarray(pixels, np.uint8).reshape(height, -1)
    raw = np.pad(rows, ((0, 0), (1, 0)))  # every row starts with filter type 0, "as it is"
    parts = [_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0))]
    if palette is not None:
        parts += [_chunk(b"PLTE", palette[:, :3].tobytes()), _chunk(b"tRNS", palette[:, 3].tobytes())]
    parts += [_chunk(b"IDAT", zlib.compress(raw.tobytes(), 9)), _chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def data_uri(png_file: bytes) -> str:
    """Return the `data:` address of a PNG file."""
    return "data:image/png;base64," + base64.b64encode(png_file).decode("ascii")


def as_bytes(image: Array) -> Array:
    """Return an image of any number type as uint8: bytes stay, floats in 0..1 times 255, wider ranges are stretched."""
    image = np.asarray(image)
    if image.ndim == 3 and image.shape[-1] == 1:
        image = image[..., 0]
    if image.dtype == np.uint8:
        return image
    values = np.nan_to_num(image.astype(np.float64))
    low, high = min(0.0, float(values.min())), float(values.max())
    top = max(1.0, high)
    return np.rint((values - low) / (top - low) * 255).astype(np.uint8)


def signed_png(values: Array) -> bytes:
    """Return a picture of numbers in -1..1: blue below zero, amber above, transparent at zero; (height, width)."""
    levels = np.rint(np.clip(values, -1, 1) * _LEVELS).astype(np.int64) + _LEVELS
    return png(levels.astype(np.uint8), _signed_palette())


def _signed_palette() -> Array:
    strength = np.abs(np.arange(-_LEVELS, _LEVELS + 1)) / _LEVELS
    palette = np.empty((2 * _LEVELS + 1, 4), np.uint8)
    palette[:_LEVELS, :3], palette[_LEVELS:, :3] = _NEGATIVE, _POSITIVE
    palette[:, 3] = np.rint(255 * strength**0.8)  # a little below linear: faint weights stay visible
    return palette


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
