"""`backlit evaluate`: how good a saved network is on a test set.

The network is asked through `predict`, so it need not have been compiled.
"""

from __future__ import annotations

from . import options


def evaluate(
    model: options.ModelFile = options.DEFAULT_MODEL,
    dataset: options.Dataset = "auto",
    data_dir: options.DataDir = None,
) -> None:
    """Measure a saved network on the test set."""
    from ..datasets import load
    from ..errors import DataError
    from ..formats import load_model
    from . import network
    from .record import title
    from .report import score

    net = load_model(model)
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
