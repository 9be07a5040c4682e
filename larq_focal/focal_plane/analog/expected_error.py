"""What errors analog instructions are expected to make, from the constants of a chip's noise."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from larq_focal.focal_plane.analog.linear import Form, LinearRun
from larq_focal.focal_plane.analog.taps import KernelError
from larq_focal.focal_plane.machine import Instruction, InstructionSet, NoiseModel
from larq_focal.focal_plane.sensor import Sensor

_GAIN, _OFFSET = "gain", "offset"  # terms for what is fixed for a pixel, besides those of registers and of draws


@dataclass(frozen=True)
class AnalogError:
    """What a register is expected to hold over a flat image, in units of the analog range.

    ``value`` is what it should hold; ``bias`` how much the mean over the pixels lies above it; ``deviation`` the
    standard deviation over pixels, of one run. ``range_used`` is the largest magnitude that any register can reach on
    the way with pixels up to those given, of either sign, as a share of the range; above 1 it may saturate.
    """

    value: float
    bias: float
    deviation: float
    range_used: float

    def to_dict(self) -> dict[str, Any]:
        return {
            "value": self.value,
            "bias": self.bias,
            "deviation": self.deviation,
            "range_used": self.range_used,
        }


def expected_error(
    instructions: Iterable[Instruction],
    sensor: Sensor,
    noise: NoiseModel,
    contents: Mapping[str, float],
    register: str,
) -> AnalogError:
    """The error in ``register`` after linear ``instructions``, to first order in what differs from pixel to pixel.

    Args:
        instructions: macros or words of sums, differences, shifts and divisions, under no mask.
        sensor: whose instructions they are.
        noise: the chip's constants.
        contents: what registers hold before, alike in all pixels, by name; IN counts as exact.
        register: whose error is asked for.

    Raises:
        KernelError: an instruction is not linear, or reads a register that nothing was written to.
    """
    instructions = tuple(instructions)
    ideal, real = (_ErringRun(sensor, model, contents) for model in (None, noise))
    ideal.run(instructions)
    real.run(instructions)
    if register not in ideal.held:
        raise KernelError(f"Nothing was written to {register}.")
    value = ideal.mean(ideal.held[register])
    form = real.held[register]
    return AnalogError(
        value=value,
        bias=real.mean(form) - value,
        deviation=real.deviation(form),
        range_used=ideal.largest / sensor.analog.maximum,
    )


def expected_accumulation_error(additions: int, step: int, sensor: Sensor, noise: NoiseModel) -> AnalogError:
    """The error of a register to which ``step`` is added so many times, as a pixel's that meets all of them."""
    register = sensor.analog.storage[0]
    adding = (Instruction("add", (register, register, "IN")),) * additions
    return expected_error(adding, sensor, noise, {register: 0, "IN": step}, register)


class _ErringRun(LinearRun):
    """Registers with the errors of every write; without ``noise`` what they should hold."""

    def __init__(self, sensor: Sensor, noise: NoiseModel | None, contents: Mapping[str, float]):
        super().__init__(InstructionSet(sensor), contents)
        self._noise = noise
        self._contents = dict(contents)
        self._writes = 0
        self.largest = max(map(abs, contents.values()), default=0.0)

    def written(self, form: Form, is_share: bool) -> Form:
        if self._noise is None:
            self.largest = max(self.largest, self._reach(form))
            return form
        written = defaultdict(float, {term: value * (1 + self._noise.gain) for term, value in form.items()})
        written[_GAIN, 0, 0] += self.mean(form)
        if is_share:
            written[_OFFSET, 0, 0] += 1
        self._writes += 1
        written[f"write {self._writes}", 0, 0] = 1
        return written

    def mean(self, form: Form) -> float:
        offset = self._noise.division_offset if self._noise else 0
        means = {**self._contents, _OFFSET: offset}
        return sum(coefficient * means.get(name, 0) for (name, _, _), coefficient in form.items())

    def deviation(self, form: Form) -> float:
        noise = self._noise
        variance = 0.0
        for (name, row, column), coefficient in form.items():
            if name == _GAIN:
                other = form.get((_OFFSET, row, column), 0.0) * noise.division_offset_spread
                variance += (coefficient * noise.gain_spread) ** 2
                variance += 2 * noise.spread_correlation * coefficient * noise.gain_spread * other
            elif name == _OFFSET:
                variance += (coefficient * noise.division_offset_spread) ** 2
            elif name not in self._contents:
                variance += (coefficient * noise.write_deviation) ** 2
        return math.sqrt(variance)

    def _reach(self, form: Form) -> float:
        return sum(abs(coefficient * self._contents.get(name, 0)) for (name, _, _), coefficient in form.items())
