"""Writes `archives/small.onnx` and, in `onnx_outputs.npz`, what ONNX Runtime computes from it.

Run `python -m golden.onnx_outputs` in `tests`, with the extra `peers`; only when the file shall be one of today.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from export_cases import WIDE, row, shaken

import backlit as bl
from backlit import layers

HERE = Path(__file__).parent


def main() -> None:
    import onnxruntime

    bl.set_random_seed(0)
    stack = [layers.Rescaling(0.5), layers.Dense(4, "gelu"), layers.BatchNormalization(), layers.LayerNormalization()]
    model = shaken(row(*stack, layers.Dense(3, "softmax"))[0])
    path = HERE / "archives" / "small.onnx"
    model.export(path)
    session = onnxruntime.InferenceSession(path)
    [y] = session.run(None, {session.get_inputs()[0].name: WIDE})
    np.savez(HERE / "onnx_outputs.npz", x=WIDE, y=y)
    print(f"ONNX Runtime {onnxruntime.__version__}: {path.stat().st_size} bytes, {y.shape}")


if __name__ == "__main__":
    main()
