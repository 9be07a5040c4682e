"""Sums of convolutions and one-bit maps: one count for all, and thresholds that a map may choose between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from larq_focal.focal_plane.compiler.backend.accesses import Accesses
from larq_focal.focal_plane.compiler.backend.virtual import Code, Operand, Plane
from larq_focal.focal_plane.compiler.layers.convolution import Convolution, count_into, output_layout
from larq_focal.focal_plane.compiler.layers.count import Count
from larq_focal.focal_plane.compiler.layers.count_schedule import CountSchedule
from larq_focal.focal_plane.compiler.layers.folded import can_be_folded, fold_into
from larq_focal.focal_plane.compiler.layers.thresholds import at_least
from larq_focal.focal_plane.compiler.placement.layout import Layout
from larq_focal.focal_plane.compiler.placement.maps import Counts, Maps
from larq_focal.focal_plane.compiler.placement.patterns import Constants
from larq_focal.network.kernel import Kernel
from larq_focal.network.ops import Conv2D

MOST_CHOICES = 3  # one-bit maps that choose between thresholds, of which each doubles the comparisons


@dataclass(frozen=True, eq=False)
class Term:
    """A convolution of ``maps`` in a sum, or the maps themselves, which are a convolution by one.

    ``weights`` ``[out]`` are how often its sums go in: not negative, for signs are in the codes of ``layer``; multiples
    of a power of two where the term is one-bit maps, else whole.
    """

    maps: Maps
    layer: Convolution
    weights: np.ndarray
    is_signs: bool = False

    @classmethod
    def of_sums(cls, maps: Maps, op: Conv2D, input_shape: tuple[int, int, int], weights: np.ndarray) -> Term:
        """``weights`` times the sums of the convolution ``op``."""
        return cls(maps, Convolution.of(op, input_shape, weights < 0), np.abs(weights))

    @classmethod
    def of_signs(cls, name: str, maps: Maps, weights: np.ndarray) -> Term:
        """``weights`` times one-bit maps, which are the value ``name``."""
        shape = maps.layout.shape
        one = Kernel(np.ones((1, 1, 1, shape[-1]), np.int8), np.ones(shape[-1], np.float32), 1)
        op = Conv2D(name=name, inputs=(name,), shape=shape, kernel=one, groups=shape[-1])
        return replace(cls.of_sums(maps, op, shape, weights), is_signs=True)

    @property
    def layout(self) -> Layout:
        """Where its outputs lie if nothing else asks for a place."""
        return self.maps.layout if self.is_signs else output_layout(self.maps.layout, self.layer.op)

    def can_lie_in(self, layout: Layout) -> bool:
        """Whether it can be counted at the places of ``layout``."""
        mine = self.layout
        alike = (mine.shape, mine.pitch, mine.tiles) == (layout.shape, layout.pitch, layout.tiles)
        room = self.maps.layout.room
        is_within = layout.block[0] <= room[0] and layout.block[1] <= room[1]
        return alike and is_within and (mine.is_spread or not layout.is_spread)


def common_layout(terms: Sequence[Term]) -> Layout | None:
    """Where all terms can lie: as the first that they all can follow, convolutions before maps."""
    for term in sorted(terms, key=lambda term: term.is_signs):
        if all(other.can_lie_in(term.layout) for other in terms):
            return term.layout
    return None


@dataclass(frozen=True, eq=False)
class Sum:
    """Terms that go into one count q; their sum is ``2 q - offsets``.

    ``choices`` are one-bit maps that are not counted; where one is 1, the sum is larger by twice its weight.
    """

    layout: Layout
    terms: tuple[Term, ...]
    choices: tuple[Term, ...] = ()

    @property
    def only_layer(self) -> Term | None:
        """The one convolution, if its sums are all that is added, once in every channel."""
        alone = self.terms[0] if len(self.terms) == 1 and not self.choices else None
        return alone if alone and not alone.is_signs and (alone.weights == 1).all() else None

    @property
    def offsets(self) -> np.ndarray:
        """``[height, width, out]``"""
        offsets = sum((term.weights.astype(np.int64) * term.layer.offsets for term in self.terms), start=np.int64(0))
        return np.broadcast_to(offsets, self.layout.shape)

    def counts(self, sums: np.ndarray) -> np.ndarray:
        """Counts from which on the sum reaches ``sums`` ``[out]``, which may be infinite; ``[height, width, out]``."""
        most = 2.0**40  # beyond any sum
        return -((-np.clip(np.ceil(sums.astype(np.float64)), -most, most).astype(np.int64) - self.offsets) // 2)


def forms(terms: Sequence[Term], sums: np.ndarray, layout: Layout) -> Iterator[tuple[Sum, np.ndarray]]:
    """The ways in which the terms can be taken to reach ``sums`` ``[out]``: all counted, or the maps as choices."""
    wanted = tuple(term for term in terms if term.weights.any())
    choices = tuple(term for term in wanted if term.is_signs)
    counted = tuple(term for term in wanted if not term.is_signs)
    if counted and 0 < len(choices) <= MOST_CHOICES:
        yield Sum(layout, counted, choices), sums
    factor = 1
    while any((term.weights * factor % 1).any() for term in wanted):
        factor *= 2
    yield Sum(layout, tuple(replace(term, weights=term.weights * factor) for term in wanted)), sums * factor


def fewest_words(
    code: Code, found: Sequence[tuple[Sum, np.ndarray]], schedule: CountSchedule
) -> tuple[Sum, np.ndarray]:
    """The form of fewest instruction words."""
    if len(found) == 1:
        return found[0]
    words = Accesses(code.sensor)

    def cost(form: tuple[Sum, np.ndarray]) -> int:
        trial = Code(code.sensor)
        binarized(trial, Constants(trial), *form, schedule)
        return sum(words.words(statement) for statement in trial.statements)

    return min(found, key=cost)


def binarized(code: Code, constants: Constants, total: Sum, sums: np.ndarray, schedule: CountSchedule) -> Maps:
    """1 where the sum reaches ``sums`` ``[out]``."""
    planes = []
    for plane, bits in enumerate(_counts(code, constants, total, schedule)):
        chosen = [(choice, _signs(code, constants, choice, total.layout, plane)) for choice in total.choices]
        planes.append(_reached(code, constants, total, bits, chosen, sums, plane))
    return Maps(total.layout, tuple(planes))


def moved(code: Code, constants: Constants, term: Term, layout: Layout) -> Maps:
    """One-bit maps, of which every channel weighs 1, at the places of ``layout``."""
    if term.layout == layout:
        return term.maps
    return Maps(layout, tuple(_signs(code, constants, term, layout, plane) for plane in range(layout.planes)))


def counted(code: Code, constants: Constants, total: Sum, schedule: CountSchedule) -> Counts:
    """The counts themselves."""
    planes = tuple(tuple(bits) for bits in _counts(code, constants, total, schedule))
    return Counts(total.layout, planes, total.offsets)


def _counts(code: Code, constants: Constants, total: Sum, schedule: CountSchedule) -> Iterator[list[Operand]]:
    """The counts, lowest bit first, one after the other for each plane of the layout."""
    code.is_frugal = schedule.is_frugal
    for plane in range(total.layout.planes):
        counter = Count(code, schedule.deferred)
        for term in total.terms:
            with code.section(term.layer.op.name):
                _count_term(counter, code, constants, term, total.layout, plane, schedule)
        yield counter.bits()
    code.is_frugal = False


def _count_term(
    counter: Count, code: Code, constants: Constants, term: Term, layout: Layout, plane: int, schedule: CountSchedule
) -> None:
    repeats = term.weights.astype(np.int64)
    if can_be_folded(term.maps, term.layer):
        fold_into(counter, code, constants, term.maps, term.layer, repeats, schedule)
        return
    count_into(counter, code, constants, term.maps, term.layer, repeats, layout, plane, schedule)


def _signs(code: Code, constants: Constants, term: Term, layout: Layout, plane: int) -> Operand | None:
    """One-bit maps at the places of ``layout``; None where the plane has no channel that they weigh in."""
    counter = Count(code, deferred=1)
    signs = replace(term, weights=(term.weights > 0).astype(np.int64))
    _count_term(counter, code, constants, signs, layout, plane, CountSchedule())
    return next(iter(counter.bits()), None)


def _reached(
    code: Code,
    constants: Constants,
    total: Sum,
    bits: Sequence[Operand],
    chosen: Sequence[tuple[Term, Operand | None]],
    sums: np.ndarray,
    plane: int,
) -> Plane:
    """Where the count reaches ``sums`` without any help from the chosen maps, or reaches less where one is set."""
    if not chosen:
        return at_least(code, constants, bits, total.counts(sums), total.layout, plane)
    (choice, signs), *others = chosen
    if signs is None:
        return _reached(code, constants, total, bits, others, sums, plane)
    always = _reached(code, constants, total, bits, others, sums + choice.weights, plane)
    helped = _reached(code, constants, total, bits, others, sums - choice.weights, plane)
    return code.either(always, code.both(signs, helped))
