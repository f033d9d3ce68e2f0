"""The book's `common.layers`: nodes with `forward` and `backward`, which keep what the way back needs.

Each is a few names of the book around a rule of the library, which is written elsewhere, beside its derivative.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops
from ...activations import relu, sigmoid
from ...activations.rectifiers import relu_derivative
from ...activations.smooth import sigmoid_derivative
from ...arrays import Array
from ...errors import ShapeError
from ...ops.matrix import matmul_backward
from ...ops.normalize import normalize_backward
from ...ops.softmax import softmax_cross_entropy_backward
from .functions import cross_entropy_error, one_hot_rows, softmax
from .numbers_in import as_numbers, seen

__all__ = ["Affine", "BatchNormalization", "Dropout", "Relu", "Sigmoid", "SoftmaxWithLoss"]
EPSILON = 1e-6  # of the book's batch normalization


class Relu:
    """max(x, 0). `mask` is True where x <= 0: there nothing passes, forwards or backwards."""

    def __init__(self) -> None:
        self.mask: Any = None
        self.out: Any = None

    def forward(self, x: Any) -> Array:
        """Return x where x > 0, else 0; x itself is not changed."""
        x = as_numbers(x)
        self.mask = x <= 0
        self.out = relu(x)
        return self.out

    def backward(self, dout: Any) -> Array:
        """Return dout where x > 0, else 0; dout itself is not changed."""
        return dout * relu_derivative(seen(self.out, self))


class Sigmoid:
    """1 / (1 + e**-x); `out` keeps the result."""

    def __init__(self) -> None:
        self.out: Any = None

    def forward(self, x: Any) -> Array:
        """Return the sigmoid of each number."""
        self.out = sigmoid(as_numbers(x))
        return self.out

    def backward(self, dout: Any) -> Array:
        """Return dout * out * (1 - out)."""
        return dout * sigmoid_derivative(seen(self.out, self))


class Affine:
    """x W + b. It holds `W` and `b` themselves, not copies: an update has to write into them (`W -= ...`)."""

    def __init__(self, W: Any, b: Any) -> None:
        self.W, self.b = W, b
        self.x: Any = None
        self.original_x_shape: Any = None
        self.dW: Any = None
        self.db: Any = None

    def forward(self, x: Any) -> Array:
        """Return x W + b, (batch, units); x of more than two axes is taken as (batch, features)."""
        x = as_numbers(x)
        self.original_x_shape = x.shape
        self.x = x.reshape(x.shape[0], -1) if x.ndim > 2 else x
        if x.ndim == 0 or self.x.shape[-1] != np.shape(self.W)[0]:
            raise ShapeError(
                f"Affine was given x of shape {x.shape} for W of shape {np.shape(self.W)}. Expected (batch, "
                f"{np.shape(self.W)[0]}): one column of x for each row of W."
            )
        if self.x.dtype != np.asarray(self.W).dtype:  # once, and not again in each of three products
            self.x = self.x.astype(np.result_type(self.x, self.W))
        return ops.matmul(self.x, self.W) + self.b

    def backward(self, dout: Any) -> Array:
        """Return dx = dout Wᵀ in the shape of x; `dW` becomes xᵀ dout and `db` the sum of dout over the batch."""
        x = seen(self.x, self)
        dout = np.asarray(dout)
        rows = np.atleast_2d(x)  # (batch, features)
        dx, self.dW = matmul_backward(np.atleast_2d(dout), None, rows, self.W, False, False)
        self.db = ops.sum_to(dout, np.shape(self.b))
        return dx.reshape(self.original_x_shape)


class SoftmaxWithLoss:
    """Softmax and the cross-entropy error of one batch; `y` keeps the probabilities, `t` the targets."""

    def __init__(self) -> None:
        self.loss: Any = None
        self.y: Any = None
        self.t: Any = None
        self._scores: Any = None

    def forward(self, x: Any, t: Any) -> Any:
        """Return the loss of scores (batch, classes); t is one-hot rows or class numbers."""
        self._scores, self.t = as_numbers(x), t
        self.y = softmax(x)
        self.loss = cross_entropy_error(self.y, t)
        return self.loss

    def backward(self, dout: Any = 1) -> Array:
        """Return dout * (y - t) / batch, for both kinds of targets. (The book leaves `dout` out.)"""
        scores = np.atleast_2d(seen(self._scores, self))
        share = np.full(len(scores), dout / len(scores))
        target = one_hot_rows(self.t, scores)
        dx, _ = softmax_cross_entropy_backward(share, None, scores, target)
        return dx.reshape(self._scores.shape)


class Dropout:
    """Switch off a share of the numbers while training; else scale all by the share that stays (Srivastava 2014).

    The random numbers are NumPy's own: `np.random.seed` repeats them.
    """

    def __init__(self, dropout_ratio: float = 0.5) -> None:
        self.dropout_ratio = dropout_ratio
        self.mask: Any = None

    def forward(self, x: Any, train_flg: bool = True) -> Array:
        """Return x with a share of `dropout_ratio` of it 0; with `train_flg=False` x times the rest."""
        x = as_numbers(x)
        if not train_flg:
            return x * (1.0 - self.dropout_ratio)
        self.mask = np.random.rand(*x.shape) > self.dropout_ratio
        return x * self.mask

    def backward(self, dout: Any) -> Array:
        """Return dout where x passed, else 0."""
        return dout * seen(self.mask, self)


class BatchNormalization:
    """gamma * (x - mean) / sqrt(variance + 1e-6) + beta over the batch (Ioffe and Szegedy 2015).

    While training, `running_mean` and `running_var` follow the batches: running * momentum + batch * (1 - momentum).
    """

    def __init__(
        self, gamma: Any, beta: Any, momentum: float = 0.9, running_mean: Any = None, running_var: Any = None
    ) -> None:
        self.gamma, self.beta, self.momentum = gamma, beta, momentum
        self.running_mean, self.running_var = running_mean, running_var
        self.input_shape: Any = None
        self.batch_size: Any = None
        self.xn: Any = None
        self.dgamma: Any = None
        self.dbeta: Any = None
        self._x: Any = None

    def forward(self, x: Any, train_flg: bool = True) -> Array:
        """Return x normalized: by its own mean and variance while training, else by the running ones."""
        x = as_numbers(x)
        self.input_shape = x.shape
        rows = x.reshape(x.shape[0], -1)  # (batch, features)
        if self.running_mean is None:
            self.running_mean, self.running_var = np.zeros(rows.shape[1]), np.zeros(rows.shape[1])
        if not train_flg:
            normal = (rows - self.running_mean) / np.sqrt(self.running_var + EPSILON)
            return (self.gamma * normal + self.beta).reshape(x.shape)
        self._x, self.batch_size, self.xn = rows, len(rows), ops.normalize(rows, (0,), EPSILON)
        self._follow(rows)
        return (self.gamma * self.xn + self.beta).reshape(x.shape)

    def _follow(self, rows: Array) -> None:
        kept, new = self.momentum, 1 - self.momentum
        self.running_mean = kept * self.running_mean + new * ops.mean(rows, 0)
        self.running_var = kept * self.running_var + new * ops.variance(rows, 0)

    def backward(self, dout: Any) -> Array:
        """Return dx; `dgamma` and `dbeta` are kept. After a training forward pass only."""
        x = seen(self._x, self)
        dout = np.asarray(dout).reshape(x.shape)
        self.dbeta = ops.sum(dout, 0)
        self.dgamma = ops.sum(dout * self.xn, 0)
        (dx,) = normalize_backward(dout * self.gamma, self.xn, x, (0,), EPSILON)
        return dx.reshape(self.input_shape)
