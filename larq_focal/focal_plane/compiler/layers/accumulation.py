"""Counting a convolution as a charge: each tap adds a step to one analog register of the pixel, or takes one away.

Where a weight of +1 meets a 1, the step is added, and where one of -1 does, it is subtracted. The sum of these is the
count of ``Convolution`` less the number of weights of -1, so that charges of either sign make up for each other. The
register starts below zero by what the threshold asks for, and the layer's output is where it ends above zero. Counting
by steps in an analog register is that of H. So et al., "PixelRNN", CVPR 2024, and adding and subtracting that of
L. Bose et al., "Fully embedding fast convolutional networks on pixel processor arrays", ECCV 2020.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from larq_focal.focal_plane.analog.expected_error import AnalogError, expected_error
from larq_focal.focal_plane.compiler.backend.virtual import Code, Operand, Plane
from larq_focal.focal_plane.compiler.layers.convolution import Convolution, Tap, output_layout, taps
from larq_focal.focal_plane.compiler.layers.count_schedule import CountSchedule
from larq_focal.focal_plane.compiler.placement.layout import Layout
from larq_focal.focal_plane.compiler.placement.maps import Maps
from larq_focal.focal_plane.compiler.placement.patterns import Constants
from larq_focal.focal_plane.machine import Instruction, NoiseModel
from larq_focal.focal_plane.machine.pixel_array import INPUT
from larq_focal.focal_plane.sensor import Sensor


@dataclass(frozen=True, eq=False)
class Accumulation:
    """How one layer is counted in an analog register.

    ``starts`` ``[height, width, out]`` are the values from which the register grows by ``step``; on the way it keeps
    to ``lowest`` to ``highest`` whatever the input. ``signs`` gives by channel the steps in their order, +1 or -1.
    """

    step: int
    starts: np.ndarray
    lowest: int
    highest: int
    sensor: Sensor
    signs: dict[int, list[int]] = field(default_factory=dict)

    @property
    def operations(self) -> int:
        """Additions and subtractions that a pixel meets at most."""
        return max(map(len, self.signs.values()), default=0)

    @property
    def range_used(self) -> float:
        """The largest magnitude that the register can reach, as a share of the sensor's range."""
        return max(-self.lowest, self.highest) / self.sensor.analog.maximum

    def error(self, noise: NoiseModel) -> AnalogError:
        """What is expected in the worst channel of a pixel that reads a 1 at every tap, and so meets all operations."""
        chains = {
            (int(start), tuple(signs)) for c, signs in self.signs.items() for start in np.unique(self.starts[..., c])
        }
        errors = (self._error(start, signs, noise) for start, signs in chains)
        return max(errors, key=lambda error: abs(error.bias) + error.deviation)

    def _error(self, start: int, signs: tuple[int, ...], noise: NoiseModel) -> AnalogError:
        register = accumulator(self.sensor)
        chain = [Instruction("add" if sign > 0 else "sub", (register, register, INPUT)) for sign in signs]
        return expected_error(chain, self.sensor, noise, {register: start, INPUT: self.step}, register)

    def to_dict(self, noise: NoiseModel | None) -> dict[str, Any]:
        """``noise`` is that of the chip, None where it is unknown."""
        error = noise and self.error(noise)
        return {
            "step": self.step,
            "lowest": self.lowest,
            "highest": self.highest,
            "range_used": self.range_used,
            "operations": self.operations,
            "bias_steps": error and error.bias / self.step,
            "deviation_steps": error and error.deviation / self.step,
            "step_exceeds_error": error and self.step > abs(error.bias) + error.deviation,
        }

    def text(self, noise: NoiseModel | None) -> str:
        data = self.to_dict(noise)
        text = f"step {self.step}, {self.range_used:.0%} of the range, {self.operations} operations"
        if noise is None:
            return f"{text}; error unknown: no noise is measured for {self.sensor.name}"
        beyond = "less" if data["step_exceeds_error"] else "not less"
        return f"{text}; error {data['bias_steps']:+.2f} +- {data['deviation_steps']:.2f} steps, {beyond} than a step"


def accumulator(sensor: Sensor) -> str:
    """The analog register that counts."""
    return sensor.analog.storage[0]


def can_accumulate(sensor: Sensor) -> bool:
    """Whether it adds to analog registers under a mask."""
    analog = sensor.analog
    return bool(analog.storage and analog.port and sensor.digital.flag) and analog.maximum is not None


def accumulation(layer: Convolution, thresholds: np.ndarray, sensor: Sensor) -> Accumulation | None:
    """The largest step by which a layer can be counted exactly, or None where not even a step of 1 keeps in range.

    An addition goes through the inverse of its result, so that the range ends at -127 as it does at 127.

    Args:
        layer: what is counted.
        thresholds: counts ``[height, width, out]`` from which on the output is 1.
        sensor: whose range it is.
    """
    plus, minus = ((layer.codes * sign > 0).sum((0, 1, 2)) for sign in (1, -1))
    thresholds = np.clip(thresholds, 0, plus + minus + 1)
    kinds, places = np.unique(
        np.stack(np.broadcast_arrays(thresholds, plus, minus), -1).reshape(-1, 3), axis=0, return_inverse=True
    )
    most = sensor.analog.maximum
    for step in range(most, 0, -1):
        starts = _starts(*kinds.T, step, most)
        if starts is not None:
            lowest = np.maximum(starts - kinds[:, 2] * step, -most).min()
            highest = np.minimum(starts + kinds[:, 1] * step, most).max()
            return Accumulation(
                step, starts[places.ravel()].reshape(thresholds.shape), int(lowest), int(highest), sensor
            )
    return None


def _starts(thresholds: np.ndarray, plus: np.ndarray, minus: np.ndarray, step: int, most: int) -> np.ndarray | None:
    """Where the register must start for each threshold, None where it would leave the range.

    At the threshold the register ends half a step above zero, and one count below as much below. Where the output is
    always the same, the register starts at one end of the range, where it may saturate: that only keeps it there.
    """
    half = (step + 1) // 2
    above, below = plus + minus - thresholds, thresholds  # counts on either side of the threshold
    starts = half - (thresholds - minus) * step
    always, never = below == 0, above < 0
    fits = np.where((half + above * step <= most) & (below * step - half <= most), True, always | never)
    fits &= np.where(always, minus * step < most, np.where(never, plus * step <= most, True))
    return np.where(always, most, np.where(never, -most, starts)) if fits.all() else None


def accumulated(
    code: Code, constants: Constants, maps: Maps, layer: Convolution, plan: Accumulation, schedule: CountSchedule
) -> Maps:
    """The layer with its threshold, counted by ``plan``."""
    layout = output_layout(maps.layout, layer.op)
    register = accumulator(code.sensor)
    code.is_frugal = schedule.is_frugal
    planes = []
    for plane in range(layout.planes):
        _start(code, constants, plan.starts, layout, plane, register)
        channels = {place.offset: c for c, place in enumerate(layout.places) if place.plane == plane}
        for tap in taps(code, constants, maps, layer, layout, plane, schedule):
            for place, sign in tap.signs.items():
                if sign:
                    plan.signs.setdefault(channels[place], []).append(sign)
            for mnemonic, here in _parts(code, tap):
                code.emit("WHERE", here)
                code.call("load_in", plan.step)
                code.emit(mnemonic, register, register, INPUT)
                code.emit("ALL")
        code.emit("where", register)
        planes.append(Plane("sign of the charge"))
        code.emit("MOV", planes[-1], *code.sensor.digital.flag)
        code.emit("ALL")
    code.is_frugal = False
    return Maps(layout, tuple(planes))


def _start(code: Code, constants: Constants, starts: np.ndarray, layout: Layout, plane: int, register: str) -> None:
    """Sets the register to ``starts``: the most frequent value everywhere, then the others where they belong."""
    channels = [c for c, place in enumerate(layout.places) if place.plane == plane]
    here = starts[..., channels]
    values, counts = np.unique(here, return_counts=True)
    for value in values[np.argsort(-counts, kind="stable")]:
        if value != values[counts.argmax()]:
            code.emit("WHERE", *_where(constants, starts == value, layout, plane, channels))
        code.call("load_in", -int(value))
        code.emit("bus", register, INPUT)
        code.emit("ALL")


def _where(constants: Constants, wanted: np.ndarray, layout: Layout, plane: int, channels: list[int]) -> list[Plane]:
    """Up to three planes whose union is ``wanted`` ``[height, width, channels]``."""
    if (wanted == wanted[0, 0]).all():
        offsets = {c: layout.places[c].offset for c in channels}
        return constants.places(
            [offset for c, offset in offsets.items() if wanted[0, 0, c]], offsets.values(), layout.spacing
        )
    return [constants.whole(layout.planes_of(wanted, constants.shape)[plane])]


def _parts(code: Code, tap: Tap) -> list[tuple[str, Operand]]:
    """Where a tap adds and where it subtracts."""
    signs = set(tap.signs.values())
    if len(signs) == 1:
        return [("add" if 1 in signs else "sub", tap.see())]
    if not {1, -1} <= signs:
        zeros = tap.weights.zeros(tap.index, tap.signs)
        return [("add" if 1 in signs else "sub", code.nor(code.nor(tap.see()), *zeros))]
    ones, sign = tap.weights.signs(tap.index, tap.signs)
    unseen = code.nor(tap.see())
    if 0 in signs:
        unseen = code.nor(code.nor(unseen, *tap.weights.zeros(tap.index, tap.signs)))
    others = code.nor(unseen, *ones)
    ones = code.nor(unseen, others)
    return [("add", ones), ("sub", others)] if sign > 0 else [("add", others), ("sub", ones)]
