"""Checkpoint files: one file for the whole state of a training, with a digest, and the one before it kept beside it.

Eight bytes of magic, a SHA-256 digest of all that follows, then a safetensors file whose metadata hold the facts. A
file that is not exactly what was written is refused; then the one before it is good.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
from pathlib import Path
from typing import Any

from ..errors import CheckpointError
from ..files import StrPath, write_file
from ..training.snapshot import Snapshot

MAGIC = b"BACKLITC"
HEAD = len(MAGIC) + hashlib.sha256().digest_size
LARGEST = 2**34  # bytes; a file that claims more is not read
FACTS = "facts"


def write_checkpoint(path: StrPath, snapshot: Snapshot) -> None:
    """Write a snapshot, atomically; the file that stood there stays beside it as `previous(path)`.

    Raises `CheckpointError` with the path if the disk refuses; then the old files are as they were.
    """
    from safetensors.numpy import save

    arrays = {name: array if array.ndim else array.reshape(1) for name, array in snapshot.arrays.items()}
    scalars = [name for name, array in snapshot.arrays.items() if not array.ndim]
    text = json.dumps({**snapshot.facts, "scalars": scalars})
    body = save(arrays, {FACTS: text})
    try:
        write_file(path, MAGIC + hashlib.sha256(body).digest() + body, keep=previous(path))
    except OSError as error:
        raise CheckpointError(f"{path} cannot be written: {error.strerror or error}.") from error


def previous(path: StrPath) -> Path:
    """Return where the checkpoint before the one at `path` is kept."""
    return Path(f"{os.fspath(path)}.previous")


def read_checkpoint(path: StrPath) -> Snapshot:
    """Return the snapshot in a file; one that is not what was written raises `CheckpointError`."""
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if not HEAD < size <= LARGEST:
                raise CheckpointError(f"{path} has {size} bytes: it is no whole checkpoint.")
            data = file.read()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}.") from error
    if data[: len(MAGIC)] != MAGIC or hashlib.sha256(data[HEAD:]).digest() != data[len(MAGIC) : HEAD]:
        raise CheckpointError(f"{path} is not a checkpoint, or was cut or changed: its digest does not agree.")
    return _parsed(data[HEAD:], path)


def _parsed(body: bytes, path: StrPath) -> Snapshot:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        length = int.from_bytes(body[:8], "little")
        facts: dict[str, Any] = json.loads(json.loads(body[8 : 8 + length])["__metadata__"][FACTS])
        arrays = dict(load(body))
        for name in facts.pop("scalars"):
            arrays[name] = arrays[name].reshape(())
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"{path} is no checkpoint of this version ({error}).") from None
    return Snapshot(arrays, facts)


class CheckpointFile:
    """A checkpoint on disk, and the one before it."""

    def __init__(self, path: StrPath) -> None:
        self.path = Path(path)
        self._writer: threading.Thread | None = None
        self._error: Exception | None = None

    def begin(self, snapshot: Snapshot) -> None:
        """Write a snapshot beside what the caller does next; what went wrong with the one before is raised.

        It is written all the same: a disk that had no room may have some now.
        """
        wrong = self._waited()
        self._writer = threading.Thread(target=self._write, args=(snapshot,), name="backlit-checkpoint")
        self._writer.start()
        if wrong is not None:
            raise wrong

    def finish(self) -> None:
        """Wait until what was begun is on disk; what went wrong with it is raised."""
        if (wrong := self._waited()) is not None:
            raise wrong

    def _waited(self) -> Exception | None:
        if self._writer is not None:
            self._writer.join()
            self._writer = None
        error, self._error = self._error, None
        return error

    def _write(self, snapshot: Snapshot) -> None:
        try:
            self.write(snapshot)
        except Exception as error:  # noqa: BLE001 - raised in the thread that asked for it
            self._error = error

    def write(self, snapshot: Snapshot) -> None:
        """Write a snapshot, atomically; see `write_checkpoint`."""
        write_checkpoint(self.path, snapshot)

    def latest(self) -> Snapshot | None:
        """Return the newest whole snapshot: that of the file, or the previous one; None where there is neither.

        Where there are files and none is whole, `CheckpointError` says what is wrong with the newer one.
        """
        wrong: CheckpointError | None = None
        for file in (self.path, previous(self.path)):
            if file.exists():
                try:
                    return read_checkpoint(file)
                except CheckpointError as error:
                    wrong = wrong or error
        if wrong is not None:
            raise wrong
        return None

    def remove(self) -> None:
        """Remove both."""
        for file in (self.path, previous(self.path)):
            with contextlib.suppress(FileNotFoundError):
                file.unlink()
