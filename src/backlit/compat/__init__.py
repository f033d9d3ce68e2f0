"""Names of other libraries, answered by ours: after `install()`, `import tensorflow` gives Backlit's tf.keras.

Nothing is patched on disk and an installed TensorFlow is never imported: a finder stands in front of all others in this
process, and `uninstall()` takes it away again.
"""

from __future__ import annotations

from .finder import install, installed, uninstall
from .missing import MissingName, missing_names

__all__ = ["MissingName", "install", "installed", "missing_names", "uninstall"]
