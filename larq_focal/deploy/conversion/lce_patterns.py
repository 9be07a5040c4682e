"""What Larq Compute Engine's converter takes for a sign, and for a binary kernel.

Source: larq/compute-engine, ``mlir/transforms/prepare_patterns_common.td`` and ``prepare_tf.cc`` of version 0.16.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from larq_focal.deploy.conversion.frozen import FrozenGraph, NodeDef, data_inputs

KERNEL_TOLERANCE = 5e-3
"""The converter takes a kernel for binary where all weights are this close to +-s, relative to s."""

_SELECTS = ("Select", "SelectV2")
_ADDITIONS = ("Add", "AddV2")
_PADS = ("Pad", "PadV2")
_RESHAPES = ("Reshape", "ExpandDims", "Squeeze", "Transpose", "SpaceToBatchND")
_CUTS = ("Slice", "StridedSlice")
_JOINS = ("ConcatV2", "Pack")


@dataclass(frozen=True)
class LayerInput:
    """What a convolution or dense layer multiplies its kernel with.

    ``tensor`` is what is left when padding and reshaping are undone, and taking windows; ``pad_values`` are the
    constants that were padded with, in order, and ``reshapes`` the operations of other kinds in between.
    """

    tensor: str
    pad_values: tuple[float, ...] = ()
    pads: tuple[np.ndarray, ...] = ()
    reshapes: tuple[str, ...] = ()


def layer_input(frozen: FrozenGraph, node: NodeDef, operand: int = 0) -> LayerInput:
    """Follows an operand of ``node`` back to the quantizer, or to whatever produces it."""
    tensor, values, pads, reshapes = node.input[operand], [], [], []
    while (source := frozen.source(tensor)).op in (*_PADS, *_RESHAPES, *_CUTS, *_JOINS):
        tensor = source.input[0]
        if source.op in _PADS:
            values.append(float(frozen.constant(source.input[2])) if source.op == "PadV2" else 0.0)
            pads.append(frozen.constant(source.input[1]))
            continue
        if source.op in _JOINS:
            parts = {layer_input(frozen, source, index).tensor for index in range(source.attr["N"].i)}
            if len(parts) > 1:  # of one tensor they are its windows
                tensor = source.name
                break
        reshapes.append(source.op)
    return LayerInput(tensor, tuple(values), tuple(pads), tuple(reshapes))


def is_sign(frozen: FrozenGraph, tensor: str) -> bool:
    """Whether ``tensor`` is a sign of -1 and +1 in a form that the converter knows, and computes rightly.

    These are ``where(condition, 1, -1)``, its opposite, and larq's ``sign(sign(x) + c)`` with c between 0 and 1.
    """
    node = frozen.source(tensor)
    if node.op in _SELECTS:
        branches = [_single_value(frozen.constant(branch)) for branch in node.input[1:3]]
        return branches in ([1, -1], [-1, 1])
    if node.op == "Sign" and (summand := sign_summand(frozen, node)) is not None:
        return is_between_0_and_1(frozen.constant(summand))
    return False


def sign_summand(frozen: FrozenGraph, node: NodeDef) -> str | None:
    """The tensor c where ``node`` is ``sign(sign(a) + c)``, else None."""
    if node.op != "Sign" or (added := frozen.source(node.input[0])).op not in _ADDITIONS:
        return None
    operands = data_inputs(added)
    signs = [tensor for tensor in operands if frozen.source(tensor).op == "Sign" and not frozen.is_constant(tensor)]
    if not signs:
        return None
    return operands[1] if operands[0] == signs[0] else operands[0]


def is_between_0_and_1(values: np.ndarray | None) -> bool:
    return values is not None and bool(np.all((values > 0) & (values < 1)))


def kernel_deviation(kernel: np.ndarray) -> float:
    """How far the magnitudes are from one per output channel, relative to it, as the converter measures it.

    Args:
        kernel: weights ``[out, fan_in]``.

    Returns:
        The largest ``| |w| / s - 1 |`` with s the magnitude of the channel's first weight; infinite where s is 0.
    """
    magnitude = np.abs(kernel)
    scale = magnitude[:, :1]
    if not scale.all():
        return float("inf")
    return float(np.abs(magnitude / scale - 1).max())


def is_binary_kernel(kernel: np.ndarray) -> bool:
    """Whether the converter packs the kernel ``[out, fan_in]``."""
    return kernel_deviation(kernel) < KERNEL_TOLERANCE


def _single_value(values: np.ndarray | None) -> float | None:
    """The value that all elements have, None if they differ or depend on the inputs."""
    if values is None or values.size == 0 or not np.all(values == values.flat[0]):
        return None
    return float(values.flat[0])
