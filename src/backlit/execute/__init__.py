"""Running graphs: what it means, the NumPy interpreter, machine code, and the choice between them."""

from .choice import executor, prepare, set_executor
from .executor import Observer, Runner, SliceRunner
from .interpreter import Interpreter

__all__ = ["Interpreter", "Observer", "Runner", "SliceRunner", "executor", "prepare", "set_executor"]
