"""From LLVM's language to machine code: kernels are compiled together, and found again on disk by the next process.

What a kernel's instructions depend on is its key, so a set of keys names a compiled object without writing a line.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import Any

from . import object_cache
from .calls import Code
from .target import Target, ready

_lock = threading.RLock()  # LLVM's global state is not made for two threads
_kernels: dict[tuple[Target, str], tuple[Library, int]] = {}


def _after_fork() -> None:
    """The thread that held the lock may be gone in a forked process."""
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class Library:
    """Compiled kernels; `addresses` maps their keys to addresses, valid as long as the library lives."""

    def __init__(self, codes: Sequence[Code], target: Target) -> None:
        binding = ready()
        self.names = {code.key: f"kernel_{i}" for i, code in enumerate(codes)}
        key = object_cache.key_of("\n".join(self.names), (target.triple, target.cpu, target.features))
        compiled = object_cache.load(key)
        machine = machine_for(target)
        if compiled is None:
            compiled = machine.emit_object(optimized(module_text(codes, target), machine))
            object_cache.store(key, compiled)
        self._compiler = binding.create_lljit_compiler(machine)
        builder = binding.JITLibraryBuilder().add_object_img(compiled).add_current_process()
        for name in self.names.values():
            builder.export_symbol(name)
        self._tracker = builder.link(self._compiler, f"backlit_{key[:16]}")
        self.addresses = {code_key: self._tracker[name] for code_key, name in self.names.items()}


def addresses_of(codes: Sequence[Code], target: Target) -> dict[str, int]:
    """Return the addresses of kernels by key; what is not there yet is compiled. They stay valid for good."""
    with _lock:
        every = {code.key: code for code in codes}
        missing = [code for key, code in sorted(every.items()) if (target, key) not in _kernels]
        if missing:
            library = Library(missing, target)
            for key, address in library.addresses.items():
                _kernels[target, key] = (library, address)
        return {key: _kernels[target, key][1] for key in every}


def machine_for(target: Target) -> Any:
    """Return LLVM's machine for a target."""
    binding = ready()
    found = binding.Target.from_triple(target.triple)
    return found.create_target_machine(cpu=target.cpu, features=target.features, opt=2, reloc="pic", jit=True)


def module_text(codes: Sequence[Code], target: Target) -> str:
    """Return kernels in LLVM's language, before it has optimized them."""
    from .writer import Module

    module = Module(target)
    for i, code in enumerate(codes):
        code.write(module, f"kernel_{i}")
    return str(module)


def optimized(text: str, machine: Any) -> Any:
    """Return the module of a text, its variables turned into registers.

    Loops are written as they shall be: the rest of what LLVM could try takes longer and changes no figure.
    """
    binding = ready()
    module = binding.parse_assembly(text)
    module.verify()
    passes = binding.create_new_module_pass_manager()
    passes.add_sroa_pass()
    passes.add_simplify_cfg_pass()
    nothing_more = binding.create_pipeline_tuning_options(speed_level=0)
    passes.run(module, binding.create_pass_builder(machine, nothing_more))
    return module
