"""What Larq Compute Engine's binary convolution can be: the conditions that passes aim at and the writer asks for.

Source: larq/compute-engine, ``tflite/kernels/bconv2d.cc`` and ``core/bconv2d/output_transform.h``.
"""

from __future__ import annotations

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.kernel_sums import conv_pads
from larq_focal.network.packing import WORD_BITS

_ACTIVATIONS = ("relu", "relu_n1_to_1", "relu6")
_LARGEST_FAN_IN = 2**24
"""float32 holds all whole numbers up to this one."""


def why_not_packable(graph: QuantGraph, op: ops.Op) -> str | None:
    """Why ``op`` cannot be a binary convolution whatever its scale and bias; None if it can be one."""
    if not isinstance(op, ops.Conv2D):
        return "it is not a convolution"
    if not op.kernel.is_binary:
        return f"its kernel has {op.kernel.bits} bits"
    if not gives_signs(graph, graph[op.inputs[0]]):
        return f"its input has {graph.input_bits(op)} bits"
    if op.groups > 1 and op.kernel.shape[2] % WORD_BITS:
        return f"its groups have {op.kernel.shape[2]} input channels, which is not a multiple of {WORD_BITS}"
    if op.pad_value not in (0, 1) and is_padded(graph, op):
        return f"it pads with {op.pad_value:g}, not with 0 or 1"
    if op.kernel.fan_in >= _LARGEST_FAN_IN:
        return f"its sums have {op.kernel.fan_in} products"
    return None


def gives_signs(graph: QuantGraph, op: ops.Op) -> bool:
    """Whether all values of ``op`` are -1 or +1."""
    if isinstance(op, ops.Binarize):
        return True
    brings_others = isinstance(op, ops.Pad) and abs(op.value) != 1
    return op.moves_elements and not brings_others and all(gives_signs(graph, graph[name]) for name in op.inputs)


def is_padded(graph: QuantGraph, op: ops.Conv2D) -> bool:
    """Whether there are windows that reach over the edge of the image."""
    return bool(np.any(conv_pads(op, graph[op.inputs[0]].shape[:2])))


def is_packable(graph: QuantGraph, op: ops.Op) -> bool:
    """Whether ``op``, as it is, is a binary convolution: packable, of unit scale and without a bias."""
    return why_not_packable(graph, op) is None and has_unit_scale(op)


def has_unit_scale(op: ops.Weighted) -> bool:
    return op.bias is None and op.kernel.scale is not None and bool((op.kernel.scale == 1).all())


def pads_with_zero(graph: QuantGraph, op: ops.Conv2D) -> bool:
    """Whether the operator would correct its result at the edges: then it has float output and no activation."""
    return op.pad_value == 0 and is_padded(graph, op)


def takes_activation(graph: QuantGraph, op: ops.Conv2D, activation: ops.Op) -> bool:
    """Whether the binary convolution ``op`` can apply ``activation`` to its sums."""
    return activation.kind in _ACTIVATIONS and not pads_with_zero(graph, op)


def may_give_signs(graph: QuantGraph, op: ops.Conv2D, binarize: ops.Binarize) -> bool:
    """Whether the binary convolution ``op`` can write the bits of ``binarize`` of its sums."""
    is_by_channel = np.ndim(binarize.threshold) <= 1 and binarize.flip is None
    return is_by_channel and not pads_with_zero(graph, op)
