"""The registers of all pixels, and what instructions do to them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from larq_focal.focal_plane.machine.bit_planes import DIRECTIONS, OPPOSITE, BitPlanes
from larq_focal.focal_plane.machine.noise import Noise
from larq_focal.focal_plane.sensor import Sensor

NEIGHBOUR_PORTS = {"XS": "south", "XW": "west", "XN": "north", "XE": "east"}
PIXEL, INPUT = "PIX", "IN"
SELECTIONS = ("SELECT", "RECT")
RESET_LEVEL = -127


class PixelArray:
    """State of a processor array between two instruction words.

    ``digital`` holds the bit planes (see ``BitPlanes``) of the digital registers, of FLAG and of the selections that
    the controller drives; ``analog`` the values ``[height, width]`` of the analog registers, of PIX and of IN: int16
    in exact mode, float32 where ``noise`` is given. Both keep to the range from ``lowest`` to ``highest``; a value that
    is shared among registers is rounded to even in exact mode. ``news`` is the register that neighbours read. Two rules
    of masking:

    * FLAG masks analog writes only. A digital write under FLAG reaches every pixel.
    * The mask register (R0) masks writes to the propagation register (R12), and nothing else.

    A digital instruction reads into the pixel's local bus and writes from there; ``bus`` keeps it for instructions
    that are split over two words. Registers start at 0 and FLAG at 1. Neither the decay of digital registers nor
    faulty pixels are simulated.
    """

    def __init__(self, sensor: Sensor, noise: Noise | None = None):
        self.layout = BitPlanes(sensor.height, sensor.width)
        self.column_addresses = sensor.conventions.column_addresses(sensor.width)
        self.flood_reach = sensor.conventions.flood_reach
        digital, analog = sensor.digital, sensor.analog
        names = digital.mask + digital.direction + digital.free + digital.propagation + digital.flag + SELECTIONS
        self.digital = {name: self.layout.zeros() for name in names}
        self.bus = self.layout.zeros()
        self._direction_registers = tuple(zip(DIRECTIONS, digital.direction, strict=False))
        self._masks = dict(zip(digital.propagation, digital.mask, strict=False))
        self._flag = digital.flag[0] if digital.flag else None
        if self._flag:
            self.digital[self._flag][:] = self.layout.ones
        self.news = analog.port[0] if analog.port else None
        self.lowest, self.highest = -(analog.maximum or 0) - 1, analog.maximum or 0
        self._noise = noise
        shape, dtype = (sensor.height, sensor.width), np.int16 if noise is None else np.float32
        self.analog = {name: np.zeros(shape, dtype) for name in (*analog.storage, *analog.port, PIXEL, INPUT)}
        self.analog[PIXEL][:] = RESET_LEVEL
        self._written_mask: np.ndarray | None = None  # where FLAG lets analog writes through; None where everywhere
        self._written_mask_is_valid = True
        self._neighbour_bits = self.layout.zeros()

    def read(self, sources: Iterable[str]) -> None:
        """Puts the OR of one or more digital registers on the bus."""
        first, *others = sources
        np.copyto(self.bus, self.digital[first])
        for name in others:
            np.bitwise_or(self.bus, self.digital[name], out=self.bus)

    def invert_bus(self) -> None:
        np.bitwise_xor(self.bus, self.layout.ones, out=self.bus)

    def read_neighbours(self, source: str, border_is_one: bool) -> None:
        """Puts on the bus the OR of the neighbours' bits in the directions that each pixel's own R1 to R4 select."""
        self.bus[:] = 0
        for direction, register in self._direction_registers:
            selected = self.digital[register]
            if self.layout.is_empty(selected):
                continue
            self.layout.neighbours(self.digital[source], direction, self._neighbour_bits)
            if border_is_one:
                np.bitwise_or(self._neighbour_bits, self.layout.border[direction], out=self._neighbour_bits)
            np.bitwise_and(self._neighbour_bits, selected, out=self._neighbour_bits)
            np.bitwise_or(self.bus, self._neighbour_bits, out=self.bus)

    def write(self, targets: Iterable[str]) -> None:
        """Writes the bus to digital registers; to R12 only where R0 is 1."""
        for name in targets:
            plane = self.digital[name]
            if name in self._masks:
                plane ^= (plane ^ self.bus) & self.digital[self._masks[name]]
            else:
                np.copyto(plane, self.bus)
            if name == self._flag:
                self._written_mask_is_valid = False

    def analog_sum(self, sources: Iterable[str]) -> np.ndarray:
        """The sum of analog registers, before any saturation; a neighbour port gives that neighbour's NEWS."""
        total = np.zeros_like(self.analog[INPUT])
        for name in sources:
            if name in NEIGHBOUR_PORTS:
                total += moved(self.analog[self.news], NEIGHBOUR_PORTS[name])
            else:
                total += self.analog[name]
        return total

    def write_analog(self, targets: tuple[str, ...], total: np.ndarray) -> None:
        """Writes an equal share of a sum to each register, saturated, where FLAG is 1.

        A neighbour port as target is the NEWS of that neighbour, which takes part or not by its own FLAG.
        """
        is_share = len(targets) > 1
        if is_share:
            total = total / total.dtype.type(len(targets)) if self._noise else np.rint(total / len(targets))
        for name in targets:
            value = total
            if name in NEIGHBOUR_PORTS:
                value = moved(value, OPPOSITE[NEIGHBOUR_PORTS[name]])
                name = self.news
            if self._noise:
                value = self._noise.added(value, is_share)
            value = value.clip(self.lowest, self.highest)
            self._write_where_flagged(self.analog[name], value.astype(self.analog[name].dtype, copy=False))

    def _write_where_flagged(self, register: np.ndarray, value: np.ndarray) -> None:
        if not self._written_mask_is_valid:
            flag = self.layout.unpack(self.digital[self._flag])
            self._written_mask = None if flag.all() else np.where(flag, -1, 0).astype(np.int16)
            self._written_mask_is_valid = True
        if self._written_mask is None:
            register[:] = value
        elif register.dtype == np.int16:  # several times as fast as a masked copy
            register ^= (register ^ value) & self._written_mask
        else:
            np.copyto(register, value, where=self._written_mask != 0)


def moved(values: np.ndarray, direction: str) -> np.ndarray:
    """For every pixel of ``[height, width]`` the value of its neighbour in ``direction``; 0 beyond the border."""
    result = np.zeros_like(values)
    if direction == "north":
        result[1:] = values[:-1]
    elif direction == "south":
        result[:-1] = values[1:]
    elif direction == "west":
        result[:, 1:] = values[:, :-1]
    else:
        result[:, :-1] = values[:, 1:]
    return result
