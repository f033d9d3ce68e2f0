"""Downloading a published data set: https only, one mirror after the other, checked before it reaches our cache.

Nothing half done remains: files arrive in a temporary folder and move to their place when they are right.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, Protocol

from ..arrays import Array
from ..errors import DataError, DownloadError
from . import cache, verify
from .catalog import Part, Published

OFFLINE = "BACKLIT_OFFLINE"  # set to anything but 0 to never touch the network
_TIMEOUT = (5, 30)  # seconds to connect, seconds between two packets


class Fetcher(Protocol):
    """What brings the file at `url` to `target`; raises `OSError` when it cannot."""

    def __call__(self, url: str, target: Path, label: str) -> None: ...


def fetch(published: Published, fetcher: Fetcher | None = None) -> dict[str, Array]:
    """Return the four arrays, downloaded and kept in our cache; `DownloadError` tells why each mirror failed."""
    if _is_offline():
        raise DownloadError(f"{published.title} is not on this machine, and {OFFLINE} forbids fetching it: unset that.")
    folder = cache.folder() / published.name
    arrays: dict[str, Array] = {}
    with _workplace(folder) as name:
        # The small files first: without a network that is soon known.
        for part in sorted(published.parts, key=lambda part: part.payload_bytes):
            target = Path(name) / f"{part.file}.gz"
            arrays |= _from_a_mirror(published, part, target, fetcher or _over_https)
        _keep(Path(name), folder)
    verify.note(published, arrays)
    return arrays


def fetch_file(url: str, target: Path, fetcher: Fetcher | None = None) -> None:
    """Bring one file to `target`, over https, all of it or none; what prevents it raises one `DownloadError`."""
    if _is_offline():
        raise DownloadError(f"{target} is not there, and {OFFLINE} forbids fetching {url}: unset that.")
    if not url.lower().startswith("https://"):
        raise DownloadError(f"{target} is not there, and {url} is no https address. Put the file there yourself.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix="fetch-") as name:
            (fetcher or _over_https)(url, Path(name) / "file", target.name)
            os.replace(Path(name) / "file", target)
    except DownloadError:
        raise
    except OSError as error:
        raise DownloadError(
            f"{url} could not be fetched: {_short(error)}. Check the network, or put the file at {target} yourself."
        ) from None


def _is_offline() -> bool:
    return os.environ.get(OFFLINE, "0") not in ("", "0")


def _from_a_mirror(published: Published, part: Part, target: Path, fetcher: Fetcher) -> dict[str, Array]:
    failures: list[str] = []
    for mirror in published.mirrors:
        url = f"{mirror}{part.file}.gz"
        try:
            fetcher(url, target, f"{published.title} {part.file}")
            return verify.read_parts(published, {part.role: target})
        except (OSError, DataError) as error:
            failures.append(f"{url}: {_short(error)}")
    raise DownloadError(
        f"{published.title} could not be fetched. " + "; ".join(failures) + ". Check the network, or put "
        f"{part.file}.gz and its companions into a folder and name it with data_dir or BACKLIT_DATA."
    )


def _short(error: Exception) -> str:
    text = str(error).split("\n")[0].rstrip(".")
    return text if isinstance(error, DataError) else f"{type(error).__name__} ({text[:160]})"


def _workplace(folder: Path) -> tempfile.TemporaryDirectory[str]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(dir=folder, prefix="fetch-")
    except OSError:  # a read-only cache: fetch all the same, just do not keep
        return tempfile.TemporaryDirectory(prefix="backlit-fetch-")


def _keep(source: Path, folder: Path) -> None:
    for file in sorted(source.iterdir()):
        try:
            if source.parent == folder:
                os.replace(file, folder / file.name)
            elif folder.is_dir():
                shutil.copyfile(file, folder / file.name)
        except OSError:
            return


def _over_https(url: str, target: Path, label: str) -> None:
    try:
        import pooch
    except ImportError:
        raise DownloadError("Downloading needs pooch. Install it with `pip install pooch`.") from None
    bar: Any = _Bar(label) if sys.stderr.isatty() else None
    downloader = pooch.HTTPDownloader(
        progressbar=bar or False, chunk_size=2**16, timeout=_TIMEOUT, hooks={"response": _stay_on_https}
    )
    try:
        downloader(url, str(target), None)
    finally:
        if bar is not None:
            bar.close()


def _stay_on_https(response: Any, *_args: Any, **_kwargs: Any) -> None:
    """Refuse a redirect to plain http (called by requests for every response on the way)."""
    for address in (response.url, response.headers.get("location", "https://")):
        if address.lower().startswith("http:"):
            raise OSError(f"{response.url} leads to {address}, which is not https")


class _Bar:
    """A progress bar with the four members pooch asks for, drawn by rich on stderr."""

    def __init__(self, label: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=Console(stderr=True))
        self._task = self._progress.add_task(label, total=None)
        self.total = 0
        self._progress.start()

    def update(self, amount: int) -> None:
        self._progress.update(self._task, advance=amount, total=self.total or None)

    def reset(self) -> None:
        self._progress.update(self._task, completed=0)

    def close(self) -> None:
        self._progress.stop()
