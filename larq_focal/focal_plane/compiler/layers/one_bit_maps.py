"""One-bit maps that the array makes without counting: products of signs, inverses and constants."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from larq_focal.focal_plane.compiler.backend.virtual import Code
from larq_focal.focal_plane.compiler.layers.count import alike
from larq_focal.focal_plane.compiler.layers.count_schedule import CountSchedule
from larq_focal.focal_plane.compiler.layers.sums import Sum, Term, binarized, common_layout, moved
from larq_focal.focal_plane.compiler.placement.layout import Layout
from larq_focal.focal_plane.compiler.placement.maps import Maps
from larq_focal.focal_plane.compiler.placement.patterns import Constants


def can_be_multiplied(values: Sequence[object]) -> bool:
    """Whether all are maps whose channels can be brought to the same places."""
    return all(isinstance(value, Maps) for value in values) and common_layout(_terms(values)) is not None


def multiplied(code: Code, constants: Constants, values: Sequence[Maps]) -> Maps:
    """Products of signs: whether bits are alike."""
    terms = _terms(values)
    layout = common_layout(terms)
    first, *others = (moved(code, constants, term, layout) for term in terms)
    planes = list(first.planes)
    for other in others:
        planes = [alike(code, a, [b]) for a, b in zip(planes, other.planes, strict=True)]
    return Maps(layout, tuple(planes))


def constant(code: Code, constants: Constants, layout: Layout, signs: np.ndarray) -> Maps:
    """Maps of which each channel has one of ``signs`` ``[channels]`` everywhere."""
    return binarized(code, constants, Sum(layout, ()), np.where(signs > 0, -np.inf, np.inf), CountSchedule())


def inverted(code: Code, constants: Constants, maps: Maps, channels: np.ndarray) -> Maps:
    """The maps with the signs of ``channels``, truth values for each, changed."""
    planes = []
    for index, plane in enumerate(maps.planes):
        here = [(place.offset, channels[c]) for c, place in enumerate(maps.layout.places) if place.plane == index]
        changed, used = [offset for offset, changes in here if changes], [offset for offset, _ in here]
        if len(changed) == len(used):
            plane = code.nor(plane)
        elif changed:
            plane = alike(code, plane, constants.places(changed, used, maps.layout.spacing), invert=True)
        planes.append(plane)
    return Maps(maps.layout, tuple(planes))


def _terms(values: Sequence[Maps]) -> list[Term]:
    return [Term.of_signs(f"factor {index}", maps, np.ones(maps.layout.channels)) for index, maps in enumerate(values)]
