"""Other layers and products than convolutions of images and dense layers, in TensorFlow Lite's operators."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import GraphError
from larq_focal.network.tflite.write.emitter import Emitter
from larq_focal.network.tflite.write.layers import PADDINGS
from larq_focal.network.tflite.write.operators import write


@write.register
def _(op: ops.Conv2DTranspose, emitter: Emitter) -> None:
    """A dilated kernel is written with the zeros in it, which the operator does not know."""
    kernel = np.asarray(op.kernel.values(), np.float32)
    height, width = ((size - 1) * rate + 1 for size, rate in zip(kernel.shape[:2], op.dilation, strict=True))
    spread = np.zeros((height, width, *kernel.shape[2:]), np.float32)
    spread[:: op.dilation[0], :: op.dilation[1]] = kernel
    operands = [
        emitter.constant((emitter.batch_size, *op.shape), np.int32),
        emitter.constant(np.moveaxis(spread, -1, 0)),
        emitter.value(op.inputs[0]),
    ]
    if op.bias is not None:
        operands.append(emitter.constant(op.bias))
    options = {"padding": PADDINGS[op.padding], "strideH": op.strides[0], "strideW": op.strides[1]}
    tensor = emitter.add("TRANSPOSE_CONV", *operands, shape=op.shape, options="TransposeConvOptions", **options)
    emitter.finish(op, tensor)


@write.register
def _(op: ops.Conv3D, emitter: Emitter) -> None:
    if op.groups != 1:
        raise GraphError(f"'{op.name}' has {op.groups} groups, and TensorFlow Lite's CONV_3D has none.")
    operands = emitter.value(op.inputs[0]), emitter.constant(op.kernel.values())
    bias = emitter.constant(np.zeros(op.shape[-1]) if op.bias is None else op.bias)
    options = {f"stride{axis}": stride for axis, stride in zip("DHW", op.strides, strict=True)}
    options |= {f"dilation{axis}Factor": rate for axis, rate in zip("DHW", op.dilation, strict=True)}
    options["padding"] = PADDINGS[op.padding]
    emitter.finish(op, emitter.add("CONV_3D", *operands, bias, shape=op.shape, options="Conv3DOptions", **options))


@write.register
def _(op: ops.LocallyConnected2D, emitter: Emitter) -> None:
    """The windows as channels, by a convolution with ones, then a product with the kernel of each pixel."""
    height, width, *window, depth, out = op.kernel.shape
    size = int(np.prod(window)) * depth
    patches = emitter.add(
        "CONV_2D",
        emitter.value(op.inputs[0]),
        emitter.constant(np.eye(size).reshape(size, *window, depth)),
        emitter.constant(np.zeros(size)),
        shape=(height, width, size),
        options="Conv2DOptions",
        padding=PADDINGS["valid"],
        strideH=op.strides[0],
        strideW=op.strides[1],
    )
    rows = emitter.reshape(patches, (height * width, 1, size))
    kernels = emitter.constant(np.reshape(op.kernel.values(), (1, height * width, size, out)))
    tensor = _matmul(emitter, rows, kernels, (height * width, 1, out))
    tensor = emitter.reshape(tensor, op.shape)
    if op.bias is not None:
        tensor = emitter.add("ADD", tensor, emitter.constant(op.bias), shape=op.shape, options="AddOptions")
    emitter.finish(op, tensor)


def _matmul(emitter: Emitter, first: int, second: int, shape: ops.Shape) -> int:
    return emitter.add("BATCH_MATMUL", first, second, shape=shape, options="BatchMatMulOptions")


@write.register
def _(op: ops.Embedding, emitter: Emitter) -> None:
    row = emitter.add("CAST", emitter.value(op.inputs[0]), shape=emitter.graph[op.inputs[0]].shape, dtype="int32")
    table = emitter.constant(op.kernel.values())
    emitter.finish(op, emitter.add("GATHER", table, row, shape=op.shape, options="GatherOptions"))


@write.register
def _(op: ops.Standardize, emitter: Emitter) -> None:
    axes = [axis % len(op.shape) for axis in op.axes]
    small = tuple(1 if axis in axes else size for axis, size in enumerate(op.shape))
    axis_numbers = emitter.constant([axis + 1 for axis in axes], np.int32)

    def mean(tensor: int) -> int:
        return emitter.add("MEAN", tensor, axis_numbers, shape=small, options="ReducerOptions", keepDims=True)

    value = emitter.value(op.inputs[0])
    distance = emitter.add("SUB", value, mean(value), shape=op.shape, options="SubOptions")
    variance = mean(emitter.add("SQUARE", distance, shape=op.shape))
    variance = emitter.add("ADD", variance, emitter.constant(op.epsilon), shape=small, options="AddOptions")
    deviation = emitter.add("SQRT", variance, shape=small)
    emitter.finish(op, emitter.add("DIV", distance, deviation, shape=op.shape, options="DivOptions"))


@write.register
def _(op: ops.Einsum, emitter: Emitter) -> None:
    """As a product of matrices: ``[shared, own of the first, summed] @ [shared, summed, own of the second]``."""
    first, second, result = op.terms
    sizes = {first[0]: emitter.batch_size, **op.sizes(tuple(emitter.graph[name].shape for name in op.inputs))}
    shared = [letter for letter in first if letter in second and letter in result]
    summed = [letter for letter in first if letter in second and letter not in result]
    own = [[letter for letter in term if letter not in (*shared, *summed)] for term in (first, second)]
    if any(len(set(term)) < len(term) for term in op.terms) or not set(own[0] + own[1]) <= set(result):
        raise GraphError(f"'{op.name}' computes '{op.equation}', which is not a product of matrices.")

    def count(letters: Sequence[str]) -> int:
        return int(np.prod([sizes[letter] for letter in letters]))

    def arranged(tensor: int, term: str, order: list[str], shape: ops.Shape) -> int:
        return emitter.reshape(_transposed(emitter, tensor, term, order, sizes), shape)

    products, rows, inner, columns = count(shared), count(own[0]), count(summed), count(own[1])
    left = arranged(emitter.value(op.inputs[0]), first, [*shared, *own[0], *summed], (products, rows, inner))
    right = arranged(emitter.value(op.inputs[1]), second, [*shared, *summed, *own[1]], (products, inner, columns))
    order = [*shared, *own[0], *own[1]]
    tensor = emitter.reshape(
        _matmul(emitter, left, right, (products, rows, columns)), tuple(sizes[letter] for letter in order[1:])
    )
    tensor = _transposed(emitter, tensor, "".join(order), list(result), sizes)
    emitter.finish(op, tensor)


def _transposed(emitter: Emitter, tensor: int, term: str, order: Sequence[str], sizes: dict[str, int]) -> int:
    """The axes of ``tensor``, called by the letters of ``term``, in another order; the batch axis stays the first."""
    if list(term) == list(order):
        return tensor
    permutation = emitter.constant([term.index(letter) for letter in order], np.int32)
    return emitter.add("TRANSPOSE", tensor, permutation, shape=tuple(sizes[letter] for letter in order[1:]))
