"""`python -m backlit` is the command `backlit`.

Everything is in `cli`.
"""

from __future__ import annotations

from .cli import main

main()
