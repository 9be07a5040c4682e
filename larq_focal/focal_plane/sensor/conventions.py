"""How a chip is addressed, and what its controller and its array do beside what a program asks for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from larq_focal.yaml_file import Section

SIDES = ("left", "right")
CALLS_THAT_OVERWRITE = ("load_pattern", "load_plane", "load_analog", "read_plane", "read_analog", "read_events")


@dataclass(frozen=True, kw_only=True)
class Conventions:
    """What programs must respect on the chip, see ``sensors/template.yaml``.

    ``columns_from`` is the side of the array at which columns are counted from 0. ``flood_reach`` are the pixels that
    one propagation word surely crosses, and ``shifts_in_a_row`` the digital shifts after which a plane must be copied;
    None where there is no limit. ``overwritten`` gives by call of the controller the registers that it changes beside
    its target.
    """

    columns_from: str
    flood_reach: int | None
    shifts_in_a_row: int | None
    overwritten: Mapping[str, tuple[str, ...]]

    def column_addresses(self, width: int) -> np.ndarray:
        """The address of each column of an image, from left to right, ``[width]``."""
        columns = np.arange(width)
        return columns[::-1] if self.columns_from == "right" else columns

    def column_address(self, column: int, width: int) -> int:
        """The address of a column counted from the left; applied to an address it gives the column again."""
        return width - 1 - column if self.columns_from == "right" else column

    def column_addresses_of(self, first: int, last: int, width: int) -> tuple[int, int]:
        """The lowest and the highest address of the columns ``first`` to ``last``."""
        ends = sorted(self.column_address(column, width) for column in (first, last))
        return ends[0], ends[1]


def read_conventions(section: Section, registers: Collection[str]) -> Conventions:
    """The section ``conventions`` of a sensor's file.

    Args:
        section: its keys.
        registers: the digital registers of the sensor.
    """
    side = section.text("columns_from")
    if side not in SIDES:
        section.refuse("columns_from", f"must be one of {', '.join(SIDES)}, not {side:.60}")
    calls = section.section("overwritten")
    overwritten = dict(calls.some(CALLS_THAT_OVERWRITE, Section.texts))
    for call, names in overwritten.items():
        for name in names:
            if name not in registers:
                calls.refuse(call, f"names {name:.60}, which is not a digital register here")
    conventions = Conventions(
        columns_from=side,
        flood_reach=section.integer("flood_reach", minimum=1, may_be_unknown=True),
        shifts_in_a_row=section.integer("shifts_in_a_row", minimum=1, may_be_unknown=True),
        overwritten=overwritten,
    )
    section.refuse_the_rest()
    return conventions
