"""How fast the built-in data sets are made and read: strokes drawn a second, and the time to load and verify MNIST.

Run `python -m benchmarks.datasets`; set BACKLIT_DATA to the folder that holds MNIST to see its row.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np

from backlit import datasets
from backlit.datasets import strokes
from backlit.errors import BacklitError

from .timing import take_turns

IMAGES = 20_000


def main(rounds: int = 7) -> None:
    """Print a table of medians with the fastest and the slowest round."""
    candidates: dict[str, Callable[[], object]] = {
        f"strokes: draw {IMAGES} images": lambda: strokes.draw(np.arange(IMAGES))
    }
    try:
        datasets.mnist.load_data(data_dir=os.environ.get("BACKLIT_DATA"))
        candidates["mnist: load and verify 70,000 images"] = lambda: datasets.mnist.load_data(
            data_dir=os.environ.get("BACKLIT_DATA")
        )
    except BacklitError as error:
        print(f"no MNIST here: {error}")
    for name, timing in take_turns(candidates, rounds).items():
        rate = f", {IMAGES / timing.median:,.0f} images/s" if name.startswith("strokes") else ""
        print(f"{name:<40} {timing.median:.3f} s ({timing.spread()}){rate}")


if __name__ == "__main__":
    main()
