"""Running graphs: what it means, the NumPy interpreter, machine code, and the choice between them."""

from .choice import executor, prepare, set_executor, set_threads, threads
from .executor import Bound, BoundRunner, NotFinite, Observer, Runner, SliceRunner
from .interpreter import Interpreter

__all__ = [
    "Bound",
    "BoundRunner",
    "Interpreter",
    "NotFinite",
    "Observer",
    "Runner",
    "SliceRunner",
    "executor",
    "prepare",
    "set_executor",
    "set_threads",
    "threads",
]
