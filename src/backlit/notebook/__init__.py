"""Running notebooks and scripts of others on Backlit: reading, executing cells, keeping what they show.

No kernel and no IPython: cells run one after the other in this process, with `compat` answering foreign imports.
"""

from __future__ import annotations

from .document import Cell, Notebook, read_notebook
from .execution import Execution, Result
from .needed import absent_packages

__all__ = ["Cell", "Execution", "Notebook", "Result", "absent_packages", "read_notebook"]
