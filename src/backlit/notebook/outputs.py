"""What a cell shows: text on both streams, values, pictures and errors, kept as a notebook keeps them.

Text goes to the terminal at once as well. Lines that were drawn over (progress bars) are kept as they ended.
"""

from __future__ import annotations

import base64
import io
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

MOST_TEXT = 1_000_000  # characters of a stream that are kept for one cell
CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-KS-Zh-lnsu]")  # all but colors
REPRESENTATIONS = {
    "_repr_html_": "text/html", "_repr_markdown_": "text/markdown", "_repr_svg_": "image/svg+xml",
    "_repr_png_": "image/png", "_repr_jpeg_": "image/jpeg", "_repr_latex_": "text/latex",
}  # fmt: skip


class Outputs:
    """The outputs of one cell, in order. `say` writes to the terminal what only a notebook can show."""

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []
        self.full = False

    def text(self, stream: str, text: str) -> None:
        """Keep text written to a stream, joined to what came on it right before."""
        last = self.kept[-1] if self.kept else {}
        if last.get("output_type") != "stream" or last.get("name") != stream:
            last = {"output_type": "stream", "name": stream, "text": ""}
            self.kept.append(last)
        room = MOST_TEXT - len(last["text"])
        if len(text) > room and not self.full:
            self.full = True
            text = text[: max(room, 0)] + "\n[the rest of this output is not kept]\n"
        elif self.full:
            return
        last["text"] += text

    def value(self, value: Any, count: int | None = None) -> None:
        """Keep a value: the result of a cell (with its number), or what `display` was given."""
        data = bundle_of(value)
        kind = "display_data" if count is None else "execute_result"
        output = {"output_type": kind, "data": data, "metadata": {}}
        self.kept.append(output if count is None else output | {"execution_count": count})

    def picture(self, png: bytes, size: tuple[int, int]) -> None:
        """Keep a picture."""
        text = f"<Figure size {size[0]}x{size[1]}>"
        data = {"image/png": base64.b64encode(png).decode("ascii"), "text/plain": text}
        self.kept.append({"output_type": "display_data", "data": data, "metadata": {}})

    def error(self, error: BaseException, lines: list[str]) -> None:
        """Keep an error with its traceback."""
        self.kept.append(
            {"output_type": "error", "ename": type(error).__name__, "evalue": str(error), "traceback": lines}
        )

    def finished(self) -> list[dict[str, Any]]:
        """Return the outputs as they go into a file."""
        for output in self.kept:
            if output["output_type"] == "stream":
                output["text"] = settled(output["text"])
        return [output for output in self.kept if output["output_type"] != "stream" or output["text"]]


def bundle_of(value: Any) -> dict[str, Any]:
    """Return a value's representations by MIME type; there is always a plain one."""
    data: dict[str, Any] = {"text/plain": repr(value)}
    if isinstance(value, type):
        return data
    for method, kind in REPRESENTATIONS.items():
        found = _called(value, method)
        if found is not None:
            data[kind] = base64.b64encode(found).decode("ascii") if isinstance(found, bytes) else str(found)
    mixed = _called(value, "_repr_mimebundle_")
    return data | {k: v for k, v in mixed.items() if isinstance(v, str)} if isinstance(mixed, dict) else data


def _called(value: Any, method: str) -> Any:
    found = getattr(value, method, None)
    if not callable(found):
        return None
    try:
        return found()
    except Exception:  # noqa: BLE001 - a representation that fails is left out, as in Jupyter
        return None


def settled(text: str) -> str:
    """Return text as a terminal would show it in the end: carriage returns and backspaces have done their work."""
    text = CONTROLS.sub("", text)
    if "\r" not in text and "\b" not in text:
        return text
    return "\n".join(_settled_line(line) for line in text.replace("\r\n", "\n").split("\n"))


def _settled_line(line: str) -> str:
    shown: list[str] = []
    place = 0
    for part in re.split(r"([\r\b])", line):
        if part == "\r":
            place = 0
        elif part == "\b":
            place = max(place - 1, 0)
        else:
            shown[place : place + len(part)] = part
            place += len(part)
    return "".join(shown).rstrip(" ") if "\r" in line or "\b" in line else line


class Tee(io.TextIOBase):
    """A stream that writes to the terminal and keeps the same text for a notebook."""

    def __init__(self, terminal: TextIO, name: str, outputs: Outputs) -> None:
        self.terminal, self.stream, self.outputs = terminal, name, outputs

    def write(self, text: str) -> int:
        """Write to both."""
        self.terminal.write(text)
        self.outputs.text(self.stream, text)
        return len(text)

    def flush(self) -> None:
        """Let the terminal show what it has."""
        self.terminal.flush()

    def isatty(self) -> bool:
        """Say whether the terminal is one."""
        return self.terminal.isatty()

    def fileno(self) -> int:
        """Return the terminal's file number."""
        return self.terminal.fileno()

    def writable(self) -> bool:
        """Say yes."""
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The terminal's encoding."""
        return self.terminal.encoding


@contextmanager
def captured(outputs: Outputs) -> Iterator[None]:
    """Keep what is written to both streams inside the block."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = Tee(before[0], "stdout", outputs), Tee(before[1], "stderr", outputs)  # type: ignore[assignment]
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
