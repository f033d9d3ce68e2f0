"""Ops that together are one node of ONNX: Gemm, BatchNormalization, LayerNormalization.

They are recognized from their last op upward, and the reader of the file sees the layer instead of its arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...arrays import Array
from ...graph import Node
from ...graph.node import constant, given


@dataclass(frozen=True)
class Match:
    """One node of ONNX: its kind, its inputs (nodes, or arrays that are the same for all), and its attributes."""

    kind: str
    inputs: tuple[Node | Array, ...]
    attrs: dict[str, Any]


def match(node: Node) -> Match | None:
    """Return what the ops that end with `node` are together, or None."""
    return _gemm(node) or _batch_normalization(node) or _layer_normalization(node)


def _gemm(node: Node) -> Match | None:
    """`x W + b`, for a batch of vectors."""
    if not _is(node, "add") or not _is(node.inputs[0], "matmul"):
        return None
    product, bias = node.inputs
    if any(len(n.shape) != 2 or n.dtype != node.dtype for n in product.inputs) or bias.shape != product.shape[1:]:
        return None
    attrs = {key: int(product.attrs[f"transpose_{side}"]) for key, side in (("transA", "a"), ("transB", "b"))}
    return Match("Gemm", (*product.inputs, bias), {"alpha": 1.0, "beta": 1.0, **attrs})


def _batch_normalization(node: Node) -> Match | None:
    """`(x - mean) / sqrt(variance + epsilon) * gamma + beta`, gamma and beta or not; the features are axis 1."""
    base, gamma, beta = _scaled(node)
    if not _is(base, "divide") or not _is(base.inputs[0], "subtract") or not _is(base.inputs[1], "sqrt"):
        return None
    x, mean = base.inputs[0].inputs
    total = base.inputs[1].inputs[0]
    if not _is(total, "add") or total.inputs[1].op is not constant or total.inputs[1].value.size != 1:
        return None
    parts = [_features(n, x) for n in (gamma, beta, mean, total.inputs[0])]
    if None in x.shape[1:] or parts[2] is None or parts[3] is None:
        return None
    if (gamma is not None and parts[0] is None) or (beta is not None and parts[1] is None):
        return None
    scale = parts[0] if gamma is not None else np.ones(x.shape[1], x.dtype)
    offset = parts[1] if beta is not None else np.zeros(x.shape[1], x.dtype)
    epsilon = float(total.inputs[1].value.reshape(()))
    return Match("BatchNormalization", (x, scale, offset, *parts[2:]), {"epsilon": epsilon})  # type: ignore[arg-type]


def _features(weight: Node | None, x: Node) -> Node | None:
    """Return the vector that `weight` spreads over axis 1 of `x`, or None."""
    if weight is None or len(x.shape) < 2:
        return None
    spread = tuple(n if i == 1 else 1 for i, n in enumerate(x.shape))
    if _is(weight, "reshape") and weight.shape == spread:
        weight = weight.inputs[0]
    elif len(x.shape) != 2:
        return None
    return weight if weight.op is given and weight.shape == (x.shape[1],) else None


def _layer_normalization(node: Node) -> Match | None:
    """`normalize(x) * gamma + beta` over the last axis, with or without one of gamma and beta."""
    base, gamma, beta = _scaled(node)
    size = base.shape[-1:]
    if not _is(base, "normalize") or any(part is not None and part.shape != size for part in (gamma, beta)):
        return None
    scale = np.ones(size, base.dtype) if gamma is None else gamma
    inputs = (base.inputs[0], scale) if beta is None else (base.inputs[0], scale, beta)
    return Match("LayerNormalization", inputs, {"axis": -1, "epsilon": float(base.attrs["epsilon"])})


def _scaled(node: Node) -> tuple[Node, Node | None, Node | None]:
    """Return (y, gamma, beta) of `y * gamma + beta`, None for what is not there."""
    beta = gamma = None
    if _is(node, "add"):
        node, beta = node.inputs
    if _is(node, "multiply"):
        node, gamma = node.inputs
    return node, gamma, beta


def _is(node: Node, name: str) -> bool:
    return node.op.name == name
