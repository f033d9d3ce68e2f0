"""`backlit convert A B`: a model file in another format.

The endings say which; `formats` has the table.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def convert(
    source: Annotated[Path, typer.Argument(help="A model file.", show_default=False)],
    target: Annotated[Path, typer.Argument(help="The file to write; its ending says how.", show_default=False)],
) -> None:
    """Write the model in one file to another, in the format its ending names."""
    from .. import formats

    formats.convert(source, target)
    print(target)
