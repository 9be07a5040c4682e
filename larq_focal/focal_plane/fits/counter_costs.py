"""Counting one-bit inputs with NOR logic: register planes and instruction words, by formula.

An instruction here reads two to four registers and writes another one. Every block needs at most ``TEMPORARIES``
registers beside the planes that it leaves its results in. The carry-save counter is the 3:2 compression of
C. S. Wallace, "A suggestion for a fast multiplier", IEEE Trans. Electronic Computers EC-13 (1964), fed one input at a
time.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from larq_focal.focal_plane.compiler.layers.count import accumulator_bits

TEMPORARIES = 4

Costs = Mapping[str, int]


def xnor_icw(icw: Costs) -> int:
    """Product of two bits that stand for -1 and +1: four NORs."""
    return 4 * icw["nor"]


def ternary_product_icw(icw: Costs) -> int:
    """Whether a bit agrees with a ternary weight of two inverted planes: ``NOR(~x, ~plus) or NOR(x, ~minus)``."""
    return icw["not"] + 2 * icw["nor"] + icw["or"]


def half_adder_icw(icw: Costs) -> int:
    return 3 * icw["nor"] + 2 * icw["not"]


def full_adder_icw(icw: Costs) -> int:
    return 9 * icw["nor"]


def ripple_icw(fan_in: int, icw: Costs) -> int:
    """Adds inputs one by one to a binary counter of ``accumulator_bits(fan_in)`` planes.

    Input t goes through a half adder at each bit below its leading one, whose own bit cannot overflow: it is set by a
    move where t is a power of two, and else by an OR and a move.
    """
    total = 0
    for top in range(accumulator_bits(fan_in)):
        inputs = min(2 << top, fan_in + 1) - (1 << top)
        total += inputs * (top * half_adder_icw(icw) + icw["move"]) + (inputs - 1) * icw["or"]
    return total


def carry_save_icw(fan_in: int, icw: Costs) -> int:
    """Compresses three bits of one weight to two, and the last two of a weight with a half adder."""
    total = 0
    while fan_in > 1:
        total += (fan_in - 1) // 2 * full_adder_icw(icw) + (fan_in + 1) % 2 * half_adder_icw(icw)
        fan_in //= 2
    return total


@cache
def carry_save_planes(fan_in: int) -> int:
    """Most planes that carry-save counting holds at once.

    After t inputs a weight holds one bit if an odd number has arrived there, else two, and has passed the other
    arrivals on by halves; this is the largest sum over the weights for any t up to ``fan_in``.
    """
    if fan_in < 2:
        return fan_in
    return max(1 + carry_save_planes((fan_in - 1) // 2), 2 + carry_save_planes((fan_in - 2) // 2))


def ripple_limit(planes: int) -> int:
    """Largest fan-in that a ripple counter of ``planes`` planes takes."""
    return 2 ** max(planes, 0) - 1


def carry_save_limit(planes: int) -> int:
    """Largest fan-in that carry-save counting takes in ``planes`` planes."""
    weights, single = divmod(max(planes, 0) + 1, 2)
    return (2 + single) * 2**weights - 3


def compare_constant_icw(fan_in: int, threshold: int, icw: Costs) -> int:
    """Compares a count with a threshold that all pixels share, ``count >= threshold``, from the lowest bit up.

    A bit is joined by OR where the same bit of ``threshold - 1`` is 0, and by AND (two NOTs and a NOR) where it is 1.
    """
    total, started = 0, False
    for bit in range(accumulator_bits(fan_in)):
        is_set = (threshold - 1) >> bit & 1
        if started:
            total += 2 * icw["not"] + icw["nor"] if is_set else icw["or"]
        started = started or not is_set
    return total


def compare_plane_icw(fan_in: int, icw: Costs) -> int:
    """Compares a count with a threshold of each pixel's own: per bit, the majority of three by a NOT and four NORs."""
    return accumulator_bits(fan_in) * (icw["not"] + 4 * icw["nor"])
