"""Strange files made of good ones: bytes changed anywhere, and numbers, texts and members changed where they stand.

What is made depends on nothing but the reader, the seed and the number of the input, so that every case comes again.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

from backlit.formats.exports import onnx_file, onnx_message
from backlit.zips import DAMAGE

Random = random.Random
Change = Callable[[bytes, Random], bytes]

LENGTHS = (0, 1, 2, 7, 8, 127, 128, 255, 256, 32767, 65535, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1)
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 3, 255, 2**31, 2**63, 10**12, 10**30, 0.5, -0.0, 1e-320, 1e308, float("inf"),
    float("nan"), "", "x", "os.system", "../../x", "/etc/passwd", "\u0000", "\ud800", "relu", "Dense", [], {},
    [None], [[]], [0, 0, 0], {"class_name": "Dense"}, {"class_name": "function", "config": "eval"},
)  # fmt: skip
WORDS = (b"{", b"}", b"[", b"]", b"(", b")", b'"', b"'", b",", b";", b"\n", b"\r", b"\t", b"-", b"NaN", b"1e999",
         b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"True", b"None", b"99999999999999999999")  # fmt: skip


def strange_file(good: list[bytes], reader: str, seed: int, number: int) -> bytes:
    """Return input `number` of a reader: one of its good files with one to four changes."""
    chance = Random(f"{seed}/{reader}/{number}")
    data = chance.choice(good)
    kinds = STRUCTURED.get(reader, ())
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        change = chance.choice(kinds) if kinds and chance.random() < 0.6 else _bytes
        try:
            data = change(data, chance)
        except (*DAMAGE, TypeError, AttributeError):
            data = _bytes(data, chance)  # an earlier change has destroyed the structure
    return data


def _bytes(data: bytes, chance: Random) -> bytes:
    """Change bytes without knowing what they mean."""
    changed = bytearray(data)
    place = chance.randrange(len(changed) + 1)
    kind = chance.randrange(8)
    if kind == 0 and place < len(changed):
        changed[place] ^= 1 << chance.randrange(8)
    elif kind == 1 and place < len(changed):
        changed[place] = chance.randrange(256)
    elif kind == 2:
        width = chance.choice((1, 2, 4, 8))
        number = chance.choice((*LENGTHS, len(changed), place, chance.randrange(2**16))) % 256**width
        changed[place : place + width] = number.to_bytes(width, chance.choice(("little", "big")))
    elif kind == 3:
        del changed[place : place + chance.choice((1, 4, 16, len(changed)))]
    elif kind == 4:
        changed[place:place] = chance.choice(WORDS) * chance.choice((1, 1, 2, 100))
    elif kind == 5:
        start, size = chance.randrange(len(changed) + 1), chance.choice((1, 4, 16, 64, 256))
        changed[place : place + size] = changed[start : start + size]
    elif kind == 6:
        changed[place:place] = bytes(changed[place : place + chance.choice((4, 16, 64))]) * chance.choice((1, 3))
    else:
        size = chance.choice((1, 8, 64))
        changed[place : place + size] = chance.choice((b"\0", b"\xff", b"A")) * size
    return bytes(changed)


# --- text ----------------------------------------------------------------------------------------------------------


def _json(data: bytes, chance: Random) -> bytes:
    """Change a value, a key or a branch somewhere in a JSON text."""
    tree = json.loads(data)
    places: list[tuple[Any, Any]] = []
    _places(tree, places)
    if not places:
        return json.dumps(chance.choice(VALUES)).encode()
    holder, key = chance.choice(places)
    kind = chance.randrange(6)
    if kind <= 1:
        holder[key] = chance.choice(VALUES)
    elif kind == 2:
        other, from_key = chance.choice(places)
        holder[key] = json.loads(json.dumps(other[from_key]))
    elif kind == 3:
        del holder[key]
    elif kind == 4 and isinstance(holder, dict):
        holder[str(chance.choice(VALUES))] = holder.pop(key)
    elif kind == 5 and isinstance(holder[key], (int, float)):
        holder[key] = chance.choice((holder[key] + 1, -holder[key], holder[key] * 10, str(holder[key]), [holder[key]]))
    else:
        holder[key] = [holder[key]] * chance.choice((1, 2, 50))
    return json.dumps(tree).encode()


def _places(tree: Any, found: list[tuple[Any, Any]]) -> None:
    for key in list(tree) if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ():
        found.append((tree, key))
        _places(tree[key], found)


def _fields(data: bytes, chance: Random) -> bytes:
    """Change a field, a line or a column of a table."""
    lines = data.split(b"\n")
    row = chance.randrange(len(lines))
    fields = lines[row].split(b",")
    new = (
        b"",
        b"NA",
        b"inf",
        b"-1e308",
        b"1_000",
        b"0x10",
        b'"',
        b'"a""b"',
        b"x" * 300,
        b"1,5",
        "\u0661".encode(),
        b"y",
    )
    fields[chance.randrange(len(fields))] = chance.choice(new)
    lines[row] = b",".join(fields)
    if chance.random() < 0.3:
        lines.insert(chance.randrange(len(lines)), chance.choice(lines))
    return b"\n".join(lines)


# --- headers in front of numbers -------------------------------------------------------------------------------------


def _safetensors(data: bytes, chance: Random) -> bytes:
    """Change the header, its length right again."""
    size = struct.unpack("<Q", data[:8])[0]
    header = data[8 : 8 + size]
    if chance.random() < 0.5:
        tree = json.loads(header)
        notes = tree.get("__metadata__", {})
        key = chance.choice(sorted(notes)) if notes else ""
        if key and notes[key].startswith("{"):
            notes[key] = _json(notes[key].encode(), chance).decode()
            header = json.dumps(tree).encode()
    else:
        header = _json(header, chance)
    return struct.pack("<Q", len(header)) + header + data[8 + size :]


def _checkpoint(data: bytes, chance: Random) -> bytes:
    """Change what is below the digest, and let the digest be right."""
    body = (_safetensors if chance.random() < 0.8 else _bytes)(data[40:], chance)
    return data[:8] + hashlib.sha256(body).digest() + body


def _onnx(data: bytes, chance: Random) -> bytes:
    """Change the description or the graph below the digest."""
    found = onnx_message.read(data)
    graph, text = bytes(found.graph), found.metadata[onnx_file.TEXT]
    if chance.random() < 0.5:
        text = _json(text.encode(), chance).decode()
    else:
        graph = _bytes(graph, chance)
    return onnx_message.model(graph, {onnx_file.TEXT: text})


def _npy(data: bytes, chance: Random) -> bytes:
    """Change the header of an array, its length right again."""
    if data[:6] != b"\x93NUMPY":
        raise ValueError("no array")
    size = struct.unpack("<H", data[8:10])[0]
    header, numbers = data[10 : 10 + size], data[10 + size :]
    if chance.random() < 0.5:
        old, new = chance.choice((
            (b"<f8", b"<f4"), (b"<f8", b"|O8"), (b"<f8", b">i2"), (b"<f8", b"|V9"), (b"False", b"True"),
            (b"(", b"(1, "),
            (b"3", b"-3"), (b"2", b"99999999999"), (b"}", b"'x': 1}"), (b"(3, 2)", b"()"), (b"|u1", b"|b1"),
        ))  # fmt: skip
        header = header.replace(old, new)
    else:
        header = _bytes(header, chance)
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header) % 65536) + header + numbers


def _idx(data: bytes, chance: Random) -> bytes:
    """Change the rank, a size or the type, below gzip where there is one."""
    packed = data[:2] == b"\x1f\x8b"
    plain = bytearray(gzip.decompress(data) if packed else data)
    place = chance.choice((2, 3, 4, 8, 12))
    if place < 4:
        plain[place] = chance.choice((0, 1, 2, 3, 8, 9, 11, 12, 13, 14, 33, 255))
    else:
        plain[place : place + 4] = struct.pack(">I", chance.choice(LENGTHS) % 2**32)
    return gzip.compress(bytes(plain), 1, mtime=0) if packed or chance.random() < 0.2 else bytes(plain)


def _hdf5(data: bytes, chance: Random) -> bytes:
    """Change a number in a structure of an HDF5 file: an address, a size, a count, a kind."""
    kind = chance.choice((b"TREE", b"SNOD", b"HEAP", b"GCOL", b"\x89HDF", b"\x11\x00\x10\x00", b"\x08\x00\x18\x00",
                          b"\x0c\x00", b"\x03\x00", b"\x01\x00"))  # fmt: skip
    found = [i for i in range(0, len(data) - 64, 8) if data.startswith(kind, i)]
    place = chance.choice(found) + 4 * chance.randrange(16)
    width = chance.choice((1, 2, 4, 8))
    address = chance.choice((*found, place, len(data), *LENGTHS)) % 256**width
    return data[:place] + address.to_bytes(width, "little") + data[place + width :]


# --- shells ----------------------------------------------------------------------------------------------------------


def inside_zip(*kinds: tuple[str, Change]) -> Change:
    """Return a change of one member by what the end of its name says, packed again with right checksums."""

    def change(data: bytes, chance: Random) -> bytes:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [(info.filename, archive.read(info)) for info in archive.infolist()]
        i = chance.randrange(len(members))
        name, content = members[i]
        fitting = next((kind for end, kind in kinds if name.endswith(end)), _bytes)
        draw = chance.random()
        if draw < 0.85:
            members[i] = name, fitting(content, chance)
        elif draw < 0.9:
            members[i] = chance.choice(("../x", "x", name + "x", "a/b.npy")), content
        elif draw < 0.95:
            members.pop(i)
        else:
            members.append((f"more{i}.npy", content))
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
            for name, content in members:
                archive.writestr(zipfile.ZipInfo(name), content, archive.compression)
        return file.getvalue()

    return change


def _directory(data: bytes, chance: Random) -> bytes:
    """Change a field of a zip's headers."""
    signature = chance.choice((b"PK\1\2", b"PK\3\4", b"PK\5\6"))
    place = chance.choice([i for i in range(len(data)) if data.startswith(signature, i)]) + 2 * chance.randrange(2, 23)
    width = chance.choice((2, 4))
    return data[:place] + (chance.choice(LENGTHS) % 256**width).to_bytes(width, "little") + data[place + width :]


def _description(data: bytes, chance: Random) -> bytes:
    """Change the JSON text that a member of a `.npz` model holds."""
    size = struct.unpack("<H", data[8:10])[0]
    text = _json(data[10 + size :], chance)
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (%d,), }" % len(text)
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + text


def _png(data: bytes, chance: Random) -> bytes:
    """Change a chunk of a PNG picture, its checksum right again."""
    if data[:4] != b"\x89PNG":
        raise ValueError("no PNG")
    chunks, place = list[tuple[bytes, bytes]](), 8
    while place + 12 <= len(data):
        size = struct.unpack(">I", data[place : place + 4])[0]
        chunks.append((data[place + 4 : place + 8], data[place + 8 : place + 8 + size]))
        place += 12 + size
    i = chance.randrange(len(chunks))
    kind, content = chunks[i]
    if kind == b"IDAT" and chance.random() < 0.5:
        content = zlib.compress(_bytes(zlib.decompress(content), chance))
    else:
        content = _bytes(content, chance) if content else b"\0"
    chunks[i] = kind, content
    if chance.random() < 0.2:
        chunks.insert(chance.randrange(1, len(chunks)), (chance.choice((b"tRNS", b"PLTE", b"eXIf", b"zTXt")), content))
    return data[:8] + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


_keras = inside_zip((".json", _json), (".h5", _hdf5))
STRUCTURED: dict[str, tuple[Change, ...]] = {
    "keras": (_keras, _keras, _keras, _directory),
    "estimator": (_keras, _keras, _keras, _directory),
    "preparation": (_keras, _keras, _keras, _directory),
    "weights.h5": (_hdf5,),
    "h5": (_hdf5,),
    "safetensors": (_safetensors,),
    "npz": (inside_zip(("description.npy", _description), (".npy", _npy)), _directory),
    "arrays": (inside_zip((".npy", _npy)), _directory),
    "onnx": (_onnx,),
    "json": (_json,),
    "checkpoint": (_checkpoint,),
    "idx": (_idx,),
    "array": (_npy,),
    "picture": (_png,),
    "table": (_fields,),
}
