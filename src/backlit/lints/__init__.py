"""Lints: where a program harms itself, told in plain words, once. One rule a file, in `rules`.

Most rules read the program (`findings`); some need a fact that only running it shows, and speak as a `LintWarning`.
"""

from __future__ import annotations

from .speaking import forget, passing_over, said_before, say, silence

__all__ = ["forget", "passing_over", "said_before", "say", "silence"]
