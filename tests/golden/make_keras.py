"""Writes the golden files of this folder from real Keras: the oracle that the golden tests compare with.

Run it in an environment of its own, never in the one Backlit is tested in:

    python -m venv keras-venv
    keras-venv/bin/pip install keras==3.15.1 jax jaxlib scipy
    keras-venv/bin/python tests/golden/make_keras.py            # everything: ten minutes, half of it the optimizers
    keras-venv/bin/python tests/golden/make_keras.py losses     # one file

The same Keras version writes the same bytes again, except for the last bits of float32 on another CPU.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["COLUMNS"] = "80"

SECTIONS = (
    "optimizers", "activations", "losses", "metrics", "initializers", "layers", "models", "text", "misuse", "archives",
    "configs",
)  # fmt: skip


def main(wanted: list[str]) -> None:
    """Make the wanted sections, or all of them; each in a process of its own, as some change Keras' settings."""
    for section in wanted or SECTIONS:
        if section not in SECTIONS:
            raise SystemExit(f"Unknown section {section!r}. Known sections: {', '.join(SECTIONS)}.")
        if len(wanted) == 1:
            importlib.import_module(f"keras_{section}").make()
        else:
            subprocess.run([sys.executable, __file__, section], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
