"""`backlit train`: data in, a trained network out, and a page to look at.

The order is the story: load, build, fit, save, test, report. The model is saved first, so that whatever comes after
cannot lose it; Ctrl-C ends only the fitting.
"""

from __future__ import annotations

import csv
import io
import math
import shlex
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import options
from .settings import Settings

if TYPE_CHECKING:
    from ..datasets import Dataset
    from .report import LayerTrace, Scores


@dataclass
class Outcome:
    """What a run has produced so far."""

    model: Any
    history: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    layers: list[LayerTrace] = field(default_factory=list["LayerTrace"])
    findings: list[str] = field(default_factory=list[str])
    seconds: float = 0.0
    interrupted: bool = False
    scores: Scores | None = None


def train(
    dataset: options.Dataset = "auto",
    data_dir: options.DataDir = None,
    hidden: options.Hidden = None,
    activation: options.Activation = "relu",
    dropout: options.Dropout = 0.0,
    batch_norm: options.BatchNorm = False,
    epochs: options.Epochs = 5,
    batch_size: options.BatchSize = 32,
    optimizer: options.Optimizer = "adam",
    learning_rate: options.LearningRate = None,
    validation_split: options.ValidationSplit = 0.1,
    seed: options.Seed = 0,
    out: options.Out = options.DEFAULT_OUT,
    run_eagerly: options.RunEagerly = False,
    quiet: options.Quiet = False,
) -> None:
    """Train a network on handwritten digits (or other data) and write a report.

    Without any option: MNIST, 784-100-10, Adam, 5 epochs.
    """
    settings = Settings(
        dataset, data_dir, tuple(hidden or (100,)), activation, dropout, batch_norm, epochs, batch_size, optimizer,
        learning_rate, validation_split, seed, out, run_eagerly, quiet,
    )  # fmt: skip
    settings.check()
    if run(settings).interrupted:
        raise KeyboardInterrupt


def run(settings: Settings) -> Outcome:
    """Do what `settings` say and return what came out; the files are in `settings.out`."""
    from ..datasets import load
    from ..formats import save_model
    from ..seeds import set_random_seed
    from . import network

    set_random_seed(settings.seed)
    data = load(settings.dataset, settings.data_dir)
    classes = network.class_count(data.y_train, data.y_test)
    model = network.build(settings, data.x_train, classes)
    _announce(settings, data, model, classes)
    outcome = _fit(settings, data, model)
    save_model(model, settings.out / "model.keras")
    _write_history(settings, outcome.history)
    if len(data.x_test):
        outcome.scores = _test(outcome, data)
    _write_report(settings, data, outcome, classes)
    _conclude(settings, outcome)
    return outcome


def _announce(settings: Settings, data: Dataset, model: Any, classes: int) -> None:
    if data.notice:  # other data than asked for: said even where nothing else is
        print(data.notice, file=sys.stderr if settings.quiet else sys.stdout)
    if settings.quiet:
        return
    from .network import shape_name
    from .record import title

    print(f"{title(data.name)}: {len(data.x_train):,} training and {len(data.x_test):,} test examples ({data.source})")
    shape = shape_name(data.x_train, settings.hidden, classes)
    print(f"{shape}: {model.count_params():,} parameters, seed {settings.seed}\n", flush=True)


def _fit(settings: Settings, data: Dataset, model: Any) -> Outcome:
    from ..inspect import diagnose, record
    from .interrupt import StopsBetweenSteps
    from .watch import EpochResults, thinning, traces

    outcome, start = Outcome(model), time.perf_counter()
    examples = int(len(data.x_train) * (1 - settings.validation_split))
    recording = record(model, thinning(examples, settings.batch_size, settings.epochs))
    with StopsBetweenSteps(model) as stops, recording:
        results = EpochResults(stops)
        try:
            model.fit(
                data.x_train,
                data.y_train,
                batch_size=settings.batch_size,
                epochs=settings.epochs,
                validation_split=settings.validation_split,
                callbacks=[results],
                verbose=0 if settings.quiet else 1,
            )
        except KeyboardInterrupt:
            stops.asked = True
    outcome.interrupted = stops.asked
    outcome.seconds = time.perf_counter() - start
    outcome.history = results.history
    if recording.losses:
        outcome.layers = traces(model, recording, math.ceil(examples / settings.batch_size), data.x_train)
        outcome.findings = [str(finding) for finding in diagnose(recording)]
    return outcome


def _write_history(settings: Settings, history: dict[str, list[float]]) -> None:
    from ..formats.write import write_file

    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["epoch", *history])
    rows.writerows([epoch, *values] for epoch, values in enumerate(zip(*history.values(), strict=True), 1))
    write_file(settings.out / "history.csv", text.getvalue())


def _test(outcome: Outcome, data: Dataset) -> Scores:
    from . import report
    from .network import probabilities

    loss = outcome.model.evaluate(data.x_test, data.y_test, batch_size=256, verbose=0, return_dict=True)["loss"]
    return report.score(probabilities(outcome.model, data.x_test), data.y_test, data.x_test, float(loss))


def _write_report(settings: Settings, data: Dataset, outcome: Outcome, classes: int) -> None:
    from ..formats.write import write_file
    from .record import report_of
    from .report import render

    write_file(settings.out / "report.html", render(report_of(settings, data, outcome, classes)))


def _conclude(settings: Settings, outcome: Outcome) -> None:
    scores = outcome.scores
    if scores is not None:
        wrong = "" if settings.quiet else f" ({scores.wrong:,} of {scores.total:,} wrong), loss {scores.loss:.4f}"
        print(f"{'' if settings.quiet else chr(10)}Test accuracy {100 * scores.accuracy:.2f} %{wrong}")
    if settings.quiet:
        return
    if outcome.interrupted:
        done = len(next(iter(outcome.history.values()), ()))
        print(f"Stopped after {done} whole epoch{'s' * (done != 1)}; the network is saved as it was at the last step.")
    out = settings.out
    named = shlex.quote(str(out / "model.keras"))
    print(f"  {out / 'model.keras'}   the network, for `backlit predict {named} IMAGE`")
    print(f"  {out / 'history.csv'}   loss and accuracy of every epoch")
    print(f"  {out / 'report.html'}   open it: {(out / 'report.html').resolve().as_uri()}", flush=True)
