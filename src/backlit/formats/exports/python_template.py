"""What every exported Python file says around its network: how it is used, the check of its input, its command line."""

from __future__ import annotations

HEAD = '''"""{name}: a trained neural network in one file, which needs NumPy and nothing else.

Written by Backlit {version}. predict takes {takes}
and gives {gives}: {outputs}.

    python THIS_FILE x.npy              print the outputs, a line for each sample
    python THIS_FILE x.csv -o y.npy     keep them
"""

import argparse
import base64
import sys

import numpy as np


'''
PREDICT = '''@np.errstate(all="ignore")
def predict({given}):
    """Return the outputs for a batch of samples."""
{body}
    return {results}


def batch(x, dtype, shape, name):
    """Return the samples as an array, or say what is wrong with their shape."""
    x = np.asarray(x, dtype)
    if x.shape[1:] != shape or not x.ndim:
        raise ValueError(f"{{name}} has shape {{x.shape}}, expected {{('n', *shape)}}. One sample is x[None].")
    return x'''
FOOT = '''def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs={files}, help="{inputs}: .npy, or text with commas, a line for each sample")
    parser.add_argument("-o", "--out", help="the file to write: .npy, or .npz where there are several outputs")
    given = parser.parse_args()
    samples = [read(path, shape) for path, shape in zip(given.files, {shapes})]
    outputs = predict(*samples)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    if given.out:
        np.save(given.out, outputs[0]) if len(outputs) == 1 else np.savez(given.out, *outputs)
        return
    for output in outputs:
        np.savetxt(sys.stdout, output.reshape(len(output), -1), fmt="%.9g", delimiter=",")


def read(path, shape):
    """Return the samples in a file; a line of text may hold a sample of any shape."""
    if path.endswith(".npy"):
        return np.load(path, allow_pickle=False)
    return np.loadtxt(path, delimiter=",", ndmin=2).reshape(-1, *shape)


def array(dtype, shape, text):
    """Return the numbers that a text stands for."""
    return np.frombuffer(base64.b64decode(text), dtype).reshape(shape)


# The weights, as base64 of their bytes.

'''
