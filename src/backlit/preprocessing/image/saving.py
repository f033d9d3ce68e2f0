"""Changed images written to files, to look at: `save_to_dir` of a flow."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...arrays import Array
from ...errors import ConfigError
from .pictures import WRITTEN, save_img


@dataclass(frozen=True)
class Saving:
    """Where images go and how their files are called: `prefix_row_epoch.format`, the same name for the same image."""

    folder: Path
    prefix: str
    format: str

    @staticmethod
    def asked(folder: Any, prefix: Any, form: Any) -> Saving | None:
        """Return what the arguments of a flow ask for; without a folder, None."""
        if folder is None:
            return None
        if not isinstance(folder, (str, os.PathLike)) or not Path(folder).is_dir():
            raise ConfigError(f"save_to_dir={folder!r} is no folder. Make it first.")
        if not isinstance(prefix, str) or os.path.basename(prefix) != prefix:
            raise ConfigError(f"save_prefix={prefix!r}: expected the first letters of file names, no folder.")
        if form not in WRITTEN:
            raise ConfigError(f"save_format={form!r}: expected one of {', '.join(WRITTEN)}.")
        return Saving(Path(folder), prefix, form)

    def save(self, images: Array, rows: Array, epoch: int) -> None:
        """Write images (n, height, width, channels), each stretched to 0..255."""
        for image, row in zip(images, rows, strict=True):
            save_img(self.folder / f"{self.prefix}_{row}_{epoch}.{self.format}", image, file_format=self.format)
