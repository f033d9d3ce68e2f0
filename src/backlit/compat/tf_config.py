"""`tensorflow.config`: questions about devices, answered truthfully: one CPU, no GPU."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = [
    "PhysicalDevice", "enable_op_determinism", "get_visible_devices", "list_logical_devices", "list_physical_devices",
    "run_functions_eagerly", "set_memory_growth", "set_soft_device_placement", "set_visible_devices",
]  # fmt: skip


class PhysicalDevice(NamedTuple):
    """A processor."""

    name: str
    device_type: str


CPU = PhysicalDevice("/physical_device:CPU:0", "CPU")


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """Return the processors of a kind; there is one CPU and nothing else."""
    return [CPU] if device_type in (None, "CPU") else []


list_logical_devices = get_visible_devices = list_physical_devices


def set_visible_devices(devices: Any, device_type: str | None = None) -> None:
    """Do nothing: there is one device."""


def set_memory_growth(device: Any, enable: bool) -> None:
    """Do nothing: memory is taken as it is needed."""


def set_soft_device_placement(enabled: bool) -> None:
    """Do nothing: there is one device."""


def run_functions_eagerly(run_eagerly: bool) -> None:
    """Do nothing: functions run eagerly as it is."""


def enable_op_determinism() -> None:
    """Do nothing: results are the same in every run as it is."""
