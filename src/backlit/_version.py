"""The version, in the one place that packaging, the command line and saved files read it from.

Nothing else lives here, so that the build can read it without importing NumPy.
"""

__version__ = "0.1.0"
