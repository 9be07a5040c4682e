"""What a processor of fixed structure cannot run, each fault with the change that fixes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from larq_focal.fixed_processors.processor import BinaryProcessor
from larq_focal.network.graph import QuantGraph
from larq_focal.network.kernel import FLOAT_BITS
from larq_focal.network.ops import Activation, Affine, Binarize, Conv2D, Dense, Linear, Op, Pool2D, Reshape
from larq_focal.text import counted


@dataclass(frozen=True)
class Fault:
    """Why something does not fit, and the smallest change by which it does."""

    reason: str
    change: str


def convolution_faults(graph: QuantGraph, op: Conv2D, width: int, processor: BinaryProcessor) -> Iterator[Fault]:
    """Faults of one convolution, where the network's width is ``width``."""
    side = processor.kernel_side
    rows, columns, channels, maps = op.kernel.shape
    yield from _values(graph, op)
    if (rows, columns) != (side, side):
        yield Fault(f"its kernel is {rows}x{columns}; the neurons have {side}x{side}", f"a {side}x{side} kernel")
    if op.padding != "valid":
        yield Fault("it pads its input; the processor does not", 'padding="valid"')
    if op.strides != (1, 1) or op.dilation != (1, 1):
        yield Fault(
            "it has a stride or a dilation; the processor has neither",
            f"stride 1, no dilation, and max-pooling {processor.pool_side}x{processor.pool_side} behind it",
        )
    if op.groups > 1:
        yield Fault(f"it has {op.groups} groups; every neuron reads all channels", "groups=1")
    if channels * op.groups != width:
        yield Fault(f"it reads {counted(channels * op.groups, 'channel')}", f"{width} input channels")
    if maps != width:
        yield Fault(f"it makes {counted(maps, 'map')}", f"{width} output channels")


def dense_faults(graph: QuantGraph, op: Dense) -> Iterator[Fault]:
    yield from _values(graph, op)
    if op.bias is not None:
        yield Fault("it adds a bias, which is not a threshold here", "use_bias=False")


def input_faults(graph: QuantGraph, first: Conv2D, processor: BinaryProcessor) -> Iterator[Fault]:
    height, width = graph[first.inputs[0]].shape[:2]
    side = processor.image_side
    if (height, width) != (side, side):
        yield Fault(f"the image is {height}x{width}; the memory takes {side}x{side}", f"an image of {side}x{side}")


def operation_fault(graph: QuantGraph, op: Op, processor: BinaryProcessor) -> Fault | None:
    """The fault of an operation without weights behind the first convolution."""
    side = (processor.pool_side, processor.pool_side)
    if isinstance(op, Pool2D) and (op.kind, op.size, op.strides) == ("max", side, side):
        return None
    if isinstance(op, Binarize | Affine | Reshape):
        return None
    if isinstance(op, Activation) and op.kind == "softmax" and not graph.consumers(op.name):
        return None
    kind = getattr(op, "kind", None)
    what = type(op).__name__ if kind is None else f"{kind} {type(op).__name__}"
    return Fault(f"'{op.name}' ({what}) cannot run there", f"without '{op.name}'")


def _values(graph: QuantGraph, op: Linear) -> Iterator[Fault]:
    if op.kernel.bits > 1:
        yield Fault(f"its weights have {op.kernel.bits} bits", "binary weights")
    bits = graph.input_bits(op)
    if bits > 1:
        kind = "real-valued" if bits == FLOAT_BITS else f"{bits}-bit"
        yield Fault(f"its input is {kind}", "a 1-bit input (of the image: thermometer code)")
