"""How many instruction words a layer takes at least, by formula, for layers of which there is no program.

Products and carry-save adders alone: moving, loading, thresholds and pooling come on top. The counter is the 3:2
compression of C. S. Wallace, "A suggestion for a fast multiplier", IEEE Trans. Electronic Computers EC-13 (1964), fed
one input at a time.
"""

from __future__ import annotations

from collections.abc import Mapping

from larq_focal.focal_plane.sensor import Sensor
from larq_focal.network.ops import Conv2D

Costs = Mapping[str, int]


def words_at_least(op: Conv2D, sensor: Sensor) -> int | None:
    """An estimate of the words of one frame; None where weights are neither binary nor ternary.

    Planes are counted as if the maps of the layer filled them.
    """
    icw, weights = sensor.instruction_icw, op.kernel
    if weights.bits > 2:
        return None
    product = xnor_icw(icw) if weights.bits == 1 else ternary_product_icw(icw)
    height, width, channels = op.shape
    planes = -(-height * width * channels // sensor.plane_bits)
    return planes * (weights.fan_in * product + carry_save_icw(weights.fan_in, icw))


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


def carry_save_icw(fan_in: int, icw: Costs) -> int:
    """Compresses three bits of one weight to two, and the last two of a weight with a half adder."""
    total = 0
    while fan_in > 1:
        total += (fan_in - 1) // 2 * full_adder_icw(icw) + (fan_in + 1) % 2 * half_adder_icw(icw)
        fan_in //= 2
    return total
