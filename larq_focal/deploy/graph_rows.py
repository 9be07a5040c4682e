"""What became of each layer of a graph in a file that was written from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from larq_focal.deploy.audit.layer_audit import Intent, LayerAudit
from larq_focal.network import ops
from larq_focal.network.arranged_weights import arranged
from larq_focal.network.few_bits import FEW_BIT_KINDS, has_few_bits, operator_of, packed_kernel, widths
from larq_focal.network.graph import QuantGraph
from larq_focal.network.kernel import FLOAT_BITS, Kernel
from larq_focal.network.packing import words_for
from larq_focal.network.passes.packable import is_packable
from larq_focal.network.passes.packing_reasons import why_not_packed
from larq_focal.network.tflite.flatbuffer import FlatModel, Operator

_FEW_BITS = 8
_OPERATORS_OF_INT8 = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
_PACKED = "LceBconv2d"
_OPERATORS = {
    ops.Dense: "FULLY_CONNECTED",
    ops.Conv2D: "CONV_2D",
    ops.Conv2DTranspose: "TRANSPOSE_CONV",
    ops.Conv3D: "CONV_3D",
    ops.LocallyConnected2D: "BATCH_MATMUL",
}


def layer_audits(graph: QuantGraph, lowered: QuantGraph, file: FlatModel) -> Iterator[LayerAudit]:
    """One for each kernel: a layer that is called several times is packed if it is so in every call."""
    packed, integer = _packed_layers(graph, lowered, file), _int8_layers(graph, lowered, file)
    calls: dict[int, list[ops.Weighted]] = {}
    for op in graph:
        if isinstance(op, ops.Weighted):
            calls.setdefault(id(op.kernel.codes), []).append(op)
    for op, *others in calls.values():
        intended = _intended(graph, op)
        floats = [call for call in (op, *others) if call.name not in packed]
        is_packed, is_int8 = not floats, all(call.name in integer for call in floats)
        is_fine = is_packed or intended == "float" or (is_int8 and intended == "few-bit")
        reason = None if is_fine else why_not_packed(graph, floats[0]) or "not known"
        yield LayerAudit(
            layer=op.name,
            kind=type(op).__name__,
            intended=intended,
            became="packed" if is_packed else "int8" if is_int8 else "float",
            operation=packed[op.name].operation if is_packed else _operator(op),
            weights=op.kernel.size,
            bytes=packed[op.name].bytes if is_packed else op.kernel.size * (1 if is_int8 else 4),
            expected_bytes=_declared_bytes(op, intended, packed.get(op.name)),
            reason=reason or "",
        )


def _operator(op: ops.Weighted) -> str:
    is_depthwise = isinstance(op, ops.Conv2D) and op.is_depthwise
    return "DEPTHWISE_CONV_2D" if is_depthwise else _OPERATORS[type(op)]


class _Packed(NamedTuple):
    """The operator that has the packed kernel of a layer, with its widths, and the bytes of the kernel."""

    operation: str
    bytes: int


def _packed_layers(graph: QuantGraph, lowered: QuantGraph, file: FlatModel) -> dict[str, _Packed]:
    """The layers whose packed kernels are in the file.

    Passes give what they make of a binary layer its name, and a suffix.
    """
    found: dict[str, dict[bytes, str]] = {}
    stored = _stored(file, (_PACKED,))
    names = {op.name for op in graph if isinstance(op, ops.Weighted)}
    for op in lowered.layers:
        if is_packable(lowered, op) and (layer := _layer_of(op.name, names)) is not None:
            words = op.kernel.packed().tobytes()
            if words in stored:
                found.setdefault(layer, {})[words] = _PACKED
    stored = _stored(file, FEW_BIT_KINDS)
    for name, op in _by_origin(graph, lowered) if stored else ():
        if has_few_bits(op):
            words = packed_kernel(op).tobytes()
            if words in stored:
                found.setdefault(name, {})[words] = f"{operator_of(op)} ({widths(stored[words].options)})"
    return {layer: _Packed(min(kinds.values()), sum(map(len, kinds))) for layer, kinds in found.items()}


def _int8_layers(graph: QuantGraph, lowered: QuantGraph, file: FlatModel) -> set[str]:
    """The layers whose weights are in the file as int8."""
    stored = _stored(file, _OPERATORS_OF_INT8, "int8")
    return {
        name
        for name, op in _by_origin(graph, lowered)
        if op.kernel.bits <= 8 and arranged(op, op.kernel.codes).astype(np.int8).tobytes() in stored
    }


def _stored(file: FlatModel, kinds: Sequence[str], dtype: str = "int32") -> dict[bytes, Operator]:
    """These operators by their kernels, where those are constant."""
    operators = [(operator, operator.inputs[1]) for operator in file.operators if operator.kind in kinds]
    return {
        kernel.data.tobytes(): operator
        for operator, kernel in operators
        if kernel.dtype == dtype and kernel.is_constant
    }


def _by_origin(graph: QuantGraph, lowered: QuantGraph) -> Iterator[tuple[str, ops.Linear]]:
    """What passes made of layers that are not binary, by their names: passes leave it the layer's origin."""
    left: dict[str, list[str]] = {}
    for op in graph.layers:
        left.setdefault(op.origin, []).append(op.name)
    for op in lowered.layers:
        names = left.get(op.origin, [])
        if names and not is_packable(lowered, op):
            name = op.name if op.name in names else names[0]
            names.remove(name)
            yield name, op


def _layer_of(name: str, layers: set[str]) -> str | None:
    while name and name not in layers:
        name = name.rpartition("/")[0]
    return name or None


def _intended(graph: QuantGraph, op: ops.Weighted) -> Intent:
    declared = [bits for bits in op.declared_bits if bits is not None]
    bits = declared if len(declared) == 2 else [graph.input_bits(op), op.kernel.bits]
    if max(bits) == 1:
        return "binary"
    return "few-bit" if max(bits) <= _FEW_BITS else "float"


def _declared_bytes(op: ops.Weighted, intended: Intent, packed: _Packed | None) -> int:
    """What the kernel takes at the width that it was meant to have."""
    bits = op.declared_bits[1] or (FLOAT_BITS if intended == "float" else op.kernel.bits)
    if bits == FLOAT_BITS:
        return 4 * op.kernel.size
    if bits == 1:
        return _words_bytes(op.kernel) if packed is None else packed.bytes
    return -(-op.kernel.size * bits // 8)


def _words_bytes(kernel: Kernel) -> int:
    *window, channels, out = kernel.shape
    return 4 * int(np.prod(window)) * words_for(channels) * out
