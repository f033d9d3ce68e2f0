"""Emitting a plan: one function for each kernel, and one that calls them in order.

Every function takes the table of addresses: the arena first, then the inputs, then the outputs.
"""

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir

from ...graph.node import Node
from .lanes import ADDRESS
from .loops import Writer
from .moves import (
    copy,
    write_join,
    write_length,
    write_one_hot,
    write_put_slice,
    write_reshape,
    write_uniform,
)
from .passes import write_pass
from .plan import Pass, Plan
from .products import write_product
from .reductions import REDUCTIONS, write_place_of_extreme, write_reduction, write_running_sum
from .views import View

KERNELS: dict[str, Callable[[Writer, Node, Plan], None]] = {
    "matmul": write_product,
    **dict.fromkeys(REDUCTIONS, write_reduction),
    "argmax": write_place_of_extreme,
    "argmin": write_place_of_extreme,
    "cumsum": write_running_sum,
    "concatenate": write_join,
    "put_slice": write_put_slice,
    "one_hot": write_one_hot,
    "length": write_length,
    "uniform": write_uniform,
    "reshape": write_reshape,
}


def emitted(plan: Plan) -> tuple[ir.Module, list[str]]:
    """Return the module of a plan and the names of its functions; `step` runs all of them."""
    module = ir.Module("backlit")
    names: list[str] = []
    for number, kernel in enumerate(plan.kernels):
        writer = Writer(module, f"kernel_{number}")
        if isinstance(kernel, Pass):
            write_pass(writer, kernel, plan)
        else:
            _write(writer, kernel, plan)
        writer.finish()
        names.append(f"kernel_{number}")
    names.append(_copies(module, plan.copies))
    _all(module, names)
    return module, [*names, "step"]


def _write(writer: Writer, node: Node, plan: Plan) -> None:
    """Write a kernel of one node; an op without one is named."""
    if node.op.name not in KERNELS:
        raise NotImplementedError(
            f"there is no machine code for the op {node.op.name!r} (layer {node.scope or 'none'})"
        )
    KERNELS[node.op.name](writer, node, plan)


def _copies(module: ir.Module, copies: list[tuple[View, View]]) -> str:
    """Outputs that are inputs, constants or views of something are copied at the end."""
    writer = Writer(module, "copies")
    for source, target in copies:
        copy(writer, source, target)
    writer.finish()
    return "copies"


def _all(module: ir.Module, names: list[str]) -> None:
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [ADDRESS]), "step")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    for name in names:
        builder.call(module.globals[name], [function.args[0]])
    builder.ret_void()
