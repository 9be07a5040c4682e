"""What the operations of a QuantGraph compute, in NumPy: the readable specification behind every fast path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import singledispatch

import numpy as np

from larq_focal.network import conv_arithmetic, ops
from larq_focal.network.graph import GraphError, QuantGraph


def interpret(
    graph: QuantGraph, inputs: np.ndarray | Mapping[str, np.ndarray], values: Iterable[str] | None = None
) -> dict[str, np.ndarray]:
    """Runs ``graph`` on a batch.

    Products of integers (a binarized input with a binary kernel, say) are summed exactly and scaled afterwards;
    everything else is float32.

    Args:
        graph: the network.
        inputs: ``[N, *shape]`` for a network of one input, else one such array per input name.
        values: the values wanted, by name; None for all. Only what these need is computed.

    Returns:
        float32 arrays ``[N, *shape]`` by the name of the value, in the order of the graph.

    Raises:
        ValueError: the inputs do not fit the network.
        GraphError: a wanted value depends on an operation that is not understood, or does not exist.
    """
    feeds = _feeds(graph, inputs)
    wanted = {op.name for op in graph} if values is None else set(values)
    needed = _needed(graph, wanted)
    last_use = {name: op.name for op in graph if op.name in needed for name in op.inputs}
    results: dict[str, np.ndarray] = {}
    for op in graph:
        if op.name not in needed:
            continue
        if isinstance(op, ops.Input):
            results[op.name] = feeds[op.name]
        else:
            results[op.name] = compute(op, *(results[name] for name in op.inputs)).astype(np.float32, copy=False)
        for name in op.inputs:
            if name not in wanted and last_use[name] == op.name:
                results.pop(name, None)
    return {name: result for name, result in results.items() if name in wanted}


def _feeds(graph: QuantGraph, inputs: np.ndarray | Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    names = [op.name for op in graph.inputs]
    if not isinstance(inputs, Mapping):
        if len(names) != 1:
            raise ValueError(f"'{graph.name}' has the inputs {names}; give a dictionary with an array for each.")
        inputs = {names[0]: inputs}
    if set(inputs) != set(names):
        raise ValueError(f"'{graph.name}' has the inputs {names}, but was given {sorted(inputs)}.")
    feeds = {name: np.asarray(array, np.float32) for name, array in inputs.items()}
    for op in graph.inputs:
        if feeds[op.name].shape[1:] != op.shape or feeds[op.name].ndim == 0:
            raise ValueError(
                f"The input '{op.name}' of '{graph.name}' has the shape [batch, {', '.join(map(str, op.shape))}], "
                f"but the array given has {list(feeds[op.name].shape)}."
            )
    if len({len(array) for array in feeds.values()}) > 1:
        raise ValueError(f"The inputs of '{graph.name}' were given batches of different sizes.")
    return feeds


def _needed(graph: QuantGraph, wanted: set[str]) -> set[str]:
    if missing := sorted(name for name in wanted if name not in graph):
        raise GraphError(f"'{graph.name}' has no value named {missing}.")
    needed = set(wanted)
    for op in reversed(graph.ops):
        if op.name in needed:
            needed.update(op.inputs)
    return needed


@singledispatch
def compute(op: ops.Op, *inputs: np.ndarray) -> np.ndarray:
    """The value of one operation on float32 inputs with a batch axis."""
    raise TypeError(f"'{op.name}' is a {type(op).__name__}, which has no computation.")


@compute.register
def _(op: ops.Unknown, *inputs):
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


@singledispatch
def accumulate(op: ops.Weighted, x: np.ndarray) -> np.ndarray:
    """The sums of products with the kernel's codes, before scale and bias."""
    raise TypeError(f"'{op.name}' is a {type(op).__name__}, which has no computation.")


@accumulate.register
def _(op: ops.Dense, x):
    return x @ _codes(op)


@accumulate.register
def _(op: ops.Conv2D, x):
    padded = conv_arithmetic.pad_image(x, conv_pads(op, x.shape[1:3]), op.pad_value)
    return conv_arithmetic.convolve(padded, _codes(op), op.strides, op.dilation, op.groups)


@accumulate.register
def _(op: ops.Conv3D, x):
    if op.padding == "same":
        window = conv_arithmetic.dilated(op.kernel.shape[:3], op.dilation)
        x = conv_arithmetic.pad_image(x, conv_arithmetic.same_pads(x.shape[1:4], window, op.strides), op.pad_value)
    return conv_arithmetic.convolve_volume(x, _codes(op), op.strides, op.dilation, op.groups)


@accumulate.register
def _(op: ops.Conv2DTranspose, x):
    window = conv_arithmetic.dilated(op.kernel.shape[:2], op.dilation)
    begin = (0, 0)
    if op.padding == "same":
        (top, _), (left, _) = conv_arithmetic.same_pads(op.shape[:2], window, op.strides)
        begin = top, left
    return conv_arithmetic.convolve_transposed(x, _codes(op), op.strides, op.dilation, begin, op.shape[:2])


@accumulate.register
def _(op: ops.LocallyConnected2D, x):
    patches = conv_arithmetic.windows(x, op.kernel.shape[2:4], op.strides)
    return np.einsum("nhwijc,hwijco->nhwo", patches, _codes(op), optimize=True)


def _codes(op: ops.Weighted) -> np.ndarray:
    return op.kernel.codes.astype(np.float32)


def rescale(op: ops.Weighted, sums: np.ndarray) -> np.ndarray:
    """The value of ``op`` from its sums: times the scale of the kernel, plus the bias."""
    if op.kernel.scale is not None:
        sums = sums * op.kernel.scale
    return sums if op.bias is None else sums + op.bias


def conv_pads(op: ops.Conv2D, image: ops.Pair) -> tuple[ops.Pair, ops.Pair]:
    """Rows and columns that ``op`` adds around an image of this height and width."""
    if op.padding == "valid":
        return (0, 0), (0, 0)
    return conv_arithmetic.same_pads(image, conv_arithmetic.dilated(op.kernel.shape[:2], op.dilation), op.strides)


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
        pads = conv_arithmetic.same_pads(x.shape[1:3], op.size, op.strides)
    if op.kind == "max":
        return conv_arithmetic.windows(conv_arithmetic.pad_image(x, pads, -np.inf), op.size, op.strides).max((3, 4))
    sums = conv_arithmetic.windows(conv_arithmetic.pad_image(x, pads, 0), op.size, op.strides).sum((3, 4))
    inside = conv_arithmetic.pad_image(np.ones((1, *x.shape[1:3], 1), np.float32), pads, 0)
    return sums / conv_arithmetic.windows(inside, op.size, op.strides).sum((3, 4))


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
