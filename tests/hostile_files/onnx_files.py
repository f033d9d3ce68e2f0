"""ONNX files whose tensors lie elsewhere, claim what is not there, or describe other networks.

CVE-2022-25882, CVE-2024-27318, CVE-2026-27489: `external_data` with a path, fixed three times elsewhere.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable

from backlit.formats.exports import onnx_message
from backlit.formats.exports.onnx_file import TEXT
from backlit.protobuf import content, whole, wholes
from benchmarks.fuzz.readers import bare_onnx, small_model, written

from .configs import CONFIGS, described

Case = tuple[str, Callable[[], bytes]]


@functools.cache
def good() -> onnx_message.ModelFile:
    return onnx_message.read(written(".onnx", small_model(False).save))


def with_tensor(tensor: bytes) -> bytes:
    return onnx_message.model(bytes(good().graph) + content(5, tensor), {TEXT: good().metadata[TEXT]})


def external(path: str) -> bytes:
    """Return a TensorProto whose numbers lie in a file: external_data = 13, data_location = 14."""
    head = wholes(1, [2]) + whole(2, 1) + content(8, "layers/more")
    return head + content(13, content(1, "location") + content(2, path)) + whole(14, 1)


def described_as(name: str) -> bytes:
    return onnx_message.model(bytes(good().graph), {TEXT: described(CONFIGS[name])})


FILES: dict[str, Callable[[], bytes]] = {
    "numbers in another file": lambda: with_tensor(external("/etc/passwd")),
    "numbers in a folder above": lambda: with_tensor(external("../../../etc/passwd")),
    "numbers in a file without a path": lambda: with_tensor(wholes(1, [2]) + whole(2, 1) + whole(14, 1)),
    "more numbers than bytes": lambda: with_tensor(
        wholes(1, [2**40]) + whole(2, 1) + content(8, "x") + content(9, b"1234")
    ),
    "a giant of no numbers": lambda: with_tensor(wholes(1, [2**62, 2**62, 0]) + whole(2, 1) + content(8, "x")),
    "a negative shape": lambda: with_tensor(wholes(1, [-2]) + whole(2, 1) + content(8, "x") + content(9, b"1234")),
    "an unknown type": lambda: with_tensor(wholes(1, [1]) + whole(2, 99) + content(8, "x") + content(9, b"1")),
    "a tensor too many": lambda: with_tensor(wholes(1, [1]) + whole(2, 2) + content(8, "x") + content(9, b"1")),
    "a weight twice": lambda: with_tensor(wholes(1, [0]) + whole(2, 1) + content(8, "layers/dense/bias")),
    "a graph inside a graph": lambda: bare_onnx() + content(7, bytes(good().graph)),
    "a length of 2**63": lambda: b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f" + bytes(10),
    "a number without end": lambda: b"\xff" * 1000,
    "no description": lambda: onnx_message.model(bytes(good().graph), {}),
    "a description in deep brackets": lambda: onnx_message.model(bytes(good().graph), {TEXT: "[" * 100_000}),
    "a description that is a list": lambda: onnx_message.model(bytes(good().graph), {TEXT: json.dumps([1])}),
    "another digest": lambda: written(".onnx", small_model(False).save)[:-3] + b"xyz",
    "a pickle": lambda: b"\x80\x04cos\nsystem\n(S'touch pwned'\ntR.",
    "nothing": lambda: b"",
    **{
        name: functools.partial(described_as, name)
        for name in ("lambda layer", "activation of os", "vocabulary in a file", "more units than memory")
    },
}
CASES: dict[str, Case] = {f"onnx: {name}": ("onnx", make) for name, make in FILES.items()}
