"""Event files, which TensorBoard shows: records with checksums, each an encoded message.

`event_file` writes them, `summaries` and `graph_def` make what is in them; `callbacks.TensorBoard` decides when.
"""

from __future__ import annotations

from .event_file import EventFile
from .graph_def import graph_def
from .summaries import histogram, image, scalar

__all__ = ["EventFile", "graph_def", "histogram", "image", "scalar"]
