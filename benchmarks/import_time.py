"""What `import backlit` costs beyond `import numpy`: fresh processes in turns, the smallest of several rounds.

The smallest counts here, because everything else a process meets while starting only adds.

    python -m benchmarks.import_time
"""

from __future__ import annotations

import subprocess
import sys

ROUNDS = 15
MEASURE = """
import numpy, sys, time
before, start = set(sys.modules), time.perf_counter()
{statement}
print(time.perf_counter() - start, len(set(sys.modules) - before))
"""


def measure(statement: str) -> tuple[float, int]:
    """Return (seconds, modules loaded) of `statement` in a fresh process that has NumPy already."""
    command = [sys.executable, "-c", MEASURE.format(statement=statement)]
    seconds, count = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(seconds), int(count)


def main() -> None:
    """Print the table."""
    statements = (
        "import backlit",
        "import backlit; backlit.Sequential",
        "import llvmlite.binding",
        "import rich.console",
    )
    rows = {statement: [measure(statement) for _ in range(ROUNDS)] for statement in statements}
    print(f"after `import numpy`, min of {ROUNDS} fresh processes")
    for statement, measured in rows.items():
        milliseconds = sorted(1e3 * seconds for seconds, _ in measured)
        median = milliseconds[len(milliseconds) // 2]
        print(f"{statement:34s} {milliseconds[0]:7.1f} ms (median {median:.1f})  {measured[0][1]:4d} modules")


if __name__ == "__main__":
    main()
