"""How far the outputs of a graph move when its numbers change as little as rounding changes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from larq_focal.deploy.audit.agreement import Agreement
from larq_focal.deploy.graph_samples import Data
from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.interpret import interpret
from larq_focal.network.passes.packable import is_packable

FACTOR = 4
"""Rounding explains a difference of up to this many times what a change of a few in a million does to the network."""
_CHANGE = 3e-6
_ROUNDING = 2**-23
_TRIALS = 8
_STEP_PART = 0.25
"""Of a step of int8: engines may round to another integer than the nearest."""


def rounding_sensitivity(lowered: QuantGraph, inputs: Data, agreement: Agreement, seed: int) -> float:
    """How far the outputs of samples that differ move when inputs and float weights change by a few millionths.

    Looks no further than to where this explains the difference.
    """
    random, largest = np.random.default_rng(seed), 0.0

    def changed(array: np.ndarray) -> np.ndarray:
        return (array * (1 + _CHANGE * random.standard_normal(array.shape))).astype(np.float32)

    for sample in agreement.differing:
        given = {name: np.asarray(array[sample : sample + 1], np.float32) for name, array in inputs.items()}
        expected = interpreted_outputs(lowered, given)
        for _ in range(_TRIALS):
            moved = lowered.rewritten(part for op in lowered for part in _moved(lowered, op, changed, random))
            outputs = interpreted_outputs(moved, {name: changed(array) for name, array in given.items()})
            pairs = zip(expected, outputs, strict=True)
            largest = max(largest, *(float(np.abs(a - b).max(initial=0)) for a, b in pairs))
            if agreement.max_abs_difference <= FACTOR * largest:
                return largest
    return largest


def _moved(
    lowered: QuantGraph, op: ops.Op, changed: Callable[[np.ndarray], np.ndarray], random: np.random.Generator
) -> list[ops.Op]:
    """``op`` with changed normalisations, weights and boundaries; a rounding of numbers that are a part of a step off.

    Sums under a scale are changed by their scale: whichever engine adds them in floats rounds them.

    A packed convolution counts differing bits: its sum is K - 2 * count, and the operator adds K * multiplier to the
    bias once, whose rounding is then in every result.
    Source: larq/compute-engine, ``core/bconv2d/output_transform.h``.
    """
    if isinstance(op, ops.Affine):
        bias, source = changed(op.bias), lowered[op.inputs[0]]
        if is_packable(lowered, source):
            whole = source.kernel.fan_in * op.scale
            bias = bias + (changed(whole) - whole) * np.float32(_ROUNDING / _CHANGE)
        return [replace(op, scale=changed(op.scale), bias=bias)]
    if isinstance(op, ops.Linear):
        part = "codes" if op.kernel.scale is None else "scale"
        return [replace(op, kernel=replace(op.kernel, **{part: changed(getattr(op.kernel, part))}))]
    if isinstance(op, ops.Quantize):
        return [replace(op, boundaries=np.sort(changed(op.boundaries)))]
    if isinstance(op, ops.UniformQuantize):
        ones = np.ones(op.shape, np.float32)
        shift = (op.scale * _STEP_PART * random.standard_normal(op.shape)).astype(np.float32)
        place = {"name": f"{op.name}/before rounding", "inputs": op.inputs, "shape": op.shape}
        before = ops.Affine(**place, mean=np.zeros_like(ones), scale=ones, bias=shift)
        return [before, replace(op, inputs=(before.name,))]
    return [op]


def interpreted_outputs(graph: QuantGraph, inputs: Data) -> list[np.ndarray]:
    """What the interpreter computes, in the order of the outputs."""
    values = interpret(graph, {name: np.asarray(array, np.float32) for name, array in inputs.items()}, graph.outputs)
    return [values[name] for name in graph.outputs]
