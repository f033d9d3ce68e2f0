"""The order in which a functional model lists its layers: those farthest from the outputs first.

Keras lists, numbers and saves layers in this order, so weights from its files land in the right layers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..layers import InputLayer, Layer
from ..layers.symbolic import Call, KerasTensor


def depths(calls: Sequence[Call], inputs: Iterable[KerasTensor]) -> dict[Call, int]:
    """Return how far each call is from the outputs: 0 at the end, else one more than its farthest user.

    `calls` run in order. Every call of a shared layer counts as far as the farthest that comes after it in `calls`.
    Calls that only made an input of the model, such as the layer before an inner tensor, are left out.
    """
    given = {tensor.call for tensor in inputs if tensor.call and not isinstance(tensor.call.layer, InputLayer)}
    inside = [call for call in calls if call not in given]
    found: dict[Call, int] = dict.fromkeys(inside, 0)
    of_layer: dict[Layer, int] = {}
    for call in reversed(inside):
        found[call] = of_layer[call.layer] = max(found[call], of_layer.get(call.layer, 0))
        for tensor in call.inputs:
            if tensor.call in found:
                found[tensor.call] = max(found[tensor.call], found[call] + 1)
    return found


def layers_by_depth(distance: dict[Call, int], outputs: Sequence[KerasTensor]) -> list[Layer]:
    """Return each layer once, the farthest first; equally far ones in the order met on the way back from `outputs`."""
    far: dict[Layer, int] = {}
    for call, depth in distance.items():
        far[call.layer] = max(depth, far.get(call.layer, 0))
    met = _met(distance, outputs)
    return sorted(far, key=lambda layer: (-far[layer], met.get(layer, -1)))


def _met(inside: dict[Call, int], outputs: Sequence[KerasTensor]) -> dict[Layer, int]:
    """Number the layers as a walk back from the outputs meets them, first inputs first (without recursion)."""
    met: dict[Layer, int] = {}
    seen: set[Call] = set()
    waiting = [tensor.call for tensor in reversed(outputs)]
    while waiting:
        call = waiting.pop()
        if call is None or call in seen or call not in inside:
            continue
        seen.add(call)
        met.setdefault(call.layer, len(met))
        waiting.extend(tensor.call for tensor in reversed(call.inputs))
    return met
