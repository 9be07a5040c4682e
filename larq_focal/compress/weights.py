"""Weights of a trained network in few bits, in the ranges of least squared error, without data (OMSE).

Source: Choukroun, Kravchik, Yang and Kisilev, "Low-bit Quantization of Neural Networks for Efficient Inference",
https://arxiv.org/abs/1902.06822: a range for each output channel ("kernel-wise").
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from larq_focal.compress.least_squares import even_magnitudes, least_squares_scales, nearest_codes
from larq_focal.compress.quantized_network import LayerBits, QuantizedNetwork
from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.kernel import Kernel
from larq_focal.network.load import as_graph

MOST_BITS = 8
_LARGEST_CODE = 127
"""Of weights in int8."""


def quantize_kernel(kernel: Kernel, bits: int, *, has_zero: bool | None = None) -> Kernel:
    """The weights of a layer in ``bits`` bits, with the scale of least squared error for each output channel.

    Args:
        kernel: of floats, or of integers of more bits: ``[..., C]``.
        bits: 1 to 8. One bit is the sign, times the mean magnitude.
        has_zero: whether 0 is a level, with 2^bits - 1 levels 0, +-1, +-2, ...; without it there are 2^bits levels +-1,
            +-3, .... None takes for the layer what has the smaller squared error. With 1 bit there is no 0; with 8 bits
            there is, because int8 does not hold the others.

    Raises:
        ValueError: other bits, levels that there are not, or weights that are not finite.
    """
    values = kernel.values()
    if not np.all(np.isfinite(values)):
        raise ValueError("The weights hold a number that is not finite.")
    candidates = [_with_levels(values, bits, with_zero) for with_zero in _level_sets(bits, has_zero)]
    if has_zero is None and len(candidates) > 1 and not np.all(np.any(values.reshape(-1, values.shape[-1]), axis=0)):
        return candidates[0]  # a channel of zeros stays one
    return min(candidates, key=lambda candidate: squared_error(values, candidate))


def _level_sets(bits: int, has_zero: bool | None) -> list[bool]:
    """Whether 0 is a level, for each set of levels to choose from."""
    if not 1 <= bits <= MOST_BITS:
        raise ValueError(f"Weights can have 1 to {MOST_BITS} bits, not {bits}.")
    known = {1: [False], MOST_BITS: [True]}.get(bits, [True, False])
    if has_zero is None:
        return known
    if has_zero not in known:
        raise ValueError(f"Weights of {bits} bits {'have' if known == [True] else 'do not have'} 0 as a level.")
    return [has_zero]


def _with_levels(values: np.ndarray, bits: int, has_zero: bool) -> Kernel:
    magnitudes = even_magnitudes(bits, has_zero)
    scales = least_squares_scales(values, magnitudes).astype(np.float32)
    codes = nearest_codes(values, scales, magnitudes).astype(np.int8)
    return Kernel(codes, scales, bits, len(scales))


def squared_error(values: np.ndarray, kernel: Kernel) -> float:
    """The sum of squared differences of weights and the kernel that stands for them."""
    return float(np.square(values - kernel.values(), dtype=np.float64).sum())


def quantize_weights(
    network: Any,
    bits: int | Mapping[str, int],
    *,
    has_zero: bool | None = None,
    keep: Collection[str] = (),
    trust: bool = False,
) -> QuantizedNetwork:
    """A network whose convolutions and dense layers have weights of few bits.

    Nothing else changes: not the biases, nor what is computed between the layers, which ``lqf.convert`` can bring to
    int8. Layers whose weights have at most ``bits`` bits already, such as binary ones, stay as they are.

    Args:
        network: a Keras model, a QuantGraph, or the path of a ``.keras``, ``.h5``, ``.tflite`` or ``.qgraph`` file or a
            SavedModel folder.
        bits: 1 to 8 for all layers, or by the name of a layer in the graph; layers that are not named stay as they are.
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
    wanted = _bits_by_layer(graph, bits, keep)
    rows: list[LayerBits] = []
    made: dict[tuple[int, int], Kernel] = {}  # layers that share their weights share those of few bits
    result: list[ops.Op] = []
    for op in graph:
        if op.name in wanted and op.kernel.bits > wanted[op.name]:
            key = id(op.kernel.codes), wanted[op.name]
            if key not in made:
                try:
                    made[key] = quantize_kernel(op.kernel, wanted[op.name], has_zero=has_zero)
                except ValueError as error:
                    raise ValueError(f"The layer '{op.name}' of '{graph.name}': {error}") from error
            quantized = dataclasses.replace(op, kernel=made[key])
        else:
            quantized = op
        if isinstance(op, ops.Linear):
            rows.append(LayerBits.of(op, quantized))
        result.append(quantized)
    return QuantizedNetwork(graph.rewritten(result), tuple(rows))


def _bits_by_layer(graph: QuantGraph, bits: int | Mapping[str, int], keep: Collection[str]) -> dict[str, int]:
    names = [op.name for op in graph.layers]
    named = {*bits, *keep} if isinstance(bits, Mapping) else {*keep}
    if unknown := sorted(named - {*names}):
        missing, known = (", ".join(map(repr, each)) for each in (unknown, names))
        raise ValueError(f"'{graph.name}' has no layer {missing}; its layers are {known}.")
    by_layer = dict(bits) if isinstance(bits, Mapping) else dict.fromkeys(names, bits)
    for each in by_layer.values():
        _level_sets(each, None)
    return {name: each for name, each in by_layer.items() if name not in keep}
