"""`# backlit: ignore[rule]`: comments that ask for silence, on any line of the statement a lint is about.

`# backlit: ignore` without a name silences all rules there. Comments are found by the tokenizer, not inside texts.
"""

from __future__ import annotations

import io
import re
import tokenize

COMMENT = re.compile(r"#\s*backlit:\s*ignore(?:\[([\w\s,-]*)\])?")
EVERYTHING = "*"


def ignored_lines(source: str) -> dict[int, set[str]]:
    """Return the rules each line (counted from 1) silences; "*" stands for all of them."""
    found: dict[int, set[str]] = {}
    if "backlit" not in source:
        return found
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            asked = COMMENT.search(token.string) if token.type == tokenize.COMMENT else None
            if asked is not None:
                names = {EVERYTHING} if asked[1] is None else {name.strip() for name in asked[1].split(",")}
                found.setdefault(token.start[0], set()).update(names)
    except (tokenize.TokenError, SyntaxError):
        pass  # what cannot be read has no statements either
    return found


def is_ignored(lines: dict[int, set[str]], rule: str, first: int, last: int) -> bool:
    """Say whether a comment on one of the lines first..last silences `rule`."""
    return any(lines.get(line, set()) & {rule, EVERYTHING} for line in range(first, last + 1))
