"""What the tests of machine code share: random networks, the measure of rounding, memory that ends at a forbidden page.

`tests/test_native_*.py` run them.
"""
