"""Trained models for programs that know nothing of Backlit: ONNX, one Python file, one C file.

All three are printed from one graph, that of `predict` (`prediction`): a printer has words for ops, and an op it has no
word for is taken apart into ops that it has words for.
"""
