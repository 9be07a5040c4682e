"""Faults of Larq Compute Engine's converter that a model would run into, found before it is converted.

The patterns are those of larq/compute-engine 0.16, ``mlir/transforms/prepare_patterns_common.td`` (signs) and
``optimize_patterns_common.td`` (fusing constants into binary convolutions).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from larq_focal.deploy.audit.findings import Finding, constant_fix
from larq_focal.deploy.conversion.frozen import FrozenGraph, NodeDef, data_inputs
from larq_focal.deploy.conversion.lce_patterns import (
    is_between_0_and_1,
    is_binary_kernel,
    is_sign,
    layer_input,
    sign_summand,
)

_COMMUTATIVE = ("Add", "AddV2", "Mul")
_CONSTANT_LAST = ("Sub", "RealDiv", "BiasAdd")
_CLAMPS = ("Relu", "Relu6", "Minimum", "Maximum", "ClipByValue")


def model_faults(frozen: FrozenGraph, layer_names: Sequence[str]) -> list[Finding]:
    """What must not be given to the converter: it would compute something else, or crash.

    Args:
        frozen: the graph to convert.
        layer_names: names of the model's layers, to tell which one a fault is in.
    """
    return [
        finding
        for node in frozen.graph_def.node
        for finding in (*_sign_of_sum(frozen, node, layer_names), *_constant_shape(frozen, node, layer_names))
    ]


def layer_of(node: NodeDef, layer_names: Sequence[str]) -> str:
    """The layer that a node belongs to, told by its scope ``model/layer/...``; "" where no name fits."""
    scopes = node.name.split("/")[1:]
    fitting = [name for name in layer_names if scopes[: name.count("/") + 1] == name.split("/")]
    return max(fitting, key=len, default="")


def _sign_of_sum(frozen: FrozenGraph, node: NodeDef, layer_names: Sequence[str]) -> Iterator[Finding]:
    """``sign(sign(a) + c)`` is replaced by the sign of a, whatever c is."""
    summand = sign_summand(frozen, node)
    if summand is None or frozen.is_constant(node.name):
        return
    value = frozen.constant(summand)
    if is_between_0_and_1(value) or (value is not None and not value.any()):  # adding 0 is dropped before
        return
    is_ternary = frozen.source(summand).op == "Sign"
    what = "the sum of two signs (a ternary quantizer such as ste_tern)" if is_ternary else "sign(x) + c"
    fix = (
        "Use 'ternary_sign' in a BinarySumConv2D with input_levels=(-1, 0, 1), which is two binary convolutions. "
        "Or use one sign with a threshold."
        if is_ternary
        else "Write the sign as tf.where(condition, 1.0, -1.0)."
    )
    yield Finding(
        "sign-of-sum",
        "error",
        layer_of(node, layer_names),
        f"'{node.name}' takes the sign of {what}, which the converter silently replaces by one sign: the converted "
        "network would compute something else.",
        fix,
    )


def _constant_shape(frozen: FrozenGraph, node: NodeDef, layer_names: Sequence[str]) -> Iterator[Finding]:
    """Constants with more than one axis that the converter would fuse into the convolution ``node`` if it is binary."""
    if node.op != "Conv2D" or not is_sign(frozen, layer_input(frozen, node).tensor):
        return
    pads_by_zero = node.attr["padding"].s == b"SAME"
    last = node
    while len(consumers := frozen.consumers(last)) == 1:
        (last,) = consumers
        if last.op in (*_COMMUTATIVE, *_CONSTANT_LAST):
            constant = _constant_operand(frozen, last)
            if constant is None:
                return
            if constant.ndim > 1:
                if _has_binary_kernel(frozen, node):
                    yield _bad_constant(last, constant, layer_names)
                return
        elif last.op != "FusedBatchNormV3" and (last.op not in _CLAMPS or pads_by_zero):
            return


def _has_binary_kernel(frozen: FrozenGraph, node: NodeDef) -> bool:
    kernel = frozen.constant(node.input[1])
    return kernel is not None and is_binary_kernel(kernel.reshape(-1, kernel.shape[-1]).T)


def _constant_operand(frozen: FrozenGraph, node: NodeDef) -> np.ndarray | None:
    first, second = data_inputs(node)
    if (value := frozen.constant(second)) is not None:
        return value
    return frozen.constant(first) if node.op in _COMMUTATIVE else None


def _bad_constant(node: NodeDef, constant: np.ndarray, layer_names: Sequence[str]) -> Finding:
    shape = constant.shape
    return Finding(
        "constant-shape",
        "error",
        layer_of(node, layer_names),
        f"'{node.name}' combines the output of a binary convolution with a constant of shape {shape}. The converter "
        "fuses it without a look at its shape: it would crash, or write a file that does not load or computes "
        "something else.",
        constant_fix(shape),
    )
