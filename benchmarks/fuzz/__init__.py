"""A fuzzer for every reader of files: changed and strange files are read in a child process with limits.

`readers` is the table of what is read, `watched` sees what a reader does to the machine, `changes` makes strange files
of good ones, `worker` reads them by the thousand, and `python -m benchmarks.fuzz` watches the worker.
"""
