"""What the operations of a QuantGraph compute, in JAX, to the bit as ``larq_focal.network.computation`` on a CPU.

Compilers round a product and a sum once where a processor can, divide by constants by multiplying, and choose the order
of sums of floats. ``rounded`` and ``divided`` keep the first two from them; the order of float sums in float layers,
averages and softmax, and the last bit of functions such as the hyperbolic tangent, are the compiler's.
"""

from __future__ import annotations

from functools import singledispatch

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from larq_focal.network import ops
from larq_focal.network.conv_arithmetic import dilated, same_pads
from larq_focal.network.graph import GraphError
from larq_focal.network.jax_function.packed import Signs, convolution_sums, dense_sums, packed, takes_signs

Value = jax.Array | Signs


def values(value: Value) -> jax.Array:
    """float32, whatever form the value has."""
    return value.values() if isinstance(value, Signs) else value


def trace(op: ops.Op, *inputs: Value) -> Value:
    """The value of one operation on values with a batch axis."""
    if isinstance(op, ops.Dense | ops.Conv2D) and isinstance(inputs[0], Signs) and takes_signs(op):
        sums = dense_sums if isinstance(op, ops.Dense) else convolution_sums
        return _rescale(op, sums(op, inputs[0]).astype(jnp.float32))
    if isinstance(op, ops.Reshape) and isinstance(inputs[0], Signs) and (signs := inputs[0].reshaped(op.shape)):
        return signs
    if isinstance(op, ops.Pool2D) and op.kind == "max" and isinstance(inputs[0], Signs):
        # The largest sign is -1, a set bit, only where all are; padding takes no part.
        pooled = _pool(op, inputs[0].words, jnp.uint32(0xFFFFFFFF), lax.bitwise_and)
        return Signs(pooled, inputs[0].channels)
    return _compute(op, *(values(value) for value in inputs))


def rounded(product: jax.Array) -> jax.Array:
    """The product, rounded before something is added to it: a choice stands between, by its bits.

    The choice always falls on the product, which compilers do not see: the other bits are those of a NaN that no
    arithmetic gives.
    """
    is_other = lax.bitcast_convert_type(product, jnp.int32) == jnp.int32(0x7FA00001)
    return jnp.where(is_other, jnp.float32(jnp.nan), product)


def divided(x: jax.Array, divisor: float | jax.Array) -> jax.Array:
    """The quotient, rounded once."""
    return x / jnp.where(jnp.isnan(x), x, jnp.float32(divisor))


@singledispatch
def _compute(op: ops.Op, *inputs: jax.Array) -> Value:
    raise GraphError(f"'{op.name}' is a {type(op).__name__}, which has no function in JAX.")


@_compute.register
def _(op: ops.Unknown, *inputs):
    raise GraphError(f"'{op.name}' has no function in JAX: {op.kind} is not understood.")


@_compute.register
def _(op: ops.Binarize, x):
    is_negative = ~_is_at_least(x, _float32_limit(op.threshold, np.inf))
    if op.flip is not None:
        is_negative = jnp.where(op.flip, ~_is_at_least(-x, -_float32_limit(op.threshold, -np.inf)), is_negative)
    return packed(is_negative) if x.ndim > 1 else jnp.where(is_negative, jnp.float32(-1), jnp.float32(1))


def _is_at_least(x: jax.Array, limit: np.ndarray) -> jax.Array:
    """``x >= limit`` by the integers that floats are in memory: XLA takes the smallest floats for 0 on a CPU."""
    keys = _ordered(lax.bitcast_convert_type(x, jnp.int32), jnp)
    limits = _ordered(np.asarray(limit, np.float32).view(np.int32), np)
    return (keys >= limits) & ~jnp.isnan(x)


def _ordered(bits, numpy):
    """Integers in the order of the floats whose bits are given; both zeros are 0."""
    keys = numpy.where(bits < 0, bits ^ np.int32(0x7FFFFFFF), bits)
    return numpy.where(keys == -1, np.int32(0), keys)


def _float32_limit(threshold: np.ndarray, towards: float) -> np.ndarray:
    """The float32 next to a threshold on the side of ``towards``, which floats pass as they do the threshold."""
    near = np.asarray(threshold).astype(np.float32)
    is_short = near < threshold if towards > 0 else near > threshold
    return np.where(is_short, np.nextafter(near, np.float32(towards)), near)


@_compute.register
def _(op: ops.Quantize, x):
    if not len(op.boundaries):
        return jnp.full(x.shape, op.levels[0])
    index = _is_at_least(x[..., None], _float32_limit(op.boundaries, np.inf)).sum(-1)
    return jnp.asarray(op.levels)[jnp.where(jnp.isnan(x), len(op.boundaries), index)]


@_compute.register
def _(op: ops.UniformQuantize, x):
    lowest = -(2 ** (op.bits - 1)) if op.signed else 0
    steps = divided(x, op.scale)
    nearest = jnp.trunc(steps + jnp.copysign(jnp.float32(0.5), steps))  # halves away from zero
    q = jnp.clip(nearest + op.zero_point, lowest, lowest + 2**op.bits - 1)
    return rounded((q - op.zero_point) * jnp.float32(op.scale))


@_compute.register
def _(op: ops.Weighted, x):
    return _rescale(op, _accumulate(op, x))


def _rescale(op: ops.Weighted, sums: jax.Array) -> jax.Array:
    if op.kernel.scale is not None:
        sums = rounded(sums * op.kernel.scale)
    return sums if op.bias is None else sums + op.bias


@singledispatch
def _accumulate(op: ops.Weighted, x: jax.Array) -> jax.Array:
    raise GraphError(f"'{op.name}' is a {type(op).__name__}, which has no function in JAX.")


@_accumulate.register
def _(op: ops.Dense, x):
    return jnp.matmul(x, _codes(op), precision=lax.Precision.HIGHEST)


@_accumulate.register(ops.Conv2D)
@_accumulate.register(ops.Conv3D)
def _(op, x):
    axes = len(op.strides)
    if op.padding == "same":
        pads = same_pads(x.shape[1 : 1 + axes], dilated(op.kernel.shape[:axes], op.dilation), op.strides)
        x = jnp.pad(x, ((0, 0), *pads, (0, 0)), constant_values=op.pad_value)
    return _convolve(x, _codes(op), op.strides, op.dilation, op.groups)


@_accumulate.register
def _(op: ops.Conv2DTranspose, x):
    window = dilated(op.kernel.shape[:2], op.dilation)
    begin = (0, 0)
    if op.padding == "same":
        (top, _), (left, _) = same_pads(op.shape[:2], window, op.strides)
        begin = top, left
    spread = lax.pad(x, jnp.float32(0), ((0, 0, 0), *((0, 0, step - 1) for step in op.strides), (0, 0, 0)))
    spread = jnp.pad(spread, ((0, 0), *((span - 1, span - 1) for span in window), (0, 0)))
    whole = _convolve(spread, _codes(op)[::-1, ::-1], (1, 1), op.dilation)
    behind = [max(0, first + size - made) for first, size, made in zip(begin, op.shape, whole.shape[1:3], strict=False)]
    whole = jnp.pad(whole, ((0, 0), *((0, count) for count in behind), (0, 0)))
    return whole[:, begin[0] : begin[0] + op.shape[0], begin[1] : begin[1] + op.shape[1]]


@_accumulate.register
def _(op: ops.LocallyConnected2D, x):
    rows, columns = op.kernel.shape[2:4]
    height, width = op.shape[:2]
    codes, total = _codes(op), jnp.float32(0)
    for y in range(rows):
        for i in range(columns):
            bottom, right = y + (height - 1) * op.strides[0] + 1, i + (width - 1) * op.strides[1] + 1
            pixels = x[:, y : bottom : op.strides[0], i : right : op.strides[1]]
            total = total + _einsum("nhwc,hwco->nhwo", pixels, codes[:, :, y, i])
    return total


def _codes(op: ops.Weighted) -> np.ndarray:
    return op.kernel.codes.astype(np.float32)


def _convolve(x, kernel, strides, dilation, groups: int = 1) -> jax.Array:
    axes = "DHW"[-len(strides) :]
    return lax.conv_general_dilated(
        x,
        kernel,
        strides,
        "VALID",
        rhs_dilation=dilation,
        dimension_numbers=(f"N{axes}C", f"{axes}IO", f"N{axes}C"),
        feature_group_count=groups,
        precision=lax.Precision.HIGHEST,
    )


def _einsum(equation: str, first, second) -> jax.Array:
    return jnp.einsum(equation, first, second, precision=lax.Precision.HIGHEST)


@_compute.register
def _(op: ops.Embedding, x):
    return jnp.asarray(op.kernel.values())[x.astype(jnp.int32)]


@_compute.register
def _(op: ops.Einsum, first, second):
    return _einsum(op.equation, first, second)


@_compute.register
def _(op: ops.Standardize, x):
    axes = tuple(axis + 1 for axis in op.axes)
    distance = x - x.mean(axes, keepdims=True)
    return distance / jnp.sqrt(jnp.square(distance).mean(axes, keepdims=True) + jnp.float32(op.epsilon))


@_compute.register
def _(op: ops.Affine, x):
    return rounded((x - op.mean) * op.scale) + op.bias


@_compute.register
def _(op: ops.Pool2D, x):
    if op.kind == "max":
        return _pool(op, x, jnp.float32(-jnp.inf), lax.max)
    inside = jnp.ones((1, *x.shape[1:3], 1), jnp.float32)
    sums, pixels = (_pool(op, value, jnp.float32(0), lax.add) for value in (x, inside))
    return divided(sums, pixels)


def _pool(op: ops.Pool2D, x: jax.Array, start, join) -> jax.Array:
    """Joins the pixels of each window; outside of the image lies ``start``."""
    pads = same_pads(x.shape[1:3], op.size, op.strides) if op.padding == "same" else ((0, 0), (0, 0))
    return lax.reduce_window(x, start, join, (1, *op.size, 1), (1, *op.strides, 1), ((0, 0), *pads, (0, 0)))


@_compute.register
def _(op: ops.GlobalPool, x):
    if op.kind == "max":
        return x.max((1, 2), keepdims=op.keep_dims)
    return divided(x.sum((1, 2), keepdims=op.keep_dims), x.shape[1] * x.shape[2])


@_compute.register
def _(op: ops.Add, *inputs):
    return sum(inputs[1:], inputs[0])


@_compute.register
def _(op: ops.Multiply, *inputs):
    product = inputs[0]
    for factor in inputs[1:]:
        product = rounded(product * factor)
    return product


_ACTIVATIONS = {
    "relu": lambda x, _: jnp.maximum(x, 0),
    "relu6": lambda x, _: jnp.clip(x, 0, 6),
    "relu_n1_to_1": lambda x, _: jnp.clip(x, -1, 1),
    "clip": lambda x, limits: jnp.clip(x, *limits),
    "prelu": lambda x, slopes: jnp.where(x < 0, rounded(x * slopes), x),
    "leaky_relu": lambda x, slope: jnp.where(x < 0, rounded(x * slope), x),
    "sigmoid": lambda x, _: rounded(jnp.tanh(x / 2) / 2) + jnp.float32(0.5),
    "hard_sigmoid": lambda x, _: jnp.clip(rounded(x * jnp.float32(0.2)) + jnp.float32(0.5), 0, 1),
    "tanh": lambda x, _: jnp.tanh(x),
    "softmax": lambda x, _: jax.nn.softmax(x),
    "abs": lambda x, _: jnp.abs(x),
    "square": lambda x, _: rounded(jnp.square(x)),
    "floor": lambda x, _: jnp.floor(x),
    "sqrt": lambda x, _: jnp.sqrt(x),
}


@_compute.register
def _(op: ops.Activation, x):
    if op.kind not in _ACTIVATIONS:
        raise GraphError(f"'{op.name}' has no function in JAX: there is no activation '{op.kind}'.")
    return _ACTIVATIONS[op.kind](x, op.alpha)


@_compute.register
def _(op: ops.Concat, *inputs):
    return jnp.concatenate(inputs, op.axis if op.axis < 0 else op.axis + 1)


@_compute.register
def _(op: ops.Pad, x):
    return jnp.pad(x, ((0, 0), *op.pads), constant_values=op.value)


@_compute.register
def _(op: ops.Slice, x):
    for axis, (begin, stride, size) in enumerate(zip(op.begin, op.strides, op.shape, strict=True), 1):
        x = jnp.take(x, begin + stride * np.arange(size), axis)
    return x


@_compute.register
def _(op: ops.Reshape, x):
    return x.reshape(len(x), *op.shape)
