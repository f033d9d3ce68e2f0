"""`backlit verify`: the programs of five learners' notebooks, and every figure they printed beside ours.

What is trained and what is held against what stands in `figures`; this file runs it, times it and prints it.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options

if TYPE_CHECKING:
    from ..figures import Digits, Figure

WIDTHS = (50, 20, 20)


@dataclass
class Result:
    """What one notebook gave."""

    number: str
    title: str
    figures: list[Figure] = field(default_factory=list["Figure"])
    seconds: float = 0.0

    def missed(self) -> int:
        """Return how many figures do not hold."""
        return sum(figure.holds is False for figure in self.figures)

    def held(self) -> int:
        """Return how many figures hold."""
        return sum(figure.holds is True for figure in self.figures)


def verify(
    only: Annotated[
        list[str] | None,
        typer.Option(help="A notebook: 000, 001, 002, 003 or 004; repeat it for more.", show_default="all of them"),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave the long ends out: about a minute on two cores.")
    ] = False,
    budget: Annotated[
        float, typer.Option(help="Seconds for the deep network of 000, and as many again for our recipe.")
    ] = 240.0,
    data_dir: options.DataDir = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures here, too.", show_default=False)
    ] = None,
) -> int:
    """Train what five learners' notebooks train, and hold our figures against what they printed.

    The exit status is 0 if every figure holds, else 1.
    """
    chosen = _chosen(only)
    _check(budget, json_file)
    digits = _digits(data_dir)
    results: list[Result] = []
    try:
        for number in chosen:
            results.append(_titled(number))
            _run(results[-1], digits, quick, budget)
    finally:
        if json_file is not None:
            _write(json_file, results, quick)
    return _conclude(results, quick)


def _chosen(only: list[str] | None) -> list[str]:
    from ..errors import ConfigError
    from ..figures import NOTEBOOKS

    wanted = [part.strip() for text in only or NOTEBOOKS for part in text.split(",")]
    strange = [number for number in wanted if number not in NOTEBOOKS]
    if strange:
        raise ConfigError(f"--only is {strange[0]!r}. Expected {', '.join(sorted(NOTEBOOKS))}.")
    return [number for number in NOTEBOOKS if number in wanted]


def _check(budget: float, json_file: Path | None) -> None:
    """Refuse what would fail after minutes of training."""
    from ..errors import ConfigError

    if not (budget > 0 and math.isfinite(budget)):
        raise ConfigError(f"--budget is {budget!r}. Expected a number of seconds above 0, such as 240.")
    if json_file is not None and (json_file.is_dir() or not json_file.absolute().parent.is_dir()):
        raise ConfigError(f"--json {json_file} cannot be written. Expected the name of a file in a folder that exists.")


def _digits(data_dir: Path | None) -> Digits:
    from ..datasets import mnist
    from ..errors import DownloadError
    from ..figures import Digits

    try:
        return Digits.of(mnist.load_data(data_dir=data_dir))
    except DownloadError as error:
        raise DownloadError(
            "The figures are those of MNIST, which is not on this machine and could not be fetched. Set BACKLIT_DATA "
            f"or --data-dir to a folder with its four IDX files. ({error})"
        ) from None


def _titled(number: str) -> Result:
    from ..figures import NOTEBOOKS

    return Result(number, NOTEBOOKS[number][0])


def _run(result: Result, digits: Digits, quick: bool, budget: float) -> None:
    """Run one notebook under a bar, printing each figure when it is there."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from ..figures import NOTEBOOKS, Plan

    start, reach = time.perf_counter(), NOTEBOOKS[result.number][1]
    print(f"\n{result.number}  {result.title}")
    print(_row("", "printed", "Backlit", "may differ by"), flush=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task: Any = bar.add_task("starts", total=1.0)

        def tell(part: str, share: float) -> None:
            bar.update(task, description=part, completed=share)

        for figure in reach(digits, Plan(quick, budget, tell)):
            result.figures.append(figure)
            mark = {True: "", False: "  <-- does not hold", None: ""}[figure.holds]
            print(_row(figure.name, figure.printed, figure.reached, figure.band) + mark, flush=True)
    result.seconds = time.perf_counter() - start
    print(f"  {_verdict(result)}, {result.seconds:.1f} s", flush=True)


def _row(name: str, printed: str, reached: str, band: str) -> str:
    cells = (text.ljust(width) for text, width in zip((name, printed, reached), WIDTHS, strict=True))
    return ("  " + " ".join([*cells, band])).rstrip()


def _verdict(result: Result) -> str:
    missed, held = result.missed(), result.held()
    return f"{missed} of {missed + held} figures do not hold" if missed else f"all {held} figures hold"


def _conclude(results: list[Result], quick: bool) -> int:
    missed, held = sum(r.missed() for r in results), sum(r.held() for r in results)
    seconds = sum(result.seconds for result in results)
    left_out = " (--quick leaves the long ends out)" if quick else ""
    print(f"\n{held} of {held + missed} figures hold, {seconds:.0f} s{left_out}")
    return 1 if missed else 0


def _write(path: Path, results: list[Result], quick: bool) -> None:
    from ..files import write_file
    from .machine import description

    notebooks = [asdict(result) for result in results]
    data = {"machine": description(), "quick": quick, "notebooks": notebooks}
    write_file(path, json.dumps(data, indent=1, ensure_ascii=False) + "\n")
