"""The code of each kind of operation on the array."""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatch

import numpy as np

from larq_focal.focal_plane.compiler.emission import Emission, Value
from larq_focal.focal_plane.compiler.integer_form.counted_sums import ends_binary
from larq_focal.focal_plane.compiler.integer_form.whole_weights import FINEST_FRACTION
from larq_focal.focal_plane.compiler.layers.accumulation import accumulated, accumulation
from larq_focal.focal_plane.compiler.layers.count_schedule import most_frugal
from larq_focal.focal_plane.compiler.layers.max_pool import pool_pads, pooled
from larq_focal.focal_plane.compiler.layers.one_bit_maps import can_be_multiplied, constant, inverted, multiplied
from larq_focal.focal_plane.compiler.layers.sums import Term, binarized, common_layout, fewest_words, forms
from larq_focal.focal_plane.compiler.placement.maps import Maps, can_be_joined, joined
from larq_focal.focal_plane.compiler.terms import Uncounted, can_be_added, check_convolution, terms
from larq_focal.focal_plane.compiler.unsupported import UnsupportedError
from larq_focal.network.ops import Add, Affine, Binarize, Concat, Conv2D, Multiply, Op, Pool2D


@singledispatch
def emitted(op: Op, emission: Emission) -> Value | None:
    """Emits ``op`` and gives its value; None where it is left to the controller, as is every kind without a rule.

    Raises:
        UnsupportedError: the array cannot run it, and the controller is not asked to.
    """
    return None


@emitted.register
def _(op: Conv2D, emission: Emission) -> Value | None:
    check_convolution(emission.graph, emission.values, emission.tail, op)
    return Uncounted((op.name,))


@emitted.register
def _(op: Pool2D, emission: Emission) -> Value | None:
    (value,) = emission.inputs_of(op)
    if op.kind == "max" and isinstance(value, Maps):
        return _pooled(emission, value, op)
    if op.kind == "max" and isinstance(value, Uncounted) and ends_binary(emission.graph, op):
        return replace(value, pools=(*value.pools, op))
    return None


@emitted.register
def _(op: Binarize, emission: Emission) -> Value | None:
    (value,) = emission.inputs_of(op)
    if isinstance(value, Uncounted):
        return _binarized(emission, value, op)
    return _binarized(emission, Uncounted(op.inputs), op) if isinstance(value, Maps) else None


@emitted.register
def _(op: Multiply, emission: Emission) -> Value | None:
    factors = emission.inputs_of(op)
    return multiplied(emission.code, emission.constants, factors) if can_be_multiplied(factors) else None


@emitted.register
def _(op: Affine, emission: Emission) -> Value | None:
    (value,) = emission.inputs_of(op)
    if not isinstance(value, Maps) or not _is_constant_sign(op):
        return None
    return constant(emission.code, emission.constants, value.layout, op.bias)


@emitted.register
def _(op: Add, emission: Emission) -> Value | None:
    is_counted = ends_binary(emission.graph, op) and can_be_added(emission.graph, emission.values, op)
    return Uncounted(op.inputs) if is_counted else None


@emitted.register
def _(op: Concat, emission: Emission) -> Value | None:
    parts = emission.inputs_of(op)
    return joined(parts) if op.axis in (-1, 2) and can_be_joined(parts) else None


def cleaned(emission: Emission, term: Term) -> Term:
    """The same term; its maps are kept with 0 beyond if it reads there."""
    if not term.layer.reads_beyond:
        return term
    (name,) = term.layer.op.inputs
    maps = emission.values[name] = term.maps.cleaned(emission.code, emission.constants)
    return replace(term, maps=maps)


def _pooled(emission: Emission, maps: Maps, op: Pool2D) -> Maps:
    if np.any(pool_pads(op, maps.layout)):
        maps = maps.cleaned(emission.code, emission.constants)
    return pooled(emission.code, emission.constants, maps, op)


def _binarized(emission: Emission, sums: Uncounted, op: Binarize) -> Maps:
    threshold, flip = _threshold(op)
    signs = np.where(flip, -1, 1)
    finest = 2**FINEST_FRACTION  # of the weights of one-bit maps
    above = np.where(flip, (np.floor(threshold * finest) + 1) / finest, threshold)
    if not sums.pools:
        return _reached(emission, sums, signs, threshold * signs, op)
    maps = _reached(emission, sums, 1, above, op)
    for pool in sums.pools:
        maps = _pooled(emission, maps, pool)
    return inverted(emission.code, emission.constants, maps, flip)


def _reached(emission: Emission, sums: Uncounted, signs: np.ndarray | int, wanted: np.ndarray, op: Binarize) -> Maps:
    """1 where the sums times ``signs`` reach ``wanted`` ``[channels]``."""
    code, constants = emission.code, emission.constants
    added = terms(emission.graph, emission.values, sums.names, signs)
    if added is None:
        raise UnsupportedError(
            f"'{op.name}' behind '{sums.names[0]}' changes its sign more than once, which no threshold does."
        )
    layers = [term.layer.op.name for term in added if not term.is_signs]
    with code.section(layers[-1] if layers else op.name):
        added = [cleaned(emission, term) for term in added]
        schedule = most_frugal(emission.schedules[name] for name in layers)
        total, limits = fewest_words(code, list(forms(added, wanted, common_layout(added))), schedule)
        if schedule.is_analog and (alone := total.only_layer) is not None:
            plan = accumulation(alone.layer, total.counts(limits), emission.sensor)
            if plan is not None:
                emission.accumulations[alone.layer.op.name] = plan
                return accumulated(code, constants, alone.maps, alone.layer, plan, schedule)
        return binarized(code, constants, total, limits, schedule)


def _threshold(op: Binarize) -> tuple[np.ndarray, np.ndarray]:
    """Threshold and flip of each channel."""
    threshold = np.broadcast_to(np.asarray(op.threshold, np.float64), op.shape)
    if (threshold != threshold[0, 0]).any():
        raise UnsupportedError(f"'{op.name}' has thresholds of each pixel's own, which are not folded yet.")
    flip = np.zeros(op.shape[-1], bool) if op.flip is None else np.broadcast_to(op.flip, op.shape[-1:])
    return threshold[0, 0], flip


def _is_constant_sign(op: Affine) -> bool:
    return not op.scale.any() and bool((np.abs(op.bias) == 1).all()) and op.bias.ndim == 1
