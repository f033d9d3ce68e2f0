"""`backlit verify`: the programs of five learners' notebooks, and every figure they printed beside ours.

What is trained and what is held against what stands in `figures`; this file runs it, times it and prints it.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options

if TYPE_CHECKING:
    from ..figures import Figure

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
        bool,
        typer.Option("--quick", help="Leave the long ends out: less than a minute on two cores."),
    ] = False,
    budget: Annotated[
        float, typer.Option(help="Seconds for the deep network of 000, and as many again for our recipe.")
    ] = 180.0,
    data_dir: options.DataDir = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures here, too.", show_default=False)
    ] = None,
) -> int:
    """Train what five learners' notebooks train, and hold our figures against what they printed.

    The exit status is 0 if every figure holds, else 1.
    """
    start = time.perf_counter()
    chosen = _chosen(only)
    _check(budget, json_file)
    split = _mnist(data_dir)  # before anything else: whether it is there
    apart, results = _apart(chosen), {number: _titled(number) for number in chosen}
    try:
        if apart:
            _run_apart({number: results[number] for number in apart}, data_dir, quick)
        here = [results[number] for number in chosen if number not in apart]
        if here:
            _run_here(here, split, quick, budget)
    finally:
        if json_file is not None:
            _write(json_file, [result for result in results.values() if result.figures], quick)
    return _conclude(list(results.values()), quick, time.perf_counter() - start)


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
        raise ConfigError(f"--budget is {budget!r}. Expected a number of seconds above 0, such as 180.")
    if json_file is not None and (json_file.is_dir() or not json_file.absolute().parent.is_dir()):
        raise ConfigError(f"--json {json_file} cannot be written. Expected the name of a file in a folder that exists.")


def _mnist(data_dir: Path | None) -> Any:
    from ..datasets import mnist
    from ..errors import DownloadError

    try:
        return mnist.load_data(data_dir=data_dir)
    except DownloadError as error:
        raise DownloadError(
            "The figures are those of MNIST, which is not on this machine and could not be fetched. Set BACKLIT_DATA "
            f"or --data-dir to a folder with its four IDX files. ({error})"
        ) from None


def _titled(number: str) -> Result:
    from ..figures import NOTEBOOKS

    return Result(number, NOTEBOOKS[number][0])


def _apart(chosen: list[str]) -> list[str]:
    """Return those to run side by side: none where there is one thread, or one notebook."""
    from ..execute import threads
    from .side_by_side import LONGEST_FIRST

    small = [number for number in chosen if number in LONGEST_FIRST]
    return small if len(small) > 1 and threads() > 1 else []


@contextmanager
def _bars() -> Generator[Callable[[str, str, float], None]]:
    """Show a bar for each notebook that runs; give the function that moves it: `move(number, part, share)`."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    tasks: dict[str, Any] = {}
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:

        def move(number: str, part: str, share: float) -> None:
            if number not in tasks:
                tasks[number] = bar.add_task(number, total=1.0)
            bar.update(tasks[number], description=f"{number} {part}", completed=share)

        yield move


def _run_apart(results: dict[str, Result], data_dir: Path | None, quick: bool) -> None:
    """Run notebooks side by side, printing each when it is done."""
    from .side_by_side import run_side_by_side

    print("\nside by side, one thread each: " + ", ".join(results), flush=True)
    with _bars() as move, closing(run_side_by_side(list(results), data_dir, quick)) as events:
        for kind, number, what in events:
            result = results[number]
            if kind == "told":
                move(number, *what)
            elif kind == "figure":
                result.figures.append(what)
            else:
                result.seconds = what
                move(number, "is done", 1.0)
                _print(result, quick)


def _run_here(results: list[Result], split: Any, quick: bool, budget: float) -> None:
    """Run notebooks one after the other, printing each figure when it is there."""
    from ..figures import NOTEBOOKS, Digits, Plan

    digits = Digits.of(split)
    for result in results:
        start, reach = time.perf_counter(), NOTEBOOKS[result.number][1]
        _print_head(result, quick)
        with _bars() as move:
            move(result.number, "starts", 0.0)
            for figure in reach(digits, Plan(quick, budget, partial(move, result.number))):
                result.figures.append(figure)
                _print_figure(figure)
        result.seconds = time.perf_counter() - start
        _print_end(result)


def _print(result: Result, quick: bool) -> None:
    _print_head(result, quick)
    for figure in result.figures:
        _print_figure(figure)
    _print_end(result)


def _print_head(result: Result, quick: bool) -> None:
    from ..figures import QUICK

    print(f"\n{result.number}  {result.title}")
    if quick and result.number in QUICK:
        print(f"  --quick: {QUICK[result.number]}")
    print(_row("", "printed", "Backlit", "may differ by"), flush=True)


def _print_figure(figure: Figure) -> None:
    mark = {True: "", False: "  <-- does not hold", None: ""}[figure.holds]
    print(_row(figure.name, figure.printed, figure.reached, figure.band) + mark, flush=True)


def _print_end(result: Result) -> None:
    print(f"  {_verdict(result)}, {result.seconds:.1f} s", flush=True)


def _row(name: str, printed: str, reached: str, band: str) -> str:
    cells = (text.ljust(width) for text, width in zip((name, printed, reached), WIDTHS, strict=True))
    return ("  " + " ".join([*cells, band])).rstrip()


def _verdict(result: Result) -> str:
    missed, held = result.missed(), result.held()
    return f"{missed} of {missed + held} figures do not hold" if missed else f"all {held} figures hold"


def _conclude(results: list[Result], quick: bool, seconds: float) -> int:
    missed, held = sum(r.missed() for r in results), sum(r.held() for r in results)
    left_out = " (--quick leaves out what is said above)" if quick else ""
    print(f"\n{held} of {held + missed} figures hold, {seconds:.0f} s{left_out}")
    return 1 if missed else 0


def _write(path: Path, results: list[Result], quick: bool) -> None:
    from ..files import write_file
    from .machine import description

    notebooks = [asdict(result) for result in results]
    data = {"machine": description(), "quick": quick, "notebooks": notebooks}
    write_file(path, json.dumps(data, indent=1, ensure_ascii=False) + "\n")
