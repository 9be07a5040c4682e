"""Functions of tensors by their names in ``keras.ops`` of Keras 3, as a thin table over TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from larq_focal.keras import tf

abs = tf.abs
argmax = tf.argmax
argmin = tf.argmin
argsort = tf.argsort
bitwise_and = tf.bitwise.bitwise_and
bitwise_left_shift = tf.bitwise.left_shift
bitwise_or = tf.bitwise.bitwise_or
bitwise_right_shift = tf.bitwise.right_shift
cast = tf.cast
concatenate = tf.concat
convert_to_tensor = tf.convert_to_tensor
cosh = tf.cosh
cumsum = tf.cumsum
divide_no_nan = tf.math.divide_no_nan
expand_dims = tf.expand_dims
floor = tf.floor
isfinite = tf.math.is_finite
logical_and = tf.logical_and
logical_not = tf.logical_not
logical_or = tf.logical_or
log = tf.math.log
log1p = tf.math.log1p
max = tf.reduce_max
maximum = tf.maximum
mean = tf.reduce_mean
min = tf.reduce_min
minimum = tf.minimum
ones = tf.ones
ones_like = tf.ones_like
relu = tf.nn.relu
reshape = tf.reshape
round = tf.round
rsqrt = tf.math.rsqrt
sigmoid = tf.sigmoid
sign = tf.sign
size = tf.size
sort = tf.sort
split = tf.split
sqrt = tf.sqrt
square = tf.square
stack = tf.stack
stop_gradient = tf.stop_gradient
sum = tf.reduce_sum
tanh = tf.tanh
where = tf.where
transpose = tf.transpose
zeros = tf.zeros
zeros_like = tf.zeros_like


def convert_to_numpy(x: tf.Tensor) -> np.ndarray:
    return np.asarray(x)


def clip(x: tf.Tensor, x_min: Any, x_max: Any) -> tf.Tensor:
    return tf.clip_by_value(x, x_min, x_max)


def dtype(x: Any) -> str:
    return tf.as_dtype(x.dtype).name


def shape(x: tf.Tensor) -> tuple[int | tf.Tensor, ...]:
    """With a scalar tensor for each size that is not known."""
    known = x.shape.as_list()
    drawn = tf.shape(x) if None in known else known
    return tuple(drawn[axis] if size is None else size for axis, size in enumerate(known))


def take(x: Any, indices: tf.Tensor, axis: int | None = None) -> tf.Tensor:
    return tf.gather(x, indices, axis=axis)


def take_along_axis(x: Any, indices: tf.Tensor, axis: int = -1) -> tf.Tensor:
    """Along the last axis."""
    if axis % len(x.shape) != len(x.shape) - 1:
        raise NotImplementedError("Values are taken along the last axis alone.")
    return tf.gather(x, indices, batch_dims=len(x.shape) - 1)


def searchsorted(sorted_sequence: tf.Tensor, values: tf.Tensor, side: str = "left") -> tf.Tensor:
    """Of one sorted sequence and values of one axis."""
    return tf.searchsorted(sorted_sequence, values, side=side)


def pad(x: tf.Tensor, pad_width: Sequence[tuple[int, int]], mode: str = "constant", constant_values: float = 0):
    return tf.pad(x, pad_width, mode, constant_values)


def average_pool(inputs, pool_size, strides=None, padding="valid", data_format=None) -> tf.Tensor:
    """Of images, channels last."""
    return tf.nn.avg_pool2d(inputs, pool_size, strides or pool_size, padding.upper())


def conv(inputs, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1) -> tf.Tensor:
    """Of images, channels last."""
    return tf.nn.conv2d(inputs, kernel, strides, padding.upper(), dilations=dilation_rate)


def depthwise_conv(inputs, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1) -> tf.Tensor:
    """Of images, channels last."""
    strides = (strides, strides) if isinstance(strides, int) else strides
    rates = (dilation_rate, dilation_rate) if isinstance(dilation_rate, int) else dilation_rate
    return tf.nn.depthwise_conv2d(inputs, kernel, (1, *strides, 1), padding.upper(), dilations=rates)
