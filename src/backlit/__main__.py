"""`python -m backlit` is the command `backlit`."""

from __future__ import annotations

from .cli import main

main()
