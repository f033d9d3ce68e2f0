"""`backlit train`: data in, a trained network out, and a page to look at.

The order is the story: load, build, fit, save, test, report. The model is saved first, so that whatever comes after
cannot lose it; Ctrl-C ends only the fitting.
"""

from __future__ import annotations

import contextlib
import csv
import io
import math
import shlex
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from . import options
from .settings import Settings

if TYPE_CHECKING:
    from ..datasets import Dataset
    from ..datasets.target import Target
    from .report import AmountScores, LayerTrace, Scores


@dataclass
class Outcome:
    """What a run has produced so far."""

    model: Any
    history: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    layers: list[LayerTrace] = field(default_factory=list["LayerTrace"])
    findings: list[str] = field(default_factory=list[str])
    seconds: float = 0.0
    interrupted: bool = False
    scores: Scores | AmountScores | None = None


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
    target: options.Target = None,
    task: options.Task = "auto",
    labels: options.Labels = None,
    size: options.Size = None,
    color: options.Color = "auto",
    drop: options.Drop = None,
    categorical: options.Categorical = None,
    test_split: options.TestSplit = None,
    resume: options.Resume = False,
) -> None:
    """Train a network on handwritten digits, or on data of your own, and write a report.

    Without any option: MNIST, 784-100-10, Adam, 5 epochs.
    """
    settings = Settings(
        dataset, data_dir, tuple(hidden or (100,)), activation, dropout, batch_norm, epochs, batch_size, optimizer,
        learning_rate, validation_split, seed, out, run_eagerly, quiet, target, task, labels, size, color,
        tuple(drop or ()), tuple(categorical or ()), test_split, resume,
    )  # fmt: skip
    was_there = settings.out.exists()
    settings.check()
    try:
        outcome = run(settings)
    except BaseException:
        if not was_there:
            with contextlib.suppress(OSError):  # where something was written it stays
                settings.out.rmdir()
        raise
    if outcome.interrupted:
        raise KeyboardInterrupt


def run(settings: Settings) -> Outcome:
    """Do what `settings` say and return what came out; the files are in `settings.out`."""
    from ..datasets import load
    from ..formats import save_model
    from ..seeds import set_random_seed
    from . import network

    set_random_seed(settings.seed)
    data = load(settings.dataset, settings.data_dir, settings.choices())
    target = target_of(data)
    classes = None if target.is_number else max(network.class_count(data.y_train, data.y_test), len(target.classes))
    model = network.build(settings, data.x_train, classes)
    _announce(settings, data, model, classes)
    outcome = _fit(settings, data, model)
    _require_finite(outcome)
    save_model(model, settings.out / "model.keras", notes=_notes(data))
    _write_history(settings, outcome.history)
    if len(data.x_test):
        outcome.scores = _test(outcome, data, target)
    _write_report(settings, data, outcome, classes)
    _conclude(settings, outcome, str((data.description or {}).get("kind")))
    return outcome


def target_of(data: Dataset) -> Target:
    """Return what a network for these data learns to say."""
    from ..datasets import Preparation
    from ..datasets.target import Target

    return Target("classification") if data.description is None else Preparation(data.description).target


def _notes(data: Dataset) -> dict[str, Any] | None:
    return None if data.description is None else {"preparation": data.description}


def _require_finite(outcome: Outcome) -> None:
    """Refuse to save a network whose loss is no number: one that was saved before is worth more."""
    from ..errors import NumericalError

    losses = outcome.history.get("loss", ())
    if losses and not math.isfinite(losses[-1]):
        raise NumericalError(
            f"The loss is {losses[-1]} after {len(losses)} epochs, so nothing was saved; what an earlier run left "
            "in the folder stands. Expected a finite loss. Try a smaller --learning-rate."
        )


def _announce(settings: Settings, data: Dataset, model: Any, classes: int | None) -> None:
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
    from ..callbacks import BackupAndRestore
    from ..inspect import diagnose, record
    from .interrupt import StopsBetweenSteps
    from .watch import EpochResults, thinning, traces

    outcome, start = Outcome(model), time.perf_counter()
    examples = int(len(data.x_train) * (1 - settings.validation_split))
    recording = record(model, thinning(examples, settings.batch_size, settings.epochs))
    backup = BackupAndRestore(settings.backup)
    if not settings.resume:
        model.checkpoint_at(backup.path).remove()
    elif model.checkpoint_at(backup.path).latest() is None:
        raise ConfigError(f"There is no training to go on with in {settings.backup}. Leave --resume out to start one.")
    with StopsBetweenSteps(model, backup) as stops, recording:
        results = EpochResults(stops, settings.deciding(), recording)
        try:
            model.fit(
                data.x_train,
                data.y_train,
                batch_size=settings.batch_size,
                epochs=settings.epochs,
                validation_split=settings.validation_split,
                callbacks=[results, backup],
                verbose=0 if settings.quiet else 1,
            )
        except KeyboardInterrupt:
            stops.asked = True
    outcome.interrupted = stops.asked
    with contextlib.suppress(OSError):
        settings.backup.rmdir()  # where nothing is left to go on with
    outcome.seconds = time.perf_counter() - start
    outcome.history = results.history
    if recording.losses:
        outcome.layers = traces(model, recording, math.ceil(examples / settings.batch_size), data.x_train)
        outcome.findings = [str(finding) for finding in diagnose(recording)]
    return outcome


def _write_history(settings: Settings, history: dict[str, list[float]]) -> None:
    from ..files import write_file

    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["epoch", *history])
    rows.writerows([epoch, *values] for epoch, values in enumerate(zip(*history.values(), strict=True), 1))
    write_file(settings.out / "history.csv", text.getvalue())


def _test(outcome: Outcome, data: Dataset, target: Target) -> Scores | AmountScores:
    import numpy as np

    from . import report
    from .network import amounts, probabilities

    if target.is_number:
        said = amounts(outcome.model, data.x_test)
        loss = float(np.mean(np.square(said - data.y_test)))
        return report.AmountScores(loss, target.decoded(data.y_test), target.decoded(said))
    loss = outcome.model.evaluate(data.x_test, data.y_test, batch_size=256, verbose=0, return_dict=True)["loss"]
    return report.score(probabilities(outcome.model, data.x_test), data.y_test, data.x_test, float(loss))


def _write_report(settings: Settings, data: Dataset, outcome: Outcome, classes: int | None) -> None:
    from ..files import write_file
    from .record import report_of
    from .report import render

    write_file(settings.out / "report.html", render(report_of(settings, data, outcome, classes)))


_FED = {"table": "ROWS.csv", "array": "ROWS.npy"}


def _conclude(settings: Settings, outcome: Outcome, kind: str) -> None:
    from .report import AmountScores
    from .report.words import amount

    scores = outcome.scores
    if isinstance(scores, AmountScores):
        more = "" if settings.quiet else f", mean absolute error {amount(scores.absolute)}, R\u00b2 {scores.r2:.4f}"
        print(f"{'' if settings.quiet else chr(10)}Test error {amount(scores.error)} (root mean square){more}")
    elif scores is not None:
        wrong = "" if settings.quiet else f" ({scores.wrong:,} of {scores.total:,} wrong), loss {scores.loss:.4f}"
        print(f"{'' if settings.quiet else chr(10)}Test accuracy {100 * scores.accuracy:.2f} %{wrong}")
    if settings.quiet:
        return
    if outcome.interrupted:
        done = len(next(iter(outcome.history.values()), ()))
        print(f"Stopped after {done} whole epoch{'s' * (done != 1)}; the network is saved as it was at the last step.")
        print("To go on with the training, give the same command with --resume.")
    out = settings.out
    named = shlex.quote(str(out / "model.keras"))
    print(f"  {out / 'model.keras'}   the network, for `backlit predict {named} {_FED.get(kind, 'IMAGE')}`")
    print(f"  {out / 'history.csv'}   the loss and how good it was, epoch by epoch")
    print(f"  {out / 'report.html'}   open it: {(out / 'report.html').resolve().as_uri()}", flush=True)
