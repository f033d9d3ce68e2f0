"""What Keras 2 says otherwise than Keras 3: names of settings, and the order of an optimizer's memory.

Keras 3 writes `.h5` files too, in its own words; the attribute `keras_version` of the file tells them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import ModelFileError

OLD_OPTIONS = {"jit_compile", "is_legacy_optimizer"}  # of optimizers; they change no number
MADE_ANEW = ("learning_rate", "u_product")  # of an optimizer, not in its memory: Keras 2 begins with them anew, too
OTHER_FUNCTION = "hard_sigmoid"  # clip(0.2 x + 0.5, 0, 1) there, relu6(x + 3) / 6 in Keras 3


def network(config: Any, source: str) -> Any:
    """Return the configuration of a network in the words of Keras 3; what has none raises `ModelFileError`."""
    if isinstance(config, list):
        return [network(one, source) for one in config]
    if not isinstance(config, dict):
        return config
    if OTHER_FUNCTION in (config.get("activation"), config.get("recurrent_activation")):
        raise ModelFileError(
            f"{source} uses {OTHER_FUNCTION!r}, which is another function in Keras 2 than in Keras 3. Make the model "
            "with an activation clip(0.2 x + 0.5, 0, 1) of your own, and call model.load_weights."
        )
    found = {key: network(value, source) for key, value in config.items()}
    for key in ("input_layers", "output_layers"):
        ends = found.get(key)
        if isinstance(ends, list) and len(ends) == 1 and isinstance(ends[0], list):
            found[key] = ends[0]  # one tensor, not a list of one: Keras 2 does not tell them apart
    return _renamed_here(found)


def renamed(config: Any) -> Any:
    """Return a configuration with the names that settings have in Keras 3; Keras 3 still reads the old ones."""
    if isinstance(config, list):
        return [renamed(one) for one in config]
    if not isinstance(config, dict):
        return config
    return _renamed_here({key: renamed(value) for key, value in config.items()})


def _renamed_here(found: dict[str, Any]) -> dict[str, Any]:
    inner = found.get("config")
    if found.get("class_name") == "LeakyReLU" and isinstance(inner, dict) and "alpha" in inner:
        found["config"] = {"negative_slope": inner["alpha"]} | {k: v for k, v in inner.items() if k != "alpha"}
    return found


def loss(entry: Any) -> Any:
    """Return a loss, or all of them, as Keras 3 writes it: the class knows its function, and "auto" is no reduction."""
    if isinstance(entry, list):
        return [loss(one) for one in entry]
    if not isinstance(entry, dict):
        return entry
    if "class_name" not in entry:
        return {key: loss(one) for key, one in entry.items()}
    config = entry.get("config")
    if not isinstance(config, dict) or entry["class_name"] == "LossFunctionWrapper":
        return entry
    found = {key: value for key, value in config.items() if key != "fn"}
    if found.get("reduction") == "auto":
        found["reduction"] = "sum_over_batch_size"
    return entry | {"config": found}


def optimizer(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the entry of an optimizer without what only Keras 2 knows."""
    config = {key: value for key, value in entry["config"].items() if key not in OLD_OPTIONS}
    if config.get("weight_decay") in (0, False):  # how Keras 2 says that there is none
        config["weight_decay"] = None
    if config.get("decay") == 0:  # of optimizers before 2.11
        del config["decay"]
    kind = str(entry.get("class_name")).rpartition(">")[2]
    return entry | {"class_name": kind, "config": config}


def memory(names: Sequence[str], variables: Sequence[Any]) -> tuple[list[str], list[Any]]:
    """Return the arrays of an optimizer, and its variables in the order of these; other files are left as they are.

    Since 2.11 the arrays lie as ours do; before, all of one kind lay together: `m` of every weight, then `v`
    (not those of Ftrl).
    """
    kept = [v for v in variables if _last(v.path) not in MADE_ANEW]
    if not names or _last(names[0]) not in ("iteration:0", "iter:0"):
        return list(names), list(variables)
    if _last(names[0]) == "iter:0":
        names = [name for name in names if _last(name) != "momentum_cache:0"]
        kinds = list(dict.fromkeys(_last(v.path) for v in kept[1:]))
        if len({_last(name) for name in names[1:3]}) == 1:  # Ftrl's lie side by side, as ours do
            kept[1:] = sorted(kept[1:], key=lambda v: kinds.index(_last(v.path)))
    names = [name for name in names if _last(name) != "current_learning_rate:0"]  # of a schedule: it follows
    if not {_last(v.path) for v in kept} & {"m", "velocity"}:  # SGD without momentum keeps zeros there, we nothing
        names = [name for name in names if name.split("/")[1:2] != ["m"]]
    return list(names), kept


def _last(path: str) -> str:
    return path.rpartition("/")[2]
