"""Hostile files, built by name: what has broken readers of model files elsewhere, in the words of our formats.

Each module has a table `CASES`: name -> (reader of `benchmarks.fuzz.readers`, function that returns the file's bytes).
"""

from __future__ import annotations

from . import archives, configs, data_files, hdf5_files, onnx_files, packed

CASES = configs.CASES | archives.CASES | hdf5_files.CASES | packed.CASES | onnx_files.CASES | data_files.CASES
