"""The callbacks: what they do and print, compared with real Keras, and what they refuse.

`golden/callbacks.json` was recorded by `golden/keras_callbacks.py` on a model made of paper; the same model is here.
"""

from __future__ import annotations

import json
import math
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backlit.errors import CheckpointError, ConfigError, DataError, NumericalError
from backlit.training import callbacks as cb
from backlit.training.callbacks.plain_logs import plain_logs
from backlit.training.history import plot_history

GOLDEN = json.loads((Path(__file__).parent / "golden" / "callbacks.json").read_text("utf-8"))


class Rate:
    """A learning rate as a Variable keeps it: in float32."""

    def __init__(self, value: float) -> None:
        self.assign(value)

    def assign(self, value: float) -> None:
        assert isinstance(value, float)
        self.value = np.float32(value)

    def numpy(self) -> Any:
        return np.asarray(self.value)


class Optimizer:
    def __init__(self, rate: Any) -> None:
        self.learning_rate = rate
        self.iterations = 3


class Metric:
    def __init__(self, name: str, direction: str | None = None) -> None:
        self.name = name
        self._direction = direction


class Paper:
    """A model as callbacks see it: its only weight is the number of the epoch."""

    def __init__(self, rate: Any = 0.001, metrics: tuple[Metric, ...] = ()) -> None:
        self.optimizer = Optimizer(Rate(rate) if isinstance(rate, float) else rate)
        self.metrics = metrics
        self.stop_training = False
        self.weights = [np.array(-1)]
        self.history: Any = None

    def get_weights(self) -> list[Any]:
        return self.weights

    def set_weights(self, weights: list[Any]) -> None:
        self.weights = weights


def play(
    callbacks: Any, logs: list[dict[str, Any]], model: Paper | None = None, begin: int = 0, state: Any = None
) -> tuple[Paper, list[dict[str, Any]]]:
    """Call the hooks as a training of `len(logs)` epochs does; return the model and the logs after each epoch."""
    model, seen = model or Paper(), []
    every = cb.CallbackList(callbacks, add_history=True, model=model, verbose=0, epochs=len(logs), steps=1)
    every.callbacks.append(cb.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs)))
    every.on_train_begin()
    if state is not None:
        every.restore(state)
    for epoch, results in enumerate(logs[begin:], begin):
        every.on_epoch_begin(epoch)
        model.weights = [np.array(epoch)]
        every.on_epoch_end(epoch, results)
        if model.stop_training:
            break
    every.on_train_end(results)
    return model, seen


# --- what real Keras does ----------------------------------------------------------------------------------------

KINDS = {"early_stopping": cb.EarlyStopping, "reduce_lr": cb.ReduceLROnPlateau}
MONITORED = [(kind, case) for kind in KINDS for case in GOLDEN[kind]]


@pytest.mark.filterwarnings("ignore:.*which is not available:UserWarning")
@pytest.mark.parametrize(("kind", "case"), MONITORED)
def test_monitoring_callbacks_do_what_keras_does(
    kind: str, case: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    model, seen = play(KINDS[kind](**case["kwargs"]), case["logs"])
    assert capsys.readouterr().out == case["text"]
    assert len(seen) == case["epochs"]
    assert [logs.get("learning_rate") for logs in seen] == case["rates"]
    assert int(model.weights[0]) == case["weights"]


SCHEDULES = {
    "halve": lambda epoch, rate: rate * 0.5,
    "by epoch": lambda epoch: 0.1 / (1 + epoch),
    "numpy": lambda epoch, rate: np.float32(0.1) / np.float32(epoch + 1),
    "numpy 64": lambda epoch, rate: np.float64(rate) * np.exp(-0.1),
}


@pytest.mark.parametrize("case", GOLDEN["scheduler"], ids=lambda case: case["schedule"])
def test_scheduler_does_what_keras_does(case: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    _, seen = play(cb.LearningRateScheduler(SCHEDULES[case["schedule"]], verbose=1), case["logs"])
    assert capsys.readouterr().out == case["text"]
    assert [logs["learning_rate"] for logs in seen] == case["rates"]


def drive(callback: cb.Callback, logs: list[dict[str, Any]]) -> None:
    """Call one callback alone, with the logs as they are."""
    callback.on_train_begin()
    for epoch, results in enumerate(logs):
        callback.on_epoch_end(epoch, results)
    callback.on_train_end()


@pytest.mark.parametrize("case", GOLDEN["csv"])
def test_csv_files_are_those_of_keras(case: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    for logs in case["script"]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            drive(cb.CSVLogger(path, separator=case["separator"], append=case["append"]), logs)
    if case["append"] and len(case["script"]) == 2:
        # Keras writes columns of its own below the header of the first training; here the header's columns go on
        assert path.read_bytes().decode().endswith("0;0.125;NA\r\n")
    else:
        assert path.read_bytes().decode() == case["text"]


def test_the_message_of_the_notebooks(capsys: pytest.CaptureFixture[str]) -> None:
    logs = [{"val_loss": 1.0}] * 4
    play([cb.ReduceLROnPlateau(factor=0.5, patience=1, verbose=1)], logs[:2])
    play([cb.EarlyStopping(patience=3, restore_best_weights=True, verbose=1)], logs)
    assert capsys.readouterr().out == (
        "\nEpoch 2: ReduceLROnPlateau reducing learning rate to 0.0005000000237487257.\n"
        "Epoch 4: early stopping\nRestoring model weights from the end of the best epoch: 1.\n"
    )


# --- direction and missing numbers -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("monitor", "metrics", "stopped"),
    [
        ("val_accuracy", (Metric("loss"), Metric("accuracy", "up")), True),
        ("accuracy", (Metric("accuracy", "up"),), True),
        ("error", (Metric("error", "down"),), False),
        ("first_accuracy", (Metric("accuracy", "up"),), True),
        ("first_loss", (), False),
        ("loss", (Metric("loss", "up"),), True),
    ],
)
def test_auto_mode_asks_the_metric(monitor: str, metrics: tuple[Metric, ...], stopped: bool) -> None:
    falling = [{monitor: 3.0}, {monitor: 2.0}, {monitor: 1.0}]
    model, _ = play(cb.EarlyStopping(monitor=monitor), falling, Paper(metrics=metrics))
    assert model.stop_training is stopped


@pytest.mark.parametrize("kind", KINDS.values())
def test_auto_mode_without_a_direction_is_refused(kind: Any) -> None:
    metrics = (Metric("accuracy", "up"), Metric("mine"))
    with pytest.raises(ConfigError, match=r'monitor=.mine.*mode="max" or mode="min"\.$'):
        play(kind(monitor="mine"), [{"mine": 1.0}], Paper(metrics=metrics))
    with pytest.raises(ConfigError, match='Did you mean "val_accuracy"'):
        play(kind(monitor="val_acuracy"), [{"val_accuracy": 1.0, "loss": 2.0}], Paper(metrics=metrics))


@pytest.mark.parametrize("kind", KINDS.values())
def test_a_missing_number_warns_once(kind: Any) -> None:
    callback = kind(patience=0)
    with pytest.warns(UserWarning, match=r"val_loss.*Available metrics are: accuracy,.*validation_split") as caught:
        model, _ = play(callback, [{"accuracy": 0.5, "loss": 1.0}] * 3)
    assert len(caught) == 1
    assert not model.stop_training


def test_nan_is_never_an_improvement() -> None:
    callback = cb.EarlyStopping("loss", patience=2)
    model, seen = play(callback, [{"loss": x} for x in (math.nan, 5.0, 4.0, 3.0)])
    assert (callback.best, len(seen), model.stop_training) == (3.0, 4, False)


def test_one_instance_serves_several_trainings() -> None:
    callback = cb.EarlyStopping("loss", restore_best_weights=True)
    play(callback, [{"loss": 0.0}, {"loss": 1.0}])
    model, seen = play(callback, [{"loss": 9.0}, {"loss": 8.0}, {"loss": 9.0}])
    assert (len(seen), callback.best_epoch, callback.stopped_epoch, int(model.weights[0])) == (3, 1, 2, 1)


# --- the list ----------------------------------------------------------------------------------------------------


class Recorder(cb.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Any] = []

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.calls.append(("begin", batch, logs))

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        self.calls.append(("end", batch, logs))


def test_users_come_first_then_history_then_the_bar() -> None:
    every = cb.CallbackList([Recorder()], add_history=True, add_progbar=True, verbose=0, epochs=1, steps=1)
    assert [type(callback) for callback in every.callbacks] == [Recorder, cb.History, cb.ProgbarLogger]
    own = [cb.History(), cb.ProgbarLogger(), Recorder()]
    given = cb.CallbackList(own, add_history=True, add_progbar=True, verbose=0, epochs=1, steps=1)
    assert given.callbacks == own
    assert given.history is own[0]


def test_changed_logs_reach_history_and_bar(capsys: pytest.CaptureFixture[str]) -> None:
    def change(epoch: int, logs: dict[str, Any]) -> None:
        logs["extra"] = np.float32(0.5)
        del logs["secret"]

    model = Paper()
    every = cb.CallbackList(cb.LambdaCallback(on_epoch_end=change), True, True, model, verbose=2, epochs=1, steps=1)
    every.on_epoch_begin(0)
    every.on_epoch_end(0, {"secret": 1, "loss": np.float32(0.25), "accuracy": np.array(1.0)})
    assert model.history is every.history
    assert model.history.history == {"accuracy": [1.0], "loss": [0.25], "extra": [0.5]}
    assert all(type(values[0]) is float for values in model.history.history.values())
    assert capsys.readouterr().out.endswith(" - accuracy: 1.0000 - loss: 0.2500 - extra: 0.5000\n")


def test_model_and_params_reach_everyone_even_without_super_init() -> None:
    class Bare(cb.Callback):
        def __init__(self) -> None:
            pass

    model, bare = Paper(), Bare()
    assert bare.model is None
    cb.CallbackList([bare], model=model, verbose=1, epochs=3, steps=None)
    assert bare.model is model
    assert bare.params == {"verbose": 1, "epochs": 3, "steps": None}


WANTING = [
    (None, ()),
    (cb.EarlyStopping(), ()),
    ([cb.ProgbarLogger(), cb.History(), cb.CSVLogger("unused.csv")], ()),
    (cb.TerminateOnNaN(), ("train",)),
    (Recorder(), ("train",)),
    (cb.LambdaCallback(on_train_batch_begin=print), ("train",)),
    (cb.LambdaCallback(on_batch_end=print), ("train",)),
    (cb.LambdaCallback(on_test_batch_end=print), ("test",)),
    (cb.LambdaCallback(on_predict_batch_begin=print), ("predict",)),
    (cb.LambdaCallback(on_epoch_end=print, on_test_end=print), ()),
    (type("OwnBar", (cb.ProgbarLogger,), {})(), ("train", "test", "predict")),
]


@pytest.mark.parametrize(("callbacks", "phases"), WANTING)
def test_the_loop_learns_who_wants_batches(callbacks: Any, phases: tuple[str, ...]) -> None:
    every = cb.CallbackList(callbacks, add_history=True, add_progbar=True, verbose=1, epochs=1, steps=1)
    assert tuple(phase for phase in ("train", "test", "predict") if every.wants_batches(phase)) == phases


def test_logs_of_a_batch_are_computed_once_and_only_for_listeners() -> None:
    computed = []

    def logs() -> dict[str, Any]:
        computed.append(1)
        return {"loss": np.float32(0.5), "accuracy": 1}

    cb.CallbackList(cb.EarlyStopping(), add_history=True).on_train_batch_end(0, logs)
    assert not computed
    first, second = Recorder(), Recorder()
    every = cb.CallbackList([first, [second]])
    every.on_train_batch_begin(7)
    every.on_train_batch_end(7, logs)
    assert len(computed) == 1
    assert first.calls == second.calls == [("begin", 7, {}), ("end", 7, {"accuracy": 1.0, "loss": 0.5})]


def test_every_hook_reaches_every_callback() -> None:
    calls: list[str] = []
    hooks = [name for name in vars(cb.Callback) if name.startswith("on_")]
    functions = {name: lambda *args, name=name, **logs: calls.append(name) for name in hooks}
    every = cb.CallbackList(cb.LambdaCallback(**functions))
    for name in hooks:
        getattr(every, name)(*([0] if "epoch" in name or "batch" in name else []))
    assert calls == hooks


def test_plain_logs_are_flat_sorted_floats() -> None:
    array = np.arange(3)
    logs = {"z": 1, "a": np.float32(0.5), "m": {"c": Rate(0.25), "b": True}, "n": array, "t": "text", "d": None}
    plain = plain_logs(logs)
    assert list(plain) == ["a", "d", "b", "c", "n", "t", "z"]
    assert (plain["a"], plain["c"], plain["b"], plain["z"], plain["t"], plain["d"]) == (0.5, 0.25, 1, 1, "text", None)
    assert plain["n"] is array
    assert plain_logs(None) == {}


# --- the small ones ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_terminate_on_nan(loss: float, capsys: pytest.CaptureFixture[str]) -> None:
    model = Paper()
    every = cb.CallbackList(cb.TerminateOnNaN(), model=model)
    every.on_train_batch_end(3, {"loss": 1.0})
    every.on_train_batch_end(4, {})
    assert not model.stop_training
    every.on_train_batch_end(5, {"loss": loss})
    assert model.stop_training
    assert capsys.readouterr().out == "Batch 5: Invalid loss, terminating training\n"
    with pytest.raises(NumericalError, match="after batch 5"):
        cb.TerminateOnNaN(raise_error=True).on_batch_end(5, {"loss": loss})


def test_lambda_callback_gets_batch_logs_by_name() -> None:
    seen: list[Any] = []
    every = cb.CallbackList(
        cb.LambdaCallback(
            on_train_batch_end=lambda batch, logs: seen.append((batch, logs)),
            on_test_begin=lambda logs: seen.append(logs),
            on_epoch_begin=lambda e, anything: seen.append(e),
        )
    )
    every.on_epoch_begin(2)
    every.on_train_batch_end(1, {"loss": 1.0})
    every.on_test_begin()
    assert seen == [2, (1, {"loss": 1.0}), {}]


def test_history_says_what_it_holds() -> None:
    history = cb.History()
    assert repr(history) == "<backlit.callbacks.History of 0 epochs>"
    drive(history, [{"accuracy": 0.5, "loss": 1.0}, {"accuracy": 0.6, "loss": 0.9, "val_loss": 1.0}])
    assert repr(history) == "<backlit.callbacks.History of 2 epochs: accuracy, loss, val_loss>"
    assert history.history == {"accuracy": [0.5, 0.6], "loss": [1.0, 0.9], "val_loss": [1.0]}


def test_a_schedule_of_the_optimizer_can_be_read_but_not_set() -> None:
    model = Paper(rate=lambda step: np.float32(0.5) * step)
    with pytest.raises(ConfigError, match=r"ReduceLROnPlateau cannot set.*schedule"):
        play(cb.ReduceLROnPlateau(), [{"val_loss": 1.0}], model)
    with pytest.raises(ConfigError, match=r"LearningRateScheduler cannot set.*schedule"):
        play(cb.LearningRateScheduler(lambda epoch: 0.1), [{"loss": 1.0}], model)
    assert cb.learning_rate.current_learning_rate(model.optimizer) == 1.5


def test_a_continued_csv_file_keeps_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    drive(cb.CSVLogger(path), [{"loss": 1.0, "val_loss": 2.0}])
    with pytest.warns(UserWarning, match="no column for accuracy"):
        drive(cb.CSVLogger(path, append=True), [{"accuracy": 0.5, "loss": 3.0, "val_loss": 4.0}])
    assert path.read_text("utf-8").split() == ["epoch,loss,val_loss", "0,1.0,2.0", "0,3.0,4.0"]


def test_a_csv_file_starts_anew_unless_told_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("something else\n" * 9, "utf-8")
    logger = cb.CSVLogger(path)
    for _ in range(2):
        drive(logger, [{"loss": 1.0, "val_loss": 2.0}])
        assert path.read_text("utf-8").split() == ["epoch,loss,val_loss", "0,1.0,2.0"]


def test_a_csv_path_that_cannot_be_written_fails_before_the_first_epoch(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        cb.CSVLogger(tmp_path / "nowhere" / "log.csv").on_train_begin()


# --- continuing exactly ------------------------------------------------------------------------------------------


def make_stateful(path: Path) -> list[cb.Callback]:
    return [
        cb.ReduceLROnPlateau(factor=0.5, patience=2, cooldown=1),
        cb.EarlyStopping(patience=4, restore_best_weights=True),
        cb.CSVLogger(path),
    ]


@pytest.mark.parametrize("stop", range(1, 9))
def test_restored_callbacks_continue_as_if_nothing_had_happened(stop: int, tmp_path: Path) -> None:
    logs = [{"loss": 1.0, "val_loss": x} for x in (5.0, 4.0, 4.5, 4.4, 3.9, 4.0, 4.1, 4.2, 4.3, 4.4)]
    whole, path = tmp_path / "whole.csv", tmp_path / "broken.csv"
    model, seen = play(make_stateful(whole), logs)

    broken = Paper()
    first = make_stateful(path)
    play(first, logs[:stop], broken)
    state = cb.CallbackList([*first, broken.history]).state()
    json.dumps({name: {k: v for k, v in part.items() if k != "best_weights"} for name, part in state.items()})
    with path.open("a", encoding="utf-8") as file:
        file.write("a line of an epoch that is done again\r\n")
    after, rest = play(make_stateful(path), logs, broken, stop, state)

    assert rest == seen[stop:]
    assert after.weights == model.weights
    assert after.optimizer.learning_rate.value == model.optimizer.learning_rate.value
    assert after.history.history == model.history.history
    assert after.history.epoch == model.history.epoch
    assert path.read_bytes() == whole.read_bytes()


def test_a_continued_file_survives_a_checkpoint_before_its_first_line(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    drive(cb.CSVLogger(path), [{"loss": 1.0, "val_loss": 2.0}])
    before = path.read_bytes()
    logger = cb.CSVLogger(path, append=True)
    logger.on_train_begin()
    state = logger.state()
    logger.on_train_begin()
    logger.restore(state)
    assert path.read_bytes() == before


def test_the_state_of_other_callbacks_is_refused() -> None:
    state = cb.CallbackList([cb.EarlyStopping()]).state()
    assert list(state) == ["0 EarlyStopping"]
    with pytest.raises(CheckpointError, match=r"0 EarlyStopping.*0 ReduceLROnPlateau"):
        cb.CallbackList([cb.ReduceLROnPlateau()]).restore(state)
    with pytest.raises(CheckpointError, match="best_weights"):
        cb.EarlyStopping().restore({"wait": 1})


# --- what is refused ---------------------------------------------------------------------------------------------

REFUSED: list[tuple[Any, str]] = [
    (lambda: cb.CallbackList([cb.History(), cb.EarlyStopping]), r"callbacks\[1\].*EarlyStopping\(\.\.\.\)"),
    (lambda: cb.CallbackList([[print]]), r"callbacks\[0\]\[0\].*LambdaCallback"),
    (lambda: cb.CallbackList("adam"), "callbacks is 'adam'"),
    (lambda: cb.CallbackList({"a": cb.History()}), "list instead of a dict"),
    (lambda: cb.CallbackList([None]), r"callbacks\[0\] is None"),
    (lambda: cb.CallbackList(3), "callbacks is 3"),
    (lambda: cb.EarlyStopping(mode="mni"), 'mode=.mni.*Did you mean "min"'),
    (lambda: cb.EarlyStopping(mode=1), "mode=1"),
    (lambda: cb.EarlyStopping(monitor=3), "monitor=3"),
    (lambda: cb.EarlyStopping(patience=-1), "patience=-1.*whole number"),
    (lambda: cb.EarlyStopping(patience=1.5), "patience=1.5"),
    (lambda: cb.EarlyStopping(patience="3"), "patience='3'"),
    (lambda: cb.EarlyStopping(patience=None), "patience=None"),
    (lambda: cb.EarlyStopping(min_delta="small"), "min_delta='small'"),
    (lambda: cb.EarlyStopping(min_delta=math.nan), "min_delta=nan"),
    (lambda: cb.EarlyStopping(baseline="x"), "baseline='x'"),
    (lambda: cb.EarlyStopping(start_from_epoch=-2), "start_from_epoch=-2"),
    (lambda: cb.ReduceLROnPlateau(factor=1.0), "factor=1.0.*factor < 1"),
    (lambda: cb.ReduceLROnPlateau(factor=-0.1), "factor=-0.1"),
    (lambda: cb.ReduceLROnPlateau(mode="maximum"), "mode='maximum'"),
    (lambda: cb.ReduceLROnPlateau(cooldown=-1), "cooldown=-1"),
    (lambda: cb.ReduceLROnPlateau(min_lr="tiny"), "min_lr='tiny'"),
    (lambda: cb.LearningRateScheduler(0.1), "schedule=0.1"),
    (lambda: cb.LambdaCallback(on_epoch_ends=print), 'Did you mean "on_epoch_end"'),
    (lambda: cb.LambdaCallback(on_epoch_end=3), "on_epoch_end=3"),
    (lambda: cb.CSVLogger("unused.csv", separator="ab"), "separator='ab'"),
    (lambda: play(cb.LearningRateScheduler(lambda epoch: None), [{"loss": 1.0}]), "returned None for epoch 0"),
    (lambda: play(cb.LearningRateScheduler(lambda epoch: math.nan), [{"loss": 1.0}]), "returned nan"),
    (lambda: play(cb.LearningRateScheduler(lambda epoch, rate: -rate), [{"loss": 1.0}]), "returned -0.001"),
    (lambda: play(cb.LearningRateScheduler(lambda epoch: "0.1"), [{"loss": 1.0}]), "returned '0.1'"),
]


@pytest.mark.parametrize(("wrong", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_wrong_arguments_are_refused_by_name(wrong: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        wrong()


# --- the picture -------------------------------------------------------------------------------------------------


def test_plot_history_draws_a_panel_for_each_metric(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    history = cb.History()
    logs: list[dict[str, Any]] = [{"accuracy": 0.1 * i, "loss": 1.0, "learning_rate": 0.1} for i in range(4)]
    for i in (1, 3):
        logs[i] |= {"val_accuracy": 0.5, "val_loss": 2.0}
    drive(history, logs)
    axes = plot_history(history, tmp_path / "curves.png")
    assert [ax.get_title() for ax in axes] == ["accuracy", "loss", "learning_rate"]
    training, validation = axes[0].get_lines()
    assert list(training.get_xdata()) == [1, 2, 3, 4]
    assert list(validation.get_xdata()) == [2, 4]
    assert [line.get_label() for line in axes[1].get_lines()] == ["training", "validation"]
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert [ax.get_title() for ax in plot_history({"loss": [1.0]}, tmp_path / "curves.svg")] == ["loss"]


def test_plot_history_on_the_screen_belongs_to_pyplot(monkeypatch: pytest.MonkeyPatch) -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    axes = plot_history({"loss": [1.0, 0.5]})
    assert pyplot.gcf() is axes[0].figure
    pyplot.close("all")


def test_plot_history_without_epochs_or_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="without epochs"):
        plot_history(cb.History())
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ConfigError, match=r'pip install "backlit\[plot\]"'):
        plot_history({"loss": [1.0]})
