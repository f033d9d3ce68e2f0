"""What stands around a step when many run in one call: gathering its rows, keeping its outputs, looking for NaN."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...arrays import DType
from .assembly import Assembly, Item
from .calls import Call
from .slices import AHEAD, check_code, gather_code, keep_code, row_size
from .target import Target
from .views import Address

CHECKED = ("params/", "state/", "metrics/")
SHARED = 8192  # numbers from which on threads share a call

Column = tuple[str, DType]


def around(
    assembly: Assembly, target: Target, columns: Sequence[Column], keep: Sequence[str], in_order: bool
) -> list[Item]:
    """Return the items of a step with those that gather `columns` in front, and those that keep and check behind.

    With `in_order`, one row follows the other. Behind the slots of the step come those of the columns, of the order and
    of what is kept.
    """
    if not columns:
        return assembly.items
    slot = 1 + len(assembly.memory.inputs) + len(assembly.memory.outputs)
    items = [*_gathers(assembly, target, columns, slot, in_order), *assembly.items]
    last = max(item.segment for item in items) + 1
    return [*items, *_keeping(assembly, keep, slot + len(columns) + 1, last), *_checks(assembly, target, last)]


def _gathers(assembly: Assembly, target: Target, columns: Sequence[Column], slot: int, in_order: bool) -> list[Item]:
    order = Address(slot + len(columns), 0)
    items = []
    for i, (name, dtype) in enumerate(columns):
        node = assembly.graph.inputs[name]
        size, rows = row_size(node.spec), node.shape[0]
        ahead = 0 if in_order else AHEAD
        batch = assembly.memory.views[node]
        arguments = [Address(slot + i, 0), order, batch.address, size, batch.strides[0], rows, ahead]
        call = Call(gather_code(node.spec, dtype, target), arguments, rows, size, column_unit=16, by_columns=True)
        items.append(Item(None, [call], -1, None if size >= 64 else i % 2))
    return items


def _keeping(assembly: Assembly, names: Sequence[str], slot: int, segment: int) -> list[Item]:
    """Return the calls that copy the outputs of a step below those of the steps before."""
    items = []
    for i, name in enumerate(names):
        size = math.prod(assembly.graph.outputs[name].shape)
        place = assembly.memory.targets[name]
        arguments = [place.address, Address(slot + i, 0), size]
        call = Call(keep_code(place.dtype), arguments, 1, size, by_columns=True, column_unit=64)
        items.append(Item(None, [call], segment, None if size > SHARED else i % 2))
    return items


def _checks(assembly: Assembly, target: Target, segment: int) -> list[Item]:
    """Return the calls that look for NaN and infinity in the weights, the statistics and the metrics."""
    items = []
    for name in assembly.graph.state():
        place = assembly.memory.targets[name]
        if place.dtype.kind == "f" and place.dtype.itemsize > 2 and name.startswith(CHECKED):
            size = 1 + sum(
                (n - 1) * s for n, s in zip(place.shape, place.strides, strict=True)
            )  # with what lies between
            call = Call(check_code(place.dtype, target), [place.address], 1, size, by_columns=True, column_unit=1024)
            items.append(Item(None, [call], segment, None if size > SHARED else 0))
    return items
