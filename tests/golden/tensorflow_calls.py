"""What TensorFlow answers to calls that notebooks make; run this file to write the .json beside it.

Each call is written once, as text, and run here by TensorFlow and in the tests by Backlit under TensorFlow's name.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

SETUP = """
a = tf.constant([[1.0, -2.0, 3.0], [0.5, 0.25, -4.0]])
b = tf.constant([[2.0, 0.5, -1.0], [1.0, 3.0, 2.0]])
n = tf.constant([3, 1, 2])
v = tf.Variable([1.0, 2.0, 3.0])
x = np.array([[1.0, 2.0], [3.0, 4.0]], "float32")
"""
CALLS = """
tf.constant(3)
tf.constant(2.5)
tf.constant([1, 2])
tf.constant([1, 2], dtype=tf.float64)
tf.constant(7, shape=[2, 2])
tf.constant([1.0, 2.0, 3.0, 4.0], shape=(2, 2))
tf.zeros((2, 3))
tf.ones([2])
tf.zeros_like(a)
tf.ones_like(n)
tf.fill([2, 2], 9.0)
tf.range(5)
tf.range(2, 9, 3)
tf.range(0.0, 1.0, 0.25)
tf.linspace(0.0, 1.0, 5)
tf.eye(2)
tf.eye(2, num_columns=3)
tf.cast(a, tf.int32)
tf.cast([True, False], "float32")
tf.cast(n, tf.float64)
tf.shape(a)
tf.size(a)
tf.rank(a)
tf.reshape(a, [3, 2])
tf.reshape(a, (-1,))
tf.expand_dims(n, 0)
tf.expand_dims(n, axis=-1)
tf.squeeze([[[1.0], [2.0]]])
tf.squeeze([[[1.0], [2.0]]], axis=[2])
tf.transpose(a)
tf.transpose([[[1, 2]]], perm=[2, 0, 1])
tf.concat([a, b], axis=0)
tf.concat([a, b], 1)
tf.stack([n, n])
tf.stack([n, n], axis=1)
tf.unstack(a)[1]
tf.split(a, 3, axis=1)[2]
tf.split(n, [1, 2])[1]
tf.slice(a, [0, 1], [2, 2])
tf.gather(a, [1, 0])
tf.gather(a, [2, 0], axis=1)
tf.boolean_mask(n, [True, False, True])
tf.where([True, False], [1.0, 2.0], [3.0, 4.0])
tf.where(a > 0)
tf.where(a > 0, a, 0.0)
tf.one_hot([0, 2], 3)
tf.one_hot([1], depth=2, on_value=5.0, off_value=-1.0)
tf.one_hot([0, 1], 3, axis=0)
tf.argmax(a, axis=1)
tf.argmax(a)
tf.argmin(a, axis=-1)
tf.argmax(a, 1, output_type=tf.int32)
tf.sort([3.0, 1.0, 2.0])
tf.sort(n, direction="DESCENDING")
tf.argsort([3.0, 1.0, 2.0])
tf.reverse(n, [0])
tf.tile([[1, 2]], [2, 2])
tf.repeat([1, 2], 2)
tf.repeat([[1, 2], [3, 4]], repeats=[2, 1], axis=0)
tf.broadcast_to([1, 2], [2, 2])
tf.clip_by_value(a, -1.0, 1.0)
tf.clip_by_norm([3.0, 4.0], 1.0)
tf.clip_by_norm([0.3, 0.4], 1.0)
tf.norm(a)
tf.norm(a, axis=1)
tf.norm(a, ord=1)
tf.pow(a, 2.0)
tf.pow([2, 3], [3, 2])
tf.abs(a)
tf.sqrt([4.0, 9.0])
tf.square(a)
tf.exp([0.0, 1.0])
tf.sign(a)
tf.round([0.5, 1.5, 2.5])
tf.floor([1.5, -1.5])
tf.sin([0.0, 1.0])
tf.cos([0.0, 1.0])
tf.tanh(a)
tf.sigmoid(a)
tf.add(a, b)
tf.subtract(a, b)
tf.multiply(a, 2.0)
tf.divide(a, b)
tf.maximum(a, b)
tf.minimum(a, 0.0)
tf.negative(n)
tf.equal(n, 2)
tf.not_equal(n, [3, 3, 2])
tf.greater(a, b)
tf.less_equal(n, 2)
tf.logical_and([True, True], [True, False])
tf.logical_not([True])
tf.matmul(a, b, transpose_b=True)
tf.matmul([[1.0, 2.0]], [[3.0], [4.0]])
tf.tensordot([1.0, 2.0], [3.0, 4.0], 1)
tf.cumsum([1, 2, 3])
tf.cumsum([1.0, 2.0, 3.0], exclusive=True)
tf.unique([3, 1, 3])[0]
tf.unique([3, 1, 3])[1]
tf.identity(a)
tf.convert_to_tensor(x)
tf.convert_to_tensor([1.0, 2.0])
tf.reduce_sum(a)
tf.reduce_sum(a, axis=0)
tf.reduce_mean(a, axis=1, keepdims=True)
tf.reduce_mean(n)
tf.reduce_max(a, axis=-1)
tf.reduce_min(a)
tf.reduce_prod(n)
tf.reduce_all([True, False])
tf.reduce_any([[True], [False]], axis=1)
tf.reduce_mean(a, [0, 1])
tf.reduce_logsumexp(a, axis=1)
tf.math.reduce_std(a)
tf.math.reduce_variance(a, axis=1)
tf.reduce_mean(input_tensor=a)
tf.math.log([1.0, 2.0])
tf.math.log1p([0.5])
tf.math.softplus(a)
tf.math.rsqrt([4.0])
tf.math.squared_difference(a, b)
tf.math.divide_no_nan([1.0, 2.0], [0.0, 4.0])
tf.math.count_nonzero([[0, 1], [2, 3]])
tf.math.l2_normalize([3.0, 4.0])
tf.math.confusion_matrix([0, 1, 1], [0, 0, 1])
tf.math.bincount([1, 1, 3])
tf.math.top_k([1.0, 3.0, 2.0], k=2)[0]
tf.math.top_k([1.0, 3.0, 2.0], k=2)[1]
tf.math.in_top_k([1, 0], [[0.1, 0.9], [0.2, 0.8]], 1)
tf.math.argmax(a, axis=0)
tf.math.erf([0.5])
tf.math.expm1([0.1])
tf.math.mod([5.0, -5.0], 3.0)
tf.math.floordiv([7, -7], 2)
tf.math.add_n([a, b, a])
tf.math.log_sigmoid(a)
tf.math.xlogy([0.0, 1.0], [0.0, 2.0])
tf.math.is_nan([1.0, float("nan")])
tf.math.tan([0.5])
tf.math.asin([0.5])
tf.nn.relu(a)
tf.nn.relu([-1.0, 2.0])
tf.nn.leaky_relu(a)
tf.nn.leaky_relu(a, alpha=0.1)
tf.nn.elu(a)
tf.nn.selu(a)
tf.nn.gelu(a)
tf.nn.swish(a)
tf.nn.softmax(a)
tf.nn.softmax(a, axis=0)
tf.nn.log_softmax(a)
tf.nn.sigmoid(a)
tf.nn.softplus(a)
tf.nn.l2_loss(a)
tf.nn.bias_add(a, [1.0, 2.0, 3.0])
tf.nn.softmax_cross_entropy_with_logits(labels=[[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]], logits=a)
tf.nn.zero_fraction([0.0, 1.0])
tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[2, 0], logits=a)
tf.nn.moments(a, axes=[0])[1]
tf.nn.sigmoid_cross_entropy_with_logits(labels=b, logits=a)
tf.nn.crelu([1.0, -2.0])
tf.linalg.matmul(a, tf.transpose(b))
tf.linalg.trace([[1.0, 2.0], [3.0, 4.0]])
tf.linalg.diag([1.0, 2.0])
tf.linalg.matvec(a, [1.0, 0.0, 2.0])
tf.linalg.inv([[2.0, 0.0], [0.0, 4.0]])
tf.linalg.det([[2.0, 1.0], [1.0, 4.0]])
tf.linalg.matrix_transpose(a)
tf.linalg.norm([3.0, 4.0])
a + b
a * 2
1.0 / a
a @ tf.transpose(b)
-a
a ** 2
a > b
a[0]
a[:, 1]
a[..., -1]
abs(a)
v * 2.0
v + n.numpy()
v.assign_add([1.0, 1.0, 1.0]) * 1.0
tf.keras.utils.to_categorical([0, 2])
tf.keras.utils.normalize(x)
tf.keras.losses.mse([[1.0, 2.0]], [[2.0, 4.0]])
tf.keras.losses.sparse_categorical_crossentropy(np.array([1]), tf.constant([[0.2, 0.8]]))
tf.keras.backend.mean(a)
tf.keras.backend.clip(a, -1.0, 1.0)
tf.keras.backend.dot(a, tf.transpose(b))
tf.keras.backend.epsilon()
tf.keras.backend.expand_dims(n)
tf.keras.backend.argmax(a)
tf.keras.backend.std(a, axis=0)
tf.keras.backend.concatenate([a, b])
tf.keras.backend.one_hot(n, 4)
tf.keras.backend.flatten(a)
tf.keras.backend.max(a, axis=1)
tf.keras.backend.softmax(a)
tf.pad(a, [[1, 0], [0, 2]])
tf.pad(n, [[2, 1]], constant_values=9)
tf.pad(a, [[1, 1], [2, 1]], "REFLECT")
tf.pad(a, tf.constant([[1, 2], [0, 3]]), mode="symmetric")
tf.clip_by_global_norm([a, b], 2.0)[0][1]
tf.clip_by_global_norm([a, None, b], 50.0)[0][2]
tf.clip_by_global_norm([a, b], 2.0)[1]
tf.linalg.global_norm([a, b])
tf.nn.batch_normalization(a, b[0], tf.square(b[1]), n.numpy() * 1.0, None, 1e-3)
tf.nn.batch_normalization(a, 0.5, 2.0, None, 3.0, 0.1)
tf.nn.embedding_lookup(a, [1, 0, 1])
tf.cond(tf.constant(True), lambda: a, lambda: b)
tf.zeros_initializer()((2, 2))
tf.constant_initializer(2.5)((2,))
"""
PLACE = Path(__file__).with_suffix(".json")


def calls() -> list[str]:
    """Return the calls, each as text."""
    return CALLS.strip().split("\n")


def answers(tf: Any) -> dict[str, Any]:
    """Return what each call gives under the name `tf`: its numbers, shape and dtype."""
    scope: dict[str, Any] = {"tf": tf, "np": np}
    exec(SETUP, scope)  # noqa: S102 - the text above
    found = {}
    for call in calls():
        array = np.asarray(eval(call, scope))  # noqa: S307 - the text above
        found[call] = {"values": array.tolist(), "shape": list(array.shape), "dtype": str(array.dtype)}
    return found


if __name__ == "__main__":
    import tensorflow

    made = answers(tensorflow)
    facts = {"tensorflow": tensorflow.__version__, "answers": made}
    PLACE.write_text(json.dumps(facts, indent=0).replace("NaN", '"nan"') + "\n")
