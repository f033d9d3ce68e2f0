"""Running graphs: the executor protocol, the NumPy interpreter, machine code, and the choice between them."""

from .choice import executor, prepare, set_executor
from .executor import Executor, Observer, Runner, SliceRunner
from .interpreter import Interpreter

__all__ = ["Executor", "Interpreter", "Observer", "Runner", "SliceRunner", "executor", "prepare", "set_executor"]
