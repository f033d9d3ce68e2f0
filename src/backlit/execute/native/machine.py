"""From LLVM's language to machine code for the processor at hand, in this process.

LLVM optimizes the module as a whole; what comes back is the address of each function.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import cache
from typing import Any

from llvmlite import binding, ir

_lock = threading.Lock()


@cache
def _ready() -> bool:
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    return True


def host_machine() -> Any:
    """Return LLVM's description of this processor, vectors as wide as it has them."""
    _ready()
    features = binding.get_host_cpu_features().flatten()
    if "+avx512f" in features:
        features += ",-prefer-256-bit"
    target = binding.Target.from_default_triple()
    return target.create_target_machine(cpu=binding.get_host_cpu_name(), features=features, opt=3, jit=True)


class Library:
    """A compiled module; `library[name]` is the address of a function, valid as long as the library lives.

    `given` names functions of other libraries it may call, by their addresses.
    """

    def __init__(self, module: ir.Module, names: list[str], given: Mapping[str, int] | None = None) -> None:
        with _lock:  # LLVM's global state is not made for two threads
            machine = host_machine()
            module.triple = machine.triple
            parsed = binding.parse_assembly(str(module))
            parsed.verify()
            passes = binding.create_pass_builder(machine, binding.create_pipeline_tuning_options(speed_level=2))
            passes.getModulePassManager().run(parsed, passes)
            self._compiler = binding.create_lljit_compiler(machine)
            builder = binding.JITLibraryBuilder().add_ir(parsed).add_current_process()
            for name in names:
                builder.export_symbol(name)
            for name, address in (given or {}).items():
                builder.import_symbol(name, address)
            self._tracker = builder.link(self._compiler, "backlit")

    def __getitem__(self, name: str) -> int:
        return self._tracker[name]
