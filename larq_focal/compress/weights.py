"""Weights of a trained network in few bits, in the ranges of least squared error, without data (OMSE).

Source: Choukroun, Kravchik, Yang and Kisilev, "Low-bit Quantization of Neural Networks for Efficient Inference",
https://arxiv.org/abs/1902.06822: a range for each output channel ("kernel-wise").
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from larq_focal.compress.quantized_network import LayerBits, QuantizedNetwork
from larq_focal.compress.scheme_names import Scheme
from larq_focal.compress.schemes import MOST_BITS, SCHEMES, least_squares, level_sets
from larq_focal.compress.storage import stored_weights
from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.kernel import Kernel
from larq_focal.network.load import as_graph


def quantize_kernel(
    kernel: Kernel, bits: int, *, scheme: Scheme = "least squares", has_zero: bool | None = None
) -> Kernel:
    """The weights of a layer in ``bits`` bits, with a scale for each output channel.

    Args:
        kernel: of floats, or of integers of more bits: ``[..., C]``.
        bits: 1 to 8. One bit is the sign, times the mean magnitude.
        scheme: how levels are chosen, one of ``larq_focal.compress.SCHEMES``: even ones by the least squared error; up
            to the largest weight; from the least to the largest weight; with a scale that is a power of two; or levels
            that are powers of two, of up to 4 bits.
        has_zero: for least squares, whether 0 is a level, with 2^bits - 1 levels 0, +-1, +-2, ...; without it there are
            2^bits levels +-1, +-3, .... None takes for the layer what has the smaller squared error. With 1 bit there
            is no 0; with 8 bits there is, because int8 does not hold the others.

    Raises:
        ValueError: other bits, a scheme or levels that there are not, or weights that are not finite.
    """
    values = kernel.values()
    if not np.all(np.isfinite(values)):
        raise ValueError("The weights hold a number that is not finite.")
    if scheme not in SCHEMES:
        raise ValueError(f"There is no scheme '{scheme}'; choose {', '.join(map(repr, SCHEMES))}.")
    if has_zero is None:
        return SCHEMES[scheme](values, bits)
    if scheme != "least squares":
        raise ValueError(f"has_zero is for the scheme 'least squares'; '{scheme}' always has 0 as a level.")
    return least_squares(values, bits, has_zero)


def quantize_weights(
    network: Any,
    bits: int | Mapping[str, int] | None,
    *,
    layers: Mapping[str, int] | None = None,
    everywhere: bool = False,
    scheme: Scheme = "least squares",
    has_zero: bool | None = None,
    keep: Collection[str] = (),
    trust: bool = False,
) -> QuantizedNetwork:
    """A network whose convolutions and dense layers have weights of few bits.

    Nothing else changes: not the biases, nor what is computed between the layers, which ``lqf.convert`` can bring to
    int8. Layers whose weights have at most so many bits already, such as binary ones, stay as they are.

    Args:
        network: a Keras model, a QuantGraph, or the path of a ``.keras``, ``.h5``, ``.tflite`` or ``.qgraph`` file or a
            SavedModel folder.
        bits: 1 to 8 for all layers, or by the name of a layer in the graph, as ``layers`` has them. Layers that have
            neither stay as they are.
        layers: the bits of single layers by their names, in place of ``bits``.
        everywhere: whether ``bits`` for all is meant for layers too whose weights take no fewer bytes than int8 in a
            file: depthwise, grouped and small ones, and those of few input channels. They get 8 bits otherwise.
        scheme: as for :func:`quantize_kernel`.
        has_zero: as for :func:`quantize_kernel`.
        keep: names of layers that stay as they are.
        trust: whether the file of a Keras model may run code that it brings, as in ``load_keras_model``.

    Raises:
        TypeError: ``network`` is nothing of these.
        FileNotFoundError: there is no such file.
        UntrustedModelError: the file would run code, and ``trust`` is not given.
        ValueError: there is no layer of a name, other bits, weights that are not finite, or a file that cannot be read.
    """
    graph = as_graph(network, trust=trust)
    named = {**(bits if isinstance(bits, Mapping) else {}), **(layers or {})}
    for_all = None if isinstance(bits, Mapping) else bits
    _check(graph, named, for_all, keep)
    made: dict[tuple[int, int], Kernel] = {}  # layers that share their weights share those of few bits

    def in_bits(op: ops.Linear, width: int, **levels: Any) -> ops.Linear:
        if op.kernel.bits <= width:
            return op
        key = id(op.kernel.codes), width
        try:
            made[key] = made.get(key) or quantize_kernel(op.kernel, width, **levels)
        except ValueError as error:
            raise ValueError(f"The layer '{op.name}' of '{graph.name}': {error}") from error
        return dataclasses.replace(op, kernel=made[key])

    def quantized(op: ops.Op) -> ops.Op:
        wanted = named.get(op.name, for_all)
        if not isinstance(op, ops.Linear) or op.name in keep or wanted is None:
            return op
        narrow = in_bits(op, wanted, scheme=scheme, has_zero=has_zero)
        if everywhere or op.name in named or not _is_no_smaller(narrow):
            return narrow
        return in_bits(op, MOST_BITS, scheme="least squares" if scheme == "powers of two" else scheme)

    result = graph.rewritten(quantized(op) for op in graph)
    rows = [LayerBits.of(op, result[op.name], result) for op in graph.layers]
    return QuantizedNetwork(result, tuple(rows))


def _is_no_smaller(op: ops.Linear) -> bool:
    """Whether the weights of a layer take at least as many bytes in a file as they would in int8."""
    return stored_weights(op).bytes >= op.kernel.size


def _check(graph: QuantGraph, named: Mapping[str, int], for_all: int | None, keep: Collection[str]) -> None:
    names = [op.name for op in graph.layers]
    if unknown := sorted({*named, *keep} - {*names}):
        missing, known = (", ".join(map(repr, each)) for each in (unknown, names))
        raise ValueError(f"'{graph.name}' has no layer {missing}; its layers are {known}.")
    for bits in (*named.values(), *([] if for_all is None else [for_all])):
        level_sets(bits, None)
