"""Layers and pools in float, in TensorFlow Lite's operators."""

from __future__ import annotations

import numpy as np

from larq_focal.network import ops
from larq_focal.network.tflite.write.emitter import Emitter
from larq_focal.network.tflite.write.operators import write

PADDINGS = {"same": 0, "valid": 1}


@write.register
def _(op: ops.Conv2D, emitter: Emitter) -> None:
    kind, options, fields = "CONV_2D", "Conv2DOptions", {}
    if op.is_depthwise:
        kind, options, fields = (
            "DEPTHWISE_CONV_2D",
            "DepthwiseConv2DOptions",
            {"depthMultiplier": op.shape[-1] // op.groups},
        )
    emitter.finish(
        op,
        emitter.add(
            kind,
            emitter.value(op.inputs[0]),
            emitter.weights(op),
            emitter.bias(op),
            shape=op.shape,
            options=options,
            padding=PADDINGS[op.padding],
            strideH=op.strides[0],
            strideW=op.strides[1],
            dilationHFactor=op.dilation[0],
            dilationWFactor=op.dilation[1],
            fusedActivationFunction=emitter.fused_activation(op),
            **fields,
        ),
    )


@write.register
def _(op: ops.Dense, emitter: Emitter) -> None:
    """One row of features may come in any shape."""
    emitter.finish(
        op,
        emitter.add(
            "FULLY_CONNECTED",
            emitter.value(emitter.plan.flattened.get(op.name, op.inputs[0])),
            emitter.weights(op),
            emitter.bias(op),
            shape=op.shape,
            options="FullyConnectedOptions",
            keepNumDims=len(op.shape) > 1,
            fusedActivationFunction=emitter.fused_activation(op),
        ),
    )


@write.register
def _(op: ops.Pool2D, emitter: Emitter) -> None:
    if op.name in emitter.plan.packed_pools:
        _pool_bits(op, emitter)
    else:
        tensor = _pool(op, emitter, op.size, op.strides, op.padding, emitter.fused_activation(op))
        emitter.finish(op, tensor)


def _pool(op: ops.Op, emitter: Emitter, size: ops.Pair, strides: ops.Pair, padding: ops.Padding, fused: int = 0) -> int:
    return emitter.add(
        "MAX_POOL_2D" if op.kind == "max" else "AVERAGE_POOL_2D",
        emitter.value(op.inputs[0]),
        shape=op.shape,
        options="Pool2DOptions",
        padding=PADDINGS[padding],
        strideH=strides[0],
        strideW=strides[1],
        filterHeight=size[0],
        filterWidth=size[1],
        fusedActivationFunction=fused,
    )


def _pool_bits(op: ops.Pool2D, emitter: Emitter) -> None:
    output = emitter.packed_tensor(op.name, op.shape)
    options = {
        "padding": PADDINGS[op.padding],
        "stride_height": op.strides[0],
        "stride_width": op.strides[1],
        "filter_height": op.size[0],
        "filter_width": op.size[1],
    }
    emitter.file.custom("LceBMaxPool2d", [emitter.packed(op.inputs[0])], [output], options)
    emitter.finish_packed(op, output)


@write.register
def _(op: ops.GlobalPool, emitter: Emitter) -> None:
    """As a pooling where it keeps the dimensions; MEAN of integers has a result of a scale of its own."""
    if op.keep_dims and (emitter.grid is None or op.kind == "max"):
        emitter.finish(op, _pool(op, emitter, emitter.graph[op.inputs[0]].shape[:2], (1, 1), "valid"))
        return
    kind = "REDUCE_MAX" if op.kind == "max" else "MEAN"
    axes = emitter.constant((1, 2), np.int32)
    emitter.finish(
        op,
        emitter.add(
            kind, emitter.value(op.inputs[0]), axes, shape=op.shape, options="ReducerOptions", keepDims=op.keep_dims
        ),
    )
