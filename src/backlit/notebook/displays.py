"""`display`, and the few names of IPython that notebooks import: Image, HTML, Markdown, clear_output.

They are put in place only where IPython is not installed; `display` is a builtin while cells run.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any


class Shown:
    """Text or data of one kind, shown as it is."""

    method = ""

    def __init__(self, data: Any = None, url: str | None = None, filename: str | None = None, **options: Any) -> None:
        file = filename or (data if isinstance(data, str) and self.method == "_repr_png_" else None)
        self.data = Path(file).read_bytes() if file is not None else data
        if url is not None and self.data is None:
            raise ValueError(f"{type(self).__name__} was given url={url!r}. Pictures are not fetched: give a file.")
        if self.method:
            setattr(self, self.method, lambda: self.data)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class HTML(Shown):
    """HTML."""

    method = "_repr_html_"


class Markdown(Shown):
    """Markdown."""

    method = "_repr_markdown_"


class SVG(Shown):
    """A drawing."""

    method = "_repr_svg_"


class Image(Shown):
    """A picture, from bytes or a file."""

    method = "_repr_png_"


def provide(display: Callable[..., None]) -> None:
    """Answer `IPython` and `IPython.display` where IPython is not installed."""
    if "IPython" in sys.modules or importlib.util.find_spec("IPython") is not None:
        return
    top, module = ModuleType("IPython"), ModuleType("IPython.display")
    names: dict[str, Any] = {"display": display, "HTML": HTML, "Markdown": Markdown, "SVG": SVG, "Image": Image}
    vars(module).update(names, clear_output=lambda *_, **__: None)
    vars(top).update(display=module, get_ipython=lambda: None, version_info=(9, 0, 0), __version__="9.0.0", __path__=[])
    sys.modules.update({"IPython": top, "IPython.display": module})
