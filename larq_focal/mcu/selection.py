"""Which kernel computes a call on which target: the plain one, unless a faster one of the same signature fits.

A kernel is a C function with the signature and the results of the plain function whose place it takes; only its name
differs. Its file lies in ``kernels/``, in a folder of its own for each target or kind of target.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from larq_focal.mcu.storage import Storage

TARGETS = ("generic", "cortex-m4", "cortex-m7", "rv32", "host")
DEFAULT_TARGET = "generic"
_SMALL = ("cortex-m4", "cortex-m7", "rv32")
_HOST = ("host",)
_LEAST_FILLED = 0.6
_LANES = (16, 32, 64)
_LEAST_READERS = 8
_FIRST_CACHE_BYTES = 2**15
Layout = Literal["filters", "planes", "lanes"]
"""Of tables of signs: filter by filter, 32 filters in the bits of words, or several filters side by side."""


@dataclass(frozen=True)
class Call:
    """What is known of the calls of a function when the program is written.

    Attributes:
        words: of 32 bits in a window, or in the weights of a filter.
        fan_in: products in a sum.
        filters: sums for a window.
        largest: absolute value of the numbers in a window, where they are whole.
        is_masked: whether other calls leave products at edges out, by the same weights.
        groups: of filters, each with channels of its own.
        window: how numbers lie in it.
        pixels: windows that are multiplied one by one; 1 where a pooling needs each for itself.
    """

    words: int
    fan_in: int
    filters: int
    largest: int | None = None
    is_masked: bool = False
    groups: int = 1
    window: Storage = "bits"
    pixels: int = 1


def _always(call: Call) -> bool:
    return True


def _nothing(call: Call) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class Kernel:
    """A function that can take the place of a plain one.

    Attributes:
        file: its path in ``kernels/`` without ``.c``, such as ``cortex-m/binary_signs_WORDS``.
        targets: those that it is faster on.
        fits: whether it can do a call.
        words: what stands for the words in capitals in its file, such as ``{"WORDS": "9"}``.
        layout: of the tables that it reads.
        pixels: windows that it multiplies at a time.
    """

    file: str
    targets: tuple[str, ...]
    fits: Callable[[Call], bool] = _always
    words: Callable[[Call], Mapping[str, str]] = _nothing
    layout: Layout = "filters"
    pixels: int = 1


def _fills_planes(call: Call) -> bool:
    """Whether so few bits of planes belong to no filter that counting all filters at once pays."""
    return not call.is_masked and call.filters / (-(-call.filters // 32) * 32) >= _LEAST_FILLED


def _fills_lanes(call: Call) -> bool:
    return call.groups == 1 and call.filters >= _LANES[0]


def _streams_weights(call: Call) -> bool:
    """Whether the weights do not stay in the first cache, so that reading them takes the most time."""
    is_large = 4 * call.words * call.filters > _FIRST_CACHE_BYTES
    return is_large and _fills_lanes(call) and call.filters % 32 == 0 and call.pixels > 1 and not call.is_masked


def lanes_for(filters: int) -> int:
    """How many filters lie side by side: few fill up the last block, and many take a word of the window once."""
    return min(_LANES, key=lambda lanes: -(-filters // lanes) * (lanes + _LANES[0] / 2))


def _shares_tables(call: Call) -> bool:
    """Whether four numbers fit into 16 bits, and a table of their sums is read often enough."""
    return call.largest is not None and 4 * call.largest < 2**15 and call.filters >= _LEAST_READERS


def _fits_pairs(call: Call) -> bool:
    """Whether the sums of two windows fit into 16 bits each."""
    is_short = call.window == "i8" and call.largest is not None and call.fan_in * call.largest < 2**15
    return is_short and call.groups == 1 and call.pixels > 1 and call.filters >= _LEAST_READERS


def _has_threes(call: Call) -> bool:
    return call.words >= 3


def _by_threes(call: Call) -> Mapping[str, str]:
    return {"WAY": "threes", "DIFFERING": "differing_bits"}


def _by_instruction(call: Call) -> Mapping[str, str]:
    return {"WAY": "instruction", "DIFFERING": "differing_bits_counted"}


def _by_lanes(call: Call) -> Mapping[str, str]:
    lanes = lanes_for(call.filters)
    return {
        "LANES": f"{lanes}",
        "PART": f"{min(lanes, 32)}",
        "WORDS": f"{call.words}",
        "FILTERS": f"{call.filters}",
    }


def _tables_of(bits: int) -> Callable[[Call], Mapping[str, str]]:
    return lambda call: {"TABLE": f"i{bits}", "TABLE_TYPE": f"int{bits}_t"}


KERNELS: dict[str, tuple[Kernel, ...]] = {
    "word_window": (Kernel("word_window_ROWS_COLUMNS_WORDS", (*_SMALL, *_HOST)),),
    "binary_signs": (
        Kernel("filter_planes", _SMALL, _fills_planes, layout="planes"),
        Kernel("binary_signs_by_WAY", _SMALL, _has_threes, _by_threes),
        Kernel("binary_pair_signs_by_lanes_FILTERS_WORDS", _HOST, _streams_weights, _by_lanes, "lanes", pixels=2),
        Kernel("binary_signs_by_lanes_FILTERS_WORDS", _HOST, _fills_lanes, _by_lanes, "lanes"),
        Kernel("binary_signs_by_WAY", _HOST, words=_by_instruction),
    ),
    "masked_binary_signs": (
        Kernel("masked_binary_signs_by_lanes_FILTERS_WORDS", _HOST, _fills_lanes, _by_lanes, "lanes"),
    ),
    "binary_sums": (
        Kernel("binary_sums_by_WAY", _SMALL, _has_threes, _by_threes),
        Kernel("binary_sums_by_lanes_FILTERS_WORDS", _HOST, _fills_lanes, _by_lanes, "lanes"),
        Kernel("binary_sums_by_WAY", _HOST, words=_by_instruction),
    ),
    "masked_binary_sums": (
        Kernel("masked_binary_sums_by_lanes_FILTERS_WORDS", _HOST, _fills_lanes, _by_lanes, "lanes"),
    ),
    "ternary_sums": (Kernel("ternary_sums_by_threes", _SMALL, _has_threes),),
    "signed_WINDOW_sums": (
        Kernel("signed_pair_sums_by_fours", _SMALL, _fits_pairs, _tables_of(32), pixels=2),
        Kernel("signed_WINDOW_sums_by_fours", (*_SMALL, *_HOST), _shares_tables, _tables_of(16)),
    ),
}
"""By the name of the plain function, without ``lqf_``: what is tried before it, best first."""


def chosen(name: str, call: Call, target: str) -> Kernel:
    """What computes a call of the plain function ``lqf_name``: the function itself, if nothing is better."""
    fitting = (k for k in KERNELS.get(name, ()) if target in k.targets and k.fits(call))
    return next(fitting, Kernel(name, (target,)))
