"""`backlit explain`: one training step on a few examples, with its numbers, or down to the machine code of a layer.

The story itself is told by `backlit.inspect`; this file finds a network and examples for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from ..arrays import Array
from . import options
from .settings import Settings


def explain(
    model: Annotated[
        Path | None, typer.Argument(help="A .keras file; without it a fresh 784-100-10.", show_default=False)
    ] = None,
    dataset: options.Dataset = "auto",
    data_dir: options.DataDir = None,
    labels: options.Labels = None,
    index: Annotated[int, typer.Option(help="The first example to take.")] = 0,
    count: Annotated[
        int | None, typer.Option(help="How many examples to take.", show_default="4, with --native 32")
    ] = None,
    weight: Annotated[
        str | None,
        typer.Option(help="Follow one weight through the chain rule, e.g. dense/kernel.", show_default=False),
    ] = None,
    native: Annotated[
        bool, typer.Option("--native", help="Print the machine code of one layer instead, from the formula down.")
    ] = False,
    layer: Annotated[
        str | None,
        typer.Option(help="The layer: its name or number; without it the first with weights.", show_default=False),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="With --native: whole listings of all its kernels.")] = False,
    seed: options.Seed = 0,
) -> None:
    """Print one training step with its numbers, in the order of the textbook."""
    from ..errors import ConfigError
    from ..formats import load_model
    from ..seeds import set_random_seed
    from . import machine_code, network

    set_random_seed(seed)
    native = native or full or layer is not None
    count = (32 if native else 4) if count is None else count
    net = None if model is None else load_model(model)
    data = _examples(model, dataset, data_dir, labels)
    if not 0 <= index < len(data.x) or count < 1:
        raise ConfigError(
            f"--index is {index} and --count is {count}. Expected examples among the {len(data.x):,} {data.part}."
        )
    x, y = data.x[index : index + count], data.y[index : index + count]
    if net is None:
        settings = Settings(
            dataset, data_dir, (100,), "relu", 0.0, False, 1, count, "adam", None, 0.0, seed, Path(), False, False
        )
        net = network.build(settings, x, data.classes)
    if data.notice:
        print(data.notice)
    if native:
        machine_code.show(net, layer, network.as_input(net, x), y, full)
    else:
        net.explain(network.as_input(net, x), y, weight=weight)


class _Examples(NamedTuple):
    """Examples as the network takes them; `part` says which they are, `classes` how many (None: not asked for)."""

    x: Array
    y: Array
    part: str
    notice: str
    classes: int | None = None


def _examples(model: Path | None, dataset: str, data_dir: Path | None, labels: Path | None) -> _Examples:
    """Return the training examples of a published set; for a network of a user's own data, data made ready as those."""
    from ..datasets import Preparation, load
    from ..errors import ConfigError
    from ..formats import read_notes
    from . import network
    from .train import target_of

    notes = {} if model is None else read_notes(model)
    if "preparation" in notes:
        if dataset == "auto":
            raise ConfigError("This network was trained on data of your own. Name data like them: --data PATH.")
        rows = Preparation(notes["preparation"]).read_labeled(dataset, labels)
        return _Examples(rows.x, rows.y, "held out in training" if rows.held_out else "there are", rows.notice)
    data = load(dataset, data_dir)
    is_number = target_of(data).is_number
    classes = None if is_number else network.class_count(data.y_train, data.y_test)
    return _Examples(data.x_train, data.y_train, "of training", data.notice, classes)
