"""Running graphs: what it means, the NumPy interpreter, machine code, and the choice between them."""

from .choice import MOST_THREADS, at_most_threads, executor, prepare, set_executor, set_threads, threads
from .executor import Bound, BoundRunner, NotFinite, Observer, Runner, SliceRunner
from .interpreter import Interpreter

__all__ = [
    "Bound",
    "BoundRunner",
    "Interpreter",
    "MOST_THREADS",
    "NotFinite",
    "Observer",
    "Runner",
    "SliceRunner",
    "at_most_threads",
    "executor",
    "prepare",
    "set_executor",
    "set_threads",
    "threads",
]
