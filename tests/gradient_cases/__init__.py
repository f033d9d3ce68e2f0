"""The tables of the gradient proof: what is differentiated, on which inputs, in which shapes.

`proof` holds the comparison itself; each other module is a table, and `tests/test_gradients.py` runs them all.
"""
