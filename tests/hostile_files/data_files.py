"""Pictures and tables from strangers: bombs, claims, programs in the place of pixels, and tables that do not end.

They go through `backlit predict` and `backlit train --data`.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np

Case = tuple[str, Callable[[], bytes]]


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, data: bytes, *more: bytes, depth: int = 8, color: int = 0) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(more) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def bomb(side: int) -> bytes:
    """Return a picture of zeros with `side` pixels a side, a thousand times larger than its file."""
    packer = zlib.compressobj(9)
    rows = b"".join([packer.compress(bytes(side + 1)) for _ in range(side)])
    return png(side, side, rows + packer.flush())


def tiff(width: int, height: int) -> bytes:
    tags = [(256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 0), (279, 4, 2**31)]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries + struct.pack("<I", 8)


def gif(width: int, height: int) -> bytes:
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0)
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0, 0, 0) + frame + b"\2\2\x4c\1\0;"


def bmp(width: int, height: int) -> bytes:
    head = struct.pack("<IHHIIiiHHIIiiII", 100, 0, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + head + bytes(60)


PICTURES: dict[str, Callable[[], bytes]] = {
    "a bomb of 100 million pixels": lambda: bomb(9_999),
    "a bomb of a billion pixels": lambda: png(32_000, 32_000, zlib.compress(bytes(10**6))),
    "a claim of 2**62 pixels": lambda: png(2**31 - 1, 2**31 - 1, zlib.compress(b"")),
    "no pixels": lambda: png(0, 0, zlib.compress(b"")),
    "an unknown depth": lambda: png(4, 4, zlib.compress(bytes(20)), depth=7),
    "text that is a bomb": lambda: png(
        4, 4, zlib.compress(bytes(20)), chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2 * 10**7)))
    ),
    "colors that are a bomb": lambda: png(
        4, 4, zlib.compress(bytes(20)), chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(2 * 10**7)))
    ),
    "half a picture": lambda: png(400, 400, zlib.compress(bytes(400)))[:60],
    "a program in PostScript": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run showpage\n",
    "a drawing with an address": lambda: b"<svg><image href='http://127.0.0.1/'/></svg>",
    "a page in PDF": lambda: b"%PDF-1.4\n1 0 obj << /OpenAction << /S /Launch /F (touch pwned) >> >> endobj\n",
    "a giant GIF": lambda: gif(65_535, 65_535),
    "a giant TIFF": lambda: tiff(2**20, 2**20),
    "a giant PPM": lambda: b"P6 1000000 1000000 255\n" + bytes(100),
    "a giant BMP": lambda: bmp(2**30, 2**30),
    "numbers of NumPy": lambda: b"\x93NUMPY" + bytes(100),
    "nothing": lambda: b"",
    "a pickle": lambda: b"\x80\x04cos\nsystem\n(S'touch pwned'\ntR.",
}  # fmt: skip


def wide(columns: int) -> bytes:
    names = ",".join(f"c{i}" for i in range(columns))
    return f"{names},y\n".encode() + b"1," * columns + b"1\n"


def different(rows: int) -> bytes:
    return b"a,y\n" + b"".join(b"t%d,%d\n" % (i, i % 2) for i in range(rows))


def numbers_file() -> bytes:
    file = io.BytesIO()
    np.save(file, np.zeros(3))
    return file.getvalue()


TABLES: dict[str, Callable[[], bytes]] = {
    "a quote that does not end": lambda: b'a,y\n"' + b"x" * 10**6,
    "a field without end": lambda: b"a,y\n" + b"x" * 10**6 + b",1\n",
    "quotes in quotes": lambda: b'a,y\n"' + b'""' * 10**5 + b"x\n",
    "only delimiters": lambda: b"," * 10**6,
    "many columns": lambda: wide(50_000),
    "a category for each row": lambda: different(20_000),
    "classes without number": lambda: b"a,y\n" + b"".join(b"1,c%d\n" % i for i in range(20_000)),
    "ragged rows": lambda: b"a,y\n" + b"1,2,3\n1\n" * 10_000,
    "names twice": lambda: b"y,y\n1,2\n",
    "numbers without end": lambda: b"a,y\n" + b"9" * 10**5 + b",1\n1,2\n1,3\n",
    "infinite numbers": lambda: b"a,y\ninf,1\n-inf,0\n1e999,1\n",
    "zeros": lambda: bytes(10**6),
    "bytes that are no text": lambda: b"a,y\n" + b"\xff\xfe\xfd" * 1000,
    "half of UTF-16": lambda: b"\xff\xfea",
    "an array": numbers_file,
    "nothing": lambda: b"",
}

CASES: dict[str, Case] = {
    **{f"picture: {name}": ("picture", make) for name, make in PICTURES.items()},
    **{f"table: {name}": ("table", make) for name, make in TABLES.items()},
}
