"""Methods that hand a model over to its files.

The formats are an edge of the house: each is imported when it is called.
"""

from __future__ import annotations

from typing import Any


class Files:
    """What models and files have to do with each other."""

    def save(self, path: Any, overwrite: bool = True, **_: Any) -> None:
        """Write the model, its weights and its optimizer to a file: `.keras`, `.h5` or another ending of `formats`."""
        from ..formats import save_model

        save_model(self, path, overwrite=overwrite)

    def export(self, path: Any, overwrite: bool = True, **_: Any) -> None:
        """Write what `predict` computes for programs without Backlit: `.onnx`, or a `.py` or `.c` file of its own.

        Preparation that is part of the model, such as `Rescaling`, is in the file. What an export has no word for
        raises `ConfigError`, which names the layer.
        """
        from ..formats import save_model

        save_model(self, path, overwrite=overwrite)

    def save_weights(self, path: Any, overwrite: bool = True) -> None:
        """Write the weights alone to a file that ends in `.weights.h5`, `.safetensors`, `.npz` or `.h5`."""
        from ..formats import save_weights

        save_weights(self, path, overwrite=overwrite)

    def load_weights(self, path: Any) -> None:
        """Take the weights in a file: all of them, or none and `ModelFileError`; the model must be built."""
        from ..formats import load_weights

        load_weights(self, path)

    def checkpoint_at(self, path: Any) -> Any:
        """Return the checkpoint file at `path`, for callbacks: `write(snapshot)`, `latest()` and `remove()`."""
        from ..formats.checkpoint import CheckpointFile

        return CheckpointFile(path)
