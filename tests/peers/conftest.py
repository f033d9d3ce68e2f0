"""Tests beside other libraries: `pip install -e ".[test,peers]"`, then `pytest -m peers`.

Each asks for the libraries it needs and is skipped, with the name of the one that is missing, where they are not.
"""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.peers)
