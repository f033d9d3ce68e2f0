"""Many steps in one call: rows are gathered by a shuffled order, converted, and the step is run, again and again.

The state of a step is read from one set of arrays and written to another; the table of addresses that says which is
which changes from step to step, so nothing is copied.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from ...arrays import DType
from ...ops.op import Spec
from .formulas import convert
from .lanes import ADDRESS, INDEX, index, stored_type
from .loops import loop
from .machine import Library

Column = tuple[Spec, DType]  # what the step takes, and the dtype of the rows it is taken from


def gathering(columns: Sequence[Column], step: int) -> Library:
    """Return a library whose `slice` gathers `columns` and calls the function at address `step`.

    Its arguments are addresses: three tables (for the first step, then for the second, third, ... in turn), the whole
    columns, the batch each is gathered into, and the order; last comes the number of steps.
    """
    module = ir.Module("backlit_slices")
    kind = ir.FunctionType(ir.VoidType(), [ADDRESS, ADDRESS, ADDRESS, ADDRESS, INDEX])
    function = ir.Function(module, kind, "slice")
    one_step = ir.Function(module, ir.FunctionType(ir.VoidType(), [ADDRESS]), "step")
    tables, sources, batches, order, count = function.args
    b: Any = ir.IRBuilder(function.append_basic_block("entry"))
    with loop(b, count) as i:
        for number, column in enumerate(columns):
            _gather(b, column, _entry(b, sources, index(number)), _entry(b, batches, index(number)), order, i)
        turn = b.add(b.and_(b.add(i, index(1)), index(1)), index(1))  # 2, 1, 2, 1, ...
        chosen = b.select(b.icmp_signed("==", i, index(0)), index(0), turn)
        b.call(one_step, [_entry(b, tables, chosen)])
    b.ret_void()
    return Library(module, ["slice"], {"step": step})


def _entry(b: Any, table: Any, place: Any) -> Any:
    return b.load(b.gep(table, [place], source_etype=ADDRESS), typ=ADDRESS)


def _gather(b: Any, column: Column, source: Any, batch: Any, order: Any, step: Any) -> None:
    """Copy the rows order[step * rows], order[step * rows + 1], ... into the batch, in the dtype of the step."""
    spec, dtype = column
    rows, size = spec.shape[0], math.prod(spec.shape[1:])
    with loop(b, rows) as r:
        at = b.add(b.mul(step, index(rows)), r)
        row = b.load(b.gep(order, [at], source_etype=INDEX), typ=INDEX)
        start, target = b.mul(row, index(size)), b.mul(r, index(size))
        with loop(b, size) as j:
            place = b.gep(source, [b.add(start, j)], source_etype=stored_type(dtype))
            value = b.load(place, typ=stored_type(dtype), align=dtype.itemsize)
            value = convert(b, value, dtype, spec.dtype, 1)
            into = b.gep(batch, [b.add(target, j)], source_etype=stored_type(spec.dtype))
            b.store(value, into, align=spec.dtype.itemsize)
