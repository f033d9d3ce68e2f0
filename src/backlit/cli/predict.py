"""`backlit predict MODEL IMAGE...`: read the digit on pictures of any size.

Every picture is brought into the shape of MNIST first: bright on dark, in a 20x20 box, centered by its mass.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..arrays import Array

_SHADES = " .:-=+*#%@"


def predict(
    model: Annotated[Path, typer.Argument(help="A .keras file.", metavar="MODEL")],
    images: Annotated[
        list[Path], typer.Argument(help="PNG, JPEG, ... pictures of one digit each.", metavar="IMAGE...")
    ],
    show: Annotated[bool, typer.Option("--show", help="Print each picture as the network sees it.")] = False,
) -> None:
    """Say which digit is on a picture."""
    import numpy as np

    from ..datasets import pictures
    from ..formats import load_model
    from . import network

    net = load_model(model)
    x = np.stack([pictures.as_mnist(path) for path in images])
    chances = network.probabilities(net, network.as_input(net, x))
    width = max(len(str(path)) for path in images)
    for path, picture, row in zip(images, x, chances, strict=True):
        if show:
            print("\n".join(_text(picture)))
        best = np.argsort(-row, kind="stable")[:3]
        others = ", ".join(f"{i}: {100 * row[i]:.1f} %" for i in best[1:])
        print(f"{path!s:<{width}}  {best[0]}  {100 * row[best[0]]:5.1f} %   ({others})")


def _text(picture: Array) -> list[str]:
    """Return (28, 28) bytes as lines of text, two characters a pixel since characters are twice as high as wide."""
    return ["".join(2 * _SHADES[int(value) * len(_SHADES) // 256] for value in row) for row in picture]
