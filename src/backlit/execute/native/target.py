"""The processor that code is made for: its name and features, how wide its vectors are and how many it holds.

Usually that is the one at hand; another one whose code it can run may be forced.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import Any

from ...errors import ConfigError, did_you_mean


@dataclass(frozen=True)
class Target:
    """A processor as LLVM knows it. Empty features mean those that belong to the name."""

    triple: str
    cpu: str
    features: str
    vector_bytes: int
    registers: int  # vector registers

    @property
    def is_x86(self) -> bool:
        """Whether it speaks the x86-64 language."""
        return self.triple.startswith("x86_64")

    @property
    def has_avx512(self) -> bool:
        """Whether it has AVX-512: estimates of reciprocals and their roots to 14 bits, and registers for masks, with
        which some lanes of a vector are stored as fast as all.
        """
        return self.is_x86 and self.vector_bytes == 64


KNOWN = {
    "avx512": Target("x86_64-unknown-linux-gnu", "x86-64-v4", "-prefer-256-bit", 64, 32),
    "avx2": Target("x86_64-unknown-linux-gnu", "x86-64-v3", "", 32, 16),
    "x86-64": Target("x86_64-unknown-linux-gnu", "x86-64", "", 16, 16),
    "aarch64": Target("aarch64-unknown-linux-gnu", "generic", "", 16, 32),
}


@cache
def ready() -> Any:
    """Return llvmlite's binding to LLVM, with all the processors it was built for switched on."""
    from llvmlite import binding

    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()
    return binding


def host() -> Target:
    """Return the processor at hand, or the one the environment variable `BACKLIT_TARGET` names."""
    forced = os.environ.get("BACKLIT_TARGET")
    if not forced:
        return _found()
    if forced not in KNOWN:
        raise ConfigError(f"BACKLIT_TARGET names no known processor: {forced!r}.{did_you_mean(forced, KNOWN)}")
    if not _runs(KNOWN[forced]):
        raise ConfigError(
            f"BACKLIT_TARGET={forced}, and this processor ({_found().cpu}) cannot run such code. Unset it."
        )
    return KNOWN[forced]


def _runs(target: Target) -> bool:
    """Say whether the processor at hand can run the code of another one."""
    here = _found()
    return target.triple.split("-")[0] == here.triple.split("-")[0] and target.vector_bytes <= here.vector_bytes


@cache
def _found() -> Target:
    binding = ready()
    have = binding.get_host_cpu_features()
    features, triple = have.flatten(), binding.get_process_triple()
    if have.get("avx512f") and have.get("avx512vl"):
        width, registers, features = 64, 32, features + ",-prefer-256-bit"
    elif have.get("avx2") and have.get("fma"):
        width, registers = 32, 16
    else:
        width, registers = 16, 16 if triple.startswith("x86_64") else 32
    return Target(triple, binding.get_host_cpu_name(), features, width, registers)
