"""Methods that hand a model over to its files.

The formats are an edge of the house: each is imported when it is called.
"""

from __future__ import annotations

from typing import Any


class Files:
    """What models and files have to do with each other."""

    def save(self, path: Any, overwrite: bool = True, **_: Any) -> None:
        """Write the model, its weights and its optimizer to a `.keras` file."""
        from ..formats import save_model

        save_model(self, path, overwrite=overwrite)

    def checkpoint_at(self, path: Any) -> Any:
        """Return the checkpoint file at `path`, for callbacks: `write(snapshot)`, `latest()` and `remove()`."""
        from ..formats.checkpoint import CheckpointFile

        return CheckpointFile(path)
