"""`sklearn.datasets` where scikit-learn is not installed: MNIST under the name OpenML gives it."""

from __future__ import annotations

from .openml import fetch_openml

__all__ = ["fetch_openml"]
