"""The options that several verbs share, declared once: name, type, help text.

What the values mean together is checked in `settings`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DATA, NETWORK, TRAINING, RESULT = "Data", "Network", "Training", "Result"

Dataset = Annotated[
    str,
    typer.Option(
        "--data",
        "--dataset",
        help="A folder of pictures with a folder for each class, a .csv table, a .npz or .npy file; or mnist, "
        "fashion_mnist, kmnist, strokes, digits; auto: mnist, or strokes if there is none.",
        rich_help_panel=DATA,
    ),
]
Target = Annotated[
    str | None, typer.Option(help="Of a table: the column to learn.", rich_help_panel=DATA, show_default=False)
]
Task = Annotated[
    str,
    typer.Option(
        help="Of a table or arrays: classification or regression; auto: numbers are amounts unless they are at most 20 "
        "different whole ones.",
        rich_help_panel=DATA,
    ),
]
Labels = Annotated[
    Path | None, typer.Option(help="Of a .npy file: the .npy with labels.", rich_help_panel=DATA, show_default=False)
]
Size = Annotated[
    str | None,
    typer.Option(
        help="Of pictures: 28, or height x width as 28x40.",
        rich_help_panel=DATA,
        show_default="the most common, at most 64",
    ),
]
Color = Annotated[
    str, typer.Option(help="Of pictures: gray or rgb; auto: gray if all of them are.", rich_help_panel=DATA)
]
Drop = Annotated[
    list[str] | None,
    typer.Option(help="Of a table: leave a column out; repeat it for more.", rich_help_panel=DATA, show_default=False),
]
Categorical = Annotated[
    list[str] | None,
    typer.Option(
        help="Of a table: a column whose numbers are names; repeat it for more.",
        rich_help_panel=DATA,
        show_default=False,
    ),
]
TestSplit = Annotated[
    float | None,
    typer.Option(
        help="Share of data of your own that is held out for the test.", rich_help_panel=DATA, show_default="a sixth"
    ),
]
DataDir = Annotated[
    Path | None,
    typer.Option(help="Look for the data files here and nowhere else.", rich_help_panel=DATA, show_default=False),
]
Hidden = Annotated[
    list[int] | None,
    typer.Option(
        help="Units of a hidden layer; repeat it for more layers.", rich_help_panel=NETWORK, show_default="100"
    ),
]
Activation = Annotated[str, typer.Option(help="Activation of the hidden layers.", rich_help_panel=NETWORK)]
Dropout = Annotated[float, typer.Option(help="Share of hidden units dropped in training.", rich_help_panel=NETWORK)]
BatchNorm = Annotated[
    bool, typer.Option("--batch-norm", help="Normalize every hidden layer over the batch.", rich_help_panel=NETWORK)
]
Epochs = Annotated[int, typer.Option(help="Passes over the training data.", rich_help_panel=TRAINING)]
BatchSize = Annotated[int, typer.Option(help="Examples in a step.", rich_help_panel=TRAINING)]
Optimizer = Annotated[str, typer.Option(help="sgd, rmsprop, adam, adamw, ...", rich_help_panel=TRAINING)]
LearningRate = Annotated[
    float | None,
    typer.Option(help="Size of a step.", rich_help_panel=TRAINING, show_default="that of the optimizer"),
]
ValidationSplit = Annotated[
    float, typer.Option(help="Share of the training data, at its end, kept for validation.", rich_help_panel=TRAINING)
]
Seed = Annotated[int, typer.Option(help="The same seed gives the same network.", rich_help_panel=TRAINING)]
RunEagerly = Annotated[
    bool,
    typer.Option(
        "--run-eagerly", help="Compute op by op instead of running the recorded step.", rich_help_panel=TRAINING
    ),
]
Out = Annotated[Path, typer.Option(help="Folder for the model, the curves and the report.", rich_help_panel=RESULT)]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Go on with the training that was cut off in --out.", rich_help_panel=TRAINING),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", help="Print the result of the test and nothing else.", rich_help_panel=RESULT)
]

ModelFile = Annotated[Path, typer.Argument(help="A .keras file.", metavar="[MODEL]")]
DEFAULT_OUT = Path("backlit-run")
DEFAULT_MODEL = DEFAULT_OUT / "model.keras"
