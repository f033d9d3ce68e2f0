"""What a result depends on besides the seed: versions and the machine, for the report.

The same seed gives the same bits only where these are the same.
"""

from __future__ import annotations

import os
import platform
from datetime import datetime

import numpy as np


def description() -> dict[str, str]:
    """Return names and versions, in the order to show them."""
    from .._version import __version__

    return {
        "Backlit": __version__,
        "NumPy": np.__version__,
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "date": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %z"),
    }
