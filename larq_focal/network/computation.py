"""What the operations of a QuantGraph compute, in NumPy: the readable specification behind every fast path."""

from __future__ import annotations

from functools import singledispatch

import numpy as np

from larq_focal.network import ops
from larq_focal.network.carried import compute_carried
from larq_focal.network.conv_arithmetic import pad_image, same_pads, windows
from larq_focal.network.graph import GraphError
from larq_focal.network.kernel_sums import accumulate, rescale


@singledispatch
def compute(op: ops.Op, *inputs: np.ndarray) -> np.ndarray:
    """The value of one operation on float32 inputs with a batch axis."""
    raise TypeError(f"'{op.name}' is a {type(op).__name__}, which has no computation.")


@compute.register
def _(op: ops.Unknown, *inputs):
    if op.file is not None:
        return compute_carried(op, inputs)
    raise GraphError(f"'{op.name}' cannot be computed: {op.kind} is not understood.")


@compute.register
def _(op: ops.Binarize, x):
    is_positive = x >= op.threshold
    if op.flip is not None:
        is_positive = np.where(op.flip, x <= op.threshold, is_positive)
    return np.where(is_positive, np.float32(1), np.float32(-1))


@compute.register
def _(op: ops.Quantize, x):
    return op.levels[np.searchsorted(op.boundaries, x, side="right")]


@compute.register
def _(op: ops.UniformQuantize, x):
    lowest = -(2 ** (op.bits - 1)) if op.signed else 0
    steps = x / np.float32(op.scale)
    rounded = np.trunc(steps + np.copysign(np.float32(0.5), steps))  # halves away from zero
    q = np.clip(rounded + op.zero_point, lowest, lowest + 2**op.bits - 1)
    return (q - op.zero_point) * np.float32(op.scale)


@compute.register
def _(op: ops.Weighted, x):
    return rescale(op, accumulate(op, x))


@compute.register
def _(op: ops.Embedding, x):
    return op.kernel.values()[x.astype(np.int64)]


@compute.register
def _(op: ops.Einsum, first, second):
    return np.einsum(op.equation, first, second, optimize=True)


@compute.register
def _(op: ops.Standardize, x):
    axes = tuple(axis + 1 for axis in op.axes)
    distance = x - x.mean(axes, keepdims=True)
    return distance / np.sqrt(np.square(distance).mean(axes, keepdims=True) + np.float32(op.epsilon))


@compute.register
def _(op: ops.Affine, x):
    return (x - op.mean) * op.scale + op.bias


@compute.register
def _(op: ops.Pool2D, x):
    pads = ((0, 0), (0, 0))
    if op.padding == "same":
        pads = same_pads(x.shape[1:3], op.size, op.strides)
    if op.kind == "max":
        return windows(pad_image(x, pads, -np.inf), op.size, op.strides).max((3, 4))
    sums = windows(pad_image(x, pads, 0), op.size, op.strides).sum((3, 4))
    inside = pad_image(np.ones((1, *x.shape[1:3], 1), np.float32), pads, 0)
    return sums / windows(inside, op.size, op.strides).sum((3, 4))


@compute.register
def _(op: ops.GlobalPool, x):
    pool = np.max if op.kind == "max" else np.mean
    return pool(x, (1, 2), keepdims=op.keep_dims)


@compute.register
def _(op: ops.Add, *inputs):
    return sum(inputs[1:], inputs[0])


@compute.register
def _(op: ops.Multiply, *inputs):
    product = inputs[0]
    for factor in inputs[1:]:
        product = product * factor
    return product


def _softmax(x):
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


_ACTIVATIONS = {
    "relu": lambda x, _: np.maximum(x, 0),
    "relu6": lambda x, _: np.clip(x, 0, 6),
    "relu_n1_to_1": lambda x, _: np.clip(x, -1, 1),
    "clip": lambda x, limits: np.clip(x, *limits),
    "prelu": lambda x, slopes: np.where(x < 0, x * slopes, x),
    "leaky_relu": lambda x, slope: np.where(x < 0, x * slope, x),
    "sigmoid": lambda x, _: np.tanh(x / 2) / 2 + np.float32(0.5),
    "hard_sigmoid": lambda x, _: np.clip(x * np.float32(0.2) + np.float32(0.5), 0, 1),
    "tanh": lambda x, _: np.tanh(x),
    "softmax": lambda x, _: _softmax(x),
    "abs": lambda x, _: np.abs(x),
    "square": lambda x, _: np.square(x),
    "floor": lambda x, _: np.floor(x),
    "sqrt": lambda x, _: np.sqrt(x),
}


@compute.register
def _(op: ops.Activation, x):
    if op.kind not in _ACTIVATIONS:
        raise GraphError(f"'{op.name}' cannot be computed: there is no activation '{op.kind}'.")
    return _ACTIVATIONS[op.kind](x, op.alpha)


@compute.register
def _(op: ops.Concat, *inputs):
    return np.concatenate(inputs, op.axis if op.axis < 0 else op.axis + 1)


@compute.register
def _(op: ops.Pad, x):
    return np.pad(x, ((0, 0), *op.pads), constant_values=op.value)


@compute.register
def _(op: ops.Slice, x):
    for axis, (begin, stride, size) in enumerate(zip(op.begin, op.strides, op.shape, strict=True), 1):
        x = np.take(x, begin + stride * np.arange(size), axis)
    return x


@compute.register
def _(op: ops.Reshape, x):
    return x.reshape(len(x), *op.shape)
