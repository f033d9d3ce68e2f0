"""What one event says: a number, a histogram or an image, each under its tag and for the plugin that shows it.

The messages are Summary.Value: tag = 1, tensor = 8, metadata = 9 (plugin_data = 1, data_class = 4); a tensor is its
dtype = 1, tensor_shape = 2 and its numbers = 4, or texts = 8.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np

from ...arrays import Array
from ...protobuf import content, whole

FLOAT, DOUBLE, STRING = 1, 2, 7  # of DataType
SCALAR, TENSOR, BLOBS = 1, 2, 3  # of DataClass
BUCKETS = 30


def scalar(tag: str, value: float) -> bytes:
    """Return a number, kept as float32."""
    return _value(tag, "scalars", SCALAR, whole(1, FLOAT) + content(2, b"") + content(4, struct.pack("<f", value)))


def histogram(tag: str, values: Array) -> bytes:
    """Return how often numbers fall between which: 30 buckets of equal width from the smallest to the largest.

    NaN and infinity are not counted. Numbers that are all the same fill one bucket around them.
    """
    rows = buckets(values)
    data = np.ascontiguousarray(rows, "<f8").tobytes()
    return _value(tag, "histograms", TENSOR, whole(1, DOUBLE) + content(2, shape(rows.shape)) + content(4, data))


def image(tag: str, pixels: Array) -> bytes:
    """Return a gray image of `pixels` (height, width), the smallest black and the largest white, as PNG."""
    height, width = pixels.shape
    texts = (str(width).encode(), str(height).encode(), png(gray(pixels)))
    tensor = whole(1, STRING) + content(2, shape((3,))) + b"".join(content(8, text) for text in texts)
    return _value(tag, "images", BLOBS, tensor)


def shape(sizes: tuple[int, ...]) -> bytes:
    """Return a TensorShapeProto: dim = 2, each with its size = 1."""
    return b"".join(content(2, whole(1, size)) for size in sizes)


def buckets(values: Array) -> Array:
    """Return (buckets, 3): left edge, right edge, count; (0, 3) without any finite number."""
    finite = values[np.isfinite(values)].astype(np.float64)
    if not finite.size:
        return np.zeros((0, 3))
    low, high = float(finite.min()), float(finite.max())
    if low == high:
        return np.array([[low - 0.5, high + 0.5, finite.size]])
    counts, edges = np.histogram(finite, BUCKETS, (low, high))
    return np.stack([edges[:-1], edges[1:], counts], axis=1)


def gray(pixels: Array) -> Array:
    """Return `pixels` as uint8 from 0 to 255; what is not finite is black."""
    finite = np.isfinite(pixels)
    low, high = (float(pixels[finite].min()), float(pixels[finite].max())) if finite.any() else (0.0, 0.0)
    share = (np.where(finite, pixels, low) - low) / ((high - low) or 1.0)
    return np.rint(255 * share).astype(np.uint8)


def png(pixels: Array) -> bytes:
    """Return the PNG file of uint8 pixels (height, width). Source: PNG specification (second edition), 5 and 11.2."""
    height, width = pixels.shape
    rows = np.zeros((height, width + 1), np.uint8)  # each row begins with its filter, 0: none
    rows[:, 1:] = pixels
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, chunks))


def _chunk(part: tuple[bytes, bytes]) -> bytes:
    kind, data = part
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _value(tag: str, plugin: str, data_class: int, tensor: Any) -> bytes:
    metadata = content(1, content(1, plugin)) + whole(4, data_class)
    return content(1, tag) + content(8, tensor) + content(9, metadata)
