"""Trainings that are killed and run again end with the bits of one that nobody disturbed: a short run of the harness.

`python -m benchmarks.kills` makes 300 kills; docs/reference/callbacks.md has what came of them.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from backlit.formats import checkpoint
from backlit.training.snapshot import Snapshot
from benchmarks.kills import EPOCHS, NETWORKS, PLACES, Case, Kill, cases, outcome, run

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="the harness forks")


@forks
def test_killed_trainings_end_as_one_that_was_not() -> None:
    met, different, trainings = run(6, seed=3)
    assert met.total() >= 6
    assert trainings >= 2
    assert not different, different


@forks
def test_the_harness_sees_a_state_that_was_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, _ = outcome(Case("plain", "epoch", ()), 1)
    read = checkpoint.read_checkpoint

    def forgetful(path: Path) -> Snapshot:
        arrays, facts = read(path)
        return Snapshot({n: np.zeros_like(a) if n.startswith("optimizer/") else a for n, a in arrays.items()}, facts)

    monkeypatch.setattr(checkpoint, "read_checkpoint", forgetful)
    digest, met = outcome(Case("plain", "epoch", (Kill("mid-epoch", 20),)), 1)
    assert met == ["mid-epoch"]
    assert digest != whole


def test_kills_fall_where_they_should() -> None:
    drawn = [kill for case in cases(300, seed=1) for kill in case.kills]
    share = {place: sum(kill.place == place for kill in drawn) for place in PLACES}
    assert len(drawn) == 300
    assert share["inside a save"] == share["mid-epoch"] == 100
    assert share["while resuming"] > 30
    assert share["any instant"] > 30
    assert {case.network for case in cases(300, seed=1)} == set(NETWORKS)
    assert max(kill.at for kill in drawn if kill.place == "mid-epoch") < 8 * EPOCHS
