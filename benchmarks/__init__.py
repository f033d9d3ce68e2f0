"""Measurements that anyone can repeat: `python -m benchmarks.NAME` prints one table.

Nothing here is imported by the library or asserted by a test, since a time is a fact about a machine.
"""
