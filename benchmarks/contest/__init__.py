"""The contest: our training step against those of PyTorch, JAX, Keras, scikit-learn and NumPy by hand, in one run.

`python -m benchmarks.contest` runs it (the peers come with the extra `bench`); `networks` says what is trained,
`worker` how a contestant lives in a process of its own, `table` how the figures are printed.
"""
