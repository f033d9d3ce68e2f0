"""The report that `backlit train` leaves behind: facts in, one self-contained HTML page out.

`facts` holds the data, `sections` the page's parts, `charts` and `png` its drawings.
"""

from __future__ import annotations

from .facts import AmountScores, FirstWeights, LayerTrace, Mistake, Report, Scores, score
from .page import render

__all__ = ["AmountScores", "FirstWeights", "LayerTrace", "Mistake", "Report", "Scores", "render", "score"]
