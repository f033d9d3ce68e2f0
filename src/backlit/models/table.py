"""A table of text in boxes, laid out to the character as the `rich` library lays out the tables of Keras.

Columns have fixed widths: words that do not fit go to the next line, a word that is too long ends in an ellipsis.
"""

from __future__ import annotations

import re
import shutil
import unicodedata
from collections.abc import Iterator, Sequence

from ..errors import ConfigError

LEAST = 4  # narrower columns show nothing


def available_width(line_length: int | None, most: int) -> int:
    """Return the width of a table: as asked, else `most`, but no more than the terminal has room for."""
    return line_length or min(most, shutil.get_terminal_size().columns - 4)


def column_widths(edges: Sequence[float], width: int) -> list[int]:
    """Return how many characters fit into each column of a table `width` wide.

    `edges` are the right edges as shares of the width; a column narrower than 4 raises `ConfigError`.
    """
    stops = [int(edge * width) for edge in edges]
    wanted = [stop - start + 2 for start, stop in zip([0, *stops], stops, strict=False)]  # a space on both sides
    if min(wanted) < LEAST + 2:
        raise ConfigError(
            f"A table {width} characters wide has no room for {len(edges)} columns. Widen line_length or the terminal."
        )
    excess = sum(wanted) - (width - len(edges) - 1)
    found: list[int] = []
    for place, size in enumerate(wanted):
        cut = round(excess / (len(wanted) - place))
        excess -= cut
        found.append(size - cut - 2)
    return found


def draw(header: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int], alignment: Sequence[str]) -> str:
    """Return the table: a heavy header, a light rule after each row; `alignment` is "left", "right" or "center"."""

    def rule(left: str, line: str, cross: str, right: str) -> str:
        return left + cross.join(line * (width + 2) for width in widths) + right

    lines = [rule("┏", "━", "┳", "┓"), *_row(header, widths, alignment, "┃"), rule("┡", "━", "╇", "┩")]
    for place, row in enumerate(rows):
        if place:
            lines.append(rule("├", "─", "┼", "┤"))
        lines.extend(_row(row, widths, alignment, "│"))
    lines.append(rule("└", "─", "┴", "┘"))
    return "\n".join(lines)


def _row(cells: Sequence[str], widths: Sequence[int], alignment: Sequence[str], bar: str) -> Iterator[str]:
    wrapped = [wrap(cell, width) for cell, width in zip(cells, widths, strict=True)]
    for line in range(max(map(len, wrapped))):
        parts = [
            _aligned(lines[line] if line < len(lines) else "", width, how)
            for lines, width, how in zip(wrapped, widths, alignment, strict=True)
        ]
        yield f"{bar} " + f" {bar} ".join(parts) + f" {bar}"


def wrap(text: str, width: int) -> list[str]:
    """Return `text` in lines of at most `width` columns, broken between words."""
    lines = [""]
    for word in re.findall(r"\s*\S+\s*", text):
        if lines[-1] and columns(lines[-1]) + columns(word.rstrip()) > width:
            lines.append("")
        lines[-1] += word
    return [_shortened(line.rstrip(), width) for line in lines]


def columns(text: str) -> int:
    """Return how many columns of a terminal `text` takes: two for each wide (Chinese, Japanese, ...) character."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _shortened(text: str, width: int) -> str:
    if columns(text) <= width:
        return text
    while columns(text) > width - 1:
        text = text[:-1]
    return f"{text}…"


def _aligned(text: str, width: int, how: str) -> str:
    room = width - columns(text)
    before = {"left": 0, "right": room, "center": room // 2}[how]
    return " " * before + text + " " * (room - before)
