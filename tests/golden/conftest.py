"""Keeps pytest out of this folder: the makers import Keras, which the tests never do."""

from __future__ import annotations

collect_ignore_glob = ["*.py"]
