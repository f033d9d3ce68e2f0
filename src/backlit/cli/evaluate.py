"""`backlit evaluate`: how good a saved network is on a test set, published or your own.

The network is asked through `predict`, so it need not have been compiled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import options

if TYPE_CHECKING:
    from ..datasets import Preparation


def evaluate(
    model: options.ModelFile = options.DEFAULT_MODEL,
    dataset: options.Dataset = "auto",
    data_dir: options.DataDir = None,
    labels: options.Labels = None,
) -> None:
    """Measure a saved network on a test set; on the data it was trained on, on the part held out then."""
    from ..datasets import Preparation
    from ..formats import load_model, read_notes

    net, notes = load_model(model), read_notes(model)
    if "preparation" in notes:
        _on_own(net, Preparation(notes["preparation"]), dataset, labels)
    else:
        _on_published(net, dataset, data_dir)


def _on_published(net: Any, dataset: str, data_dir: Any) -> None:
    from ..datasets import load
    from ..errors import DataError
    from . import network
    from .record import title
    from .report import score

    data = load(dataset, data_dir)
    if data.notice:
        print(data.notice)
    if not len(data.x_test):
        raise DataError(
            f"{data.name} has no test examples. Store x_test and y_test in the file, or name another data set."
        )
    network.class_count(data.y_test)
    chances = network.probabilities(net, network.as_input(net, data.x_test))
    network.check_labels(data.y_test, chances.shape[1], data.name)
    found = score(chances, data.y_test, data.x_test, network.cross_entropy(chances, data.y_test))
    print(f"{title(data.name)}, {found.total:,} test examples ({data.source})")
    print(f"accuracy {100 * found.accuracy:.2f} % ({found.wrong:,} wrong), cross-entropy {found.loss:.4f}")


def _on_own(net: Any, preparation: Preparation, path: str, labels: Any) -> None:
    """Measure on data like those of training."""
    from ..errors import ConfigError, DataError
    from . import network
    from .report import AmountScores, score
    from .report.words import amount

    if path == "auto":
        raise ConfigError("This network was trained on data of your own. Name data like them: --data PATH.")
    data = preparation.read_labeled(path, labels)
    if data.notice:
        print(data.notice)
    if not len(data.x):
        raise DataError(f"{path} has no examples that were held out. Name other data.")
    part = "held out in training" if data.held_out else "all there are"
    print(f"{path}, {len(data.x):,} examples ({part})")
    x = network.as_input(net, data.x)
    if preparation.target.is_number:
        target = preparation.target
        said = network.amounts(net, x)
        loss = float(np.mean(np.square(said - data.y)))
        found = AmountScores(loss, target.decoded(data.y), target.decoded(said))
        error, absolute = amount(found.error), amount(found.absolute)
        print(f"error {error} (root mean square), mean absolute {absolute}, R\u00b2 {found.r2:.4f}")
        return
    chances = network.probabilities(net, x)
    network.check_labels(data.y, chances.shape[1], path)
    result = score(chances, data.y, data.x, network.cross_entropy(chances, data.y))
    print(f"accuracy {100 * result.accuracy:.2f} % ({result.wrong:,} wrong), cross-entropy {result.loss:.4f}")
