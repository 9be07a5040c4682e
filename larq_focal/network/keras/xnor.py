"""Reading the map of magnitudes that scales an XNOR-Net convolution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larq_focal.network import ops
from larq_focal.network.keras.layer_call import LayerCall

if TYPE_CHECKING:
    from larq_focal.layers import XnorConv2D


def add_magnitude_map(layer: XnorConv2D, call: LayerCall) -> str:
    """Adds the map that scales an XNOR-Net convolution: the mean over the channels of each group, then over windows.

    Channels lie side by side, so that their mean is a pooling of an image of one row for each pixel. The map has one
    channel, or with groups one for each output channel.
    """
    (value,) = call.inputs
    height, width, channels = call.shape(value)
    pixels, groups, copies = height * width, layer.groups, layer.filters // layer.groups

    def add(op, value, part, shape, **fields):
        return call.add(op, value, part=part, shape=shape, **fields)

    def add_mean(value, part, shape, size, strides):
        fields = {"kind": "average", "size": size, "strides": strides, "padding": "valid"}
        return add(ops.Pool2D, value, part, shape, **fields)

    value = add(ops.Activation, value, "magnitude", (height, width, channels), kind="abs")
    value = add(ops.Reshape, value, "rows", (pixels, channels, 1))
    row = (1, channels // groups)
    value = add_mean(value, "channel_mean", (pixels, groups, 1), row, row)
    value = add(ops.Reshape, value, "mean_magnitude", (height, width, groups))
    if layer.padding == "same":
        pads = (*layer.padding_of((height, width)), (0, 0))
        height, width = height + sum(pads[0]), width + sum(pads[1])
        value = add(ops.Pad, value, "border", (height, width, groups), pads=pads)
    height, width, _ = call.output_shape(layer)
    value = add_mean(value, "map", (height, width, groups), tuple(layer.kernel_size), tuple(layer.strides))
    if groups == 1:
        return value
    value = add(ops.Reshape, value, "groups", (height, width, groups, 1))
    value = call.add(ops.Concat, *[value] * copies, part="copies", shape=(height, width, groups, copies), axis=-1)
    return add(ops.Reshape, value, "map_of_outputs", (height, width, layer.filters))
