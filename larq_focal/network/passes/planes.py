"""Products of few bits as sums of products of single bits."""

from __future__ import annotations

import dataclasses
from itertools import product

import numpy as np

from larq_focal.network import ops
from larq_focal.network.few_bits import MOST_BITS, is_exact_in_few_bits
from larq_focal.network.graph import QuantGraph
from larq_focal.network.kernel import Kernel
from larq_focal.network.packing import WORD_BITS
from larq_focal.network.passes.packable import gives_signs, is_padded
from larq_focal.network.passes.uses import NewNames

_MOST_LEVELS = 4
_MOST_PRODUCTS = 6
"""More binary convolutions than these take longer than a float one on many processors."""


@dataclasses.dataclass(frozen=True)
class _Planes:
    """``offset + sum of factors[i] * plane i``, times ``unit``; the factors are whole, the planes -1 and +1."""

    factors: tuple[int, ...]
    unit: float
    offset: float = 0.0


def has_planes(graph: QuantGraph, op: ops.Op) -> bool:
    """Whether a layer becomes a sum of binary ones; with several, only where no single operator computes it."""
    if why_no_planes(graph, op) is not None:
        return False
    return not is_exact_in_few_bits(graph, op) or _products(graph, op) == 1


def _products(graph: QuantGraph, op: ops.Linear) -> int:
    inputs, kernels = _input_factors(graph, op), _kernel_planes(op.kernel)
    return len(inputs.factors) * len(kernels[0])


def why_no_planes(graph: QuantGraph, op: ops.Op) -> str | None:
    """Why a layer is not a sum of few binary ones; None if it is one, or is binary itself."""
    if not isinstance(op, ops.Linear):
        return f"there is no binary operator for a {type(op).__name__}"
    value = graph[op.inputs[0]]
    inputs, kernels = _input_factors(graph, op), _kernel_planes(op.kernel)
    if inputs is None:
        if not isinstance(value, ops.Quantize):
            return f"its inputs have {graph.input_bits(op)} bits"
        if len(value.levels) == 1:
            return "its inputs have one level"
        if len(value.levels) > _MOST_LEVELS and op.kernel.bits > MOST_BITS:
            return f"its kernel has {op.kernel.bits} bits, and at most {MOST_BITS} are packed on such inputs"
        if len(value.levels) > _MOST_LEVELS:
            return (
                f"its inputs have {len(value.levels)} levels; at most {_MOST_LEVELS} are packed, or up to 256 on a grid"
            )
        if not _is_even(value.levels):
            return "the levels of its inputs are not evenly spaced"
        return f"it pads with {getattr(op, 'pad_value', 0):g}, which is not a level of its inputs"
    if kernels is None:
        return f"its kernel has {op.kernel.bits} bits that are not signs, signs and 0, or odd numbers"
    if (count := _products(graph, op)) > _MOST_PRODUCTS:
        return f"it would take {count} binary products, and at most {_MOST_PRODUCTS} are made"
    if isinstance(op, ops.Conv2D):
        if op.groups > 1 and op.kernel.shape[2] % WORD_BITS:
            return f"its groups have {op.kernel.shape[2]} input channels, which is not a multiple of {WORD_BITS}"
        if gives_signs(graph, value) and op.pad_value not in (0, 1) and is_padded(graph, op):
            return f"it pads with {op.pad_value:g}, not with 0 or 1"
    return None


def few_bits_as_planes(graph: QuantGraph) -> QuantGraph:
    """A convolution of inputs or kernels with a few levels becomes a sum of binary ones.

    Evenly spaced levels ``l[0], l[0] + s, ...`` are ``x = offset + s/2 * (b[1] + b[2] + ...)`` with ``b[i] = +1`` where
    ``x`` has reached the i-th level, else -1. Outside the image x is the padding, and there the planes have to be +1,
    as packed convolutions have it: those that are -1 at the padding are turned, ``-b[i]``, and have a negative factor.
    So with whole factors and planes K of the kernel (ternary: ``K = (K1 + K2) / 2``; odd codes:
    ``K = K0 + 2 K1 + 4 K2 ...``)

        conv(x, K) = offset * sum(K) + s/2 * (sum over i, j of factor[i] * factor[j] * conv(b[i], K[j]))

    The sum in brackets is one of whole numbers, and exact.

    Source: Wan et al., "TBN", ECCV 2018, for ternary inputs; Zhou et al., "DoReFa-Net", 2016, section 2.1, for bits.
    """
    result: list[ops.Op] = []
    made: dict[str, str] = {}
    new_name = NewNames(graph)
    for op in graph:
        is_binary = graph.is_binary(op) and gives_signs(graph, graph[op.inputs[0]])
        if not isinstance(op, ops.Conv2D) or is_binary or not has_planes(graph, op):
            result.append(op)
            continue
        inputs = _input_factors(graph, op)
        planes = _add_planes(result, made, new_name, graph[op.inputs[0]], inputs)
        result += _sum_of_products(op, new_name, planes, inputs)
    return graph.rewritten(result)


def _is_even(levels: np.ndarray) -> bool:
    steps = np.diff(levels.astype(np.float64))
    return len(steps) > 0 and bool(np.allclose(steps, steps[0], rtol=1e-6, atol=0))


def _input_factors(graph: QuantGraph, op: ops.Linear) -> _Planes | None:
    value = graph[op.inputs[0]]
    if gives_signs(graph, value):
        return _Planes((1,), 1.0)
    if not isinstance(value, ops.Quantize) or len(value.levels) > _MOST_LEVELS or not _is_even(value.levels):
        return None
    levels = value.levels.astype(np.float64)
    base = len(levels) - 1
    if isinstance(op, ops.Conv2D) and is_padded(graph, op):
        if op.pad_value not in value.levels:
            return None
        base = int(np.flatnonzero(value.levels == op.pad_value)[0])
    unit = (levels[-1] - levels[0]) / (len(levels) - 1) / 2
    factors = tuple(1 if index < base else -1 for index in range(len(levels) - 1))
    return _Planes(factors, unit, levels[base] - unit * sum(factors))


def _kernel_planes(kernel: Kernel) -> tuple[list[tuple[np.ndarray, int]], float] | None:
    """Codes of -1 and +1 with whole factors, and what their sum takes to be the codes of ``kernel``."""
    codes = kernel.codes
    if kernel.scale is None:
        return None
    largest = int(np.abs(codes).max())
    if largest <= 1 and not np.all(codes):
        return [(_signs(codes >= 0), 1), (_signs(codes > 0), 1)], 0.5
    if not np.all(codes % 2):
        return None
    planes, rest = [], codes.astype(np.promote_types(codes.dtype, np.int16))
    for factor in (2**bit for bit in reversed(range(largest.bit_length()))):
        plane = _signs(rest > 0)
        planes.append((plane, factor))
        rest -= plane * rest.dtype.type(factor)
    return planes, 1.0


def _signs(is_positive: np.ndarray) -> np.ndarray:
    return np.where(is_positive, np.int8(1), np.int8(-1))


def _add_planes(
    result: list[ops.Op], made: dict[str, str], new_name: NewNames, value: ops.Op, inputs: _Planes
) -> list[str]:
    """The names of the planes of ``value``; those that are not there yet are added."""
    if not isinstance(value, ops.Quantize):
        return [value.name]
    names = []
    for index, (boundary, factor) in enumerate(zip(value.boundaries, inputs.factors, strict=True), 1):
        plane = f"{value.name}/{'reached' if factor > 0 else 'below'}_{index}"
        if plane in made:
            names.append(made[plane])
            continue
        name = made[plane] = new_name(plane)
        names.append(name)
        threshold, flip = boundary, None
        if factor < 0:  # x < boundary
            threshold = np.nextafter(boundary, np.float32(-np.inf))
            flip = np.ones(value.shape[-1], bool)
        place = {"name": name, "inputs": value.inputs, "shape": value.shape, "origin": value.origin}
        result.append(ops.Binarize(**place, threshold=np.float32(threshold), flip=flip))
    return names


def _sum_of_products(op: ops.Conv2D, new_name: NewNames, planes: list[str], inputs: _Planes) -> list[ops.Op]:
    place = {"shape": op.shape, "origin": op.origin}
    channels, zero = op.shape[-1], np.zeros(op.shape[-1], np.float32)
    kernels, kernel_unit = _kernel_planes(op.kernel)
    result: list[ops.Op] = []
    terms = []
    one_padded = {} if len(planes) == 1 and inputs == _Planes((1,), 1.0) else {"pad_value": 1.0}
    for number, ((plane, factor), (codes, weight)) in enumerate(
        product(zip(planes, inputs.factors, strict=True), kernels), 1
    ):
        kernel = Kernel(codes, np.ones(channels, np.float32), 1)
        name = new_name(f"{op.name}/product_{number}")
        result.append(dataclasses.replace(op, name=name, inputs=(plane,), kernel=kernel, bias=None, **one_padded))
        if factor * weight != 1:
            weighted = {"scale": np.full(channels, factor * weight, np.float32), "mean": zero, "bias": zero}
            result.append(ops.Affine(name=new_name(f"{name}/weighted"), inputs=(name,), **weighted, **place))
        terms.append(result[-1].name)
    if len(terms) > 1:
        result.append(ops.Add(name=new_name(f"{op.name}/sum"), inputs=tuple(terms), **place))
    kernel_scale = op.kernel.scale.astype(np.float64)
    code_sums = op.kernel.codes.astype(np.int64).reshape(-1, channels).sum(0)
    bias = inputs.offset * code_sums * kernel_scale + (0 if op.bias is None else op.bias)
    scale = inputs.unit * kernel_scale * kernel_unit
    result.append(
        ops.Affine(
            name=op.name,
            inputs=(result[-1].name,),
            mean=zero,
            scale=scale.astype(np.float32),
            bias=bias.astype(np.float32),
            **place,
        )
    )
    return result
