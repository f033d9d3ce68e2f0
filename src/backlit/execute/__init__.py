"""Running graphs: the executor protocol and the NumPy interpreter."""

from .executor import Executor, Observer, Runner
from .interpreter import Interpreter, prepare

__all__ = ["Executor", "Interpreter", "Observer", "Runner", "prepare"]
