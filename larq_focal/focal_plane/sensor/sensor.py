"""Focal-plane sensors: an array of pixels, each with a few registers, that all run one instruction at a time.

A sensor is a YAML file; those that come with the package are in ``sensors/``, where ``template.yaml`` explains every
key. What nobody has published is null there: it is reported as unknown and never taken as 0.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from larq_focal.focal_plane.sensor.calibration.calibration import Calibration, read_calibrations
from larq_focal.focal_plane.sensor.conventions import Conventions, read_conventions
from larq_focal.focal_plane.sensor.keys import CALLS, CLASSES, INSTRUCTIONS
from larq_focal.focal_plane.sensor.known_sensors import SENSORS, TEMPLATE, sensor_names
from larq_focal.focal_plane.sensor.registers import AnalogRegisters, DigitalRegisters, read_analog, read_digital
from larq_focal.focal_plane.sensor.sensor_file import SensorError, read_sensor_file
from larq_focal.messages import short
from larq_focal.yaml_file import Section

LARGEST_SIDE = 4096  # pixels
MOST_PIXELS = 2**22
RESERVED = ("PIX", "IN", "SELECT", "RECT", "XN", "XE", "XS", "XW")  # names with a meaning in programs


@dataclass(frozen=True, kw_only=True)
class Sensor:
    """A focal-plane processor as the fit sees it.

    ``instruction_icw`` gives instruction control words (ICW) by the names in ``INSTRUCTIONS``; ``cycles_per_icw``
    clock cycles by the classes in ``CLASSES``; ``overhead_us`` microseconds per controller call in ``CALLS``, None
    where unknown, all of ``keys.py``. ``swaps_kernels``: whether other kernels may be put into the store within a
    frame; ``spills_to_controller``: whether planes may be read out and loaded again within one. ``conventions`` are how
    it is addressed. ``calibrations`` hold what was fitted to measured times.
    ``assumptions`` are taken for granted without a source, and every report repeats them.
    """

    name: str
    title: str
    convention: str
    height: int
    width: int
    pixel_channels: int
    adc_bits: int
    clock_hz: float | None
    digital: DigitalRegisters
    analog: AnalogRegisters
    code_store_icw: int | None
    swaps_kernels: bool
    spills_to_controller: bool
    conventions: Conventions
    instruction_icw: Mapping[str, int]
    cycles_per_icw: Mapping[str, float]
    overhead_us: Mapping[str, float | None]
    chip_power_w: float | None
    system_power_w: float | None
    assumptions: tuple[str, ...]
    calibrations: tuple[Calibration, ...]

    @property
    def plane_bits(self) -> int:
        """Bits in one digital register over the array."""
        return self.height * self.width

    @property
    def plane_bytes(self) -> int:
        return self.plane_bits // 8

    @property
    def raw_bits(self) -> int:
        """Bits of one image as the sensor would read it out: all pixels and colours, at the converter's depth."""
        return self.plane_bits * self.pixel_channels * self.adc_bits

    @property
    def energy_per_cycle_nj(self) -> float | None:
        """Chip energy of one clock cycle, or None where the power or the clock is unknown."""
        if self.chip_power_w is None or self.clock_hz is None:
            return None
        return self.chip_power_w / self.clock_hz * 1e9

    @property
    def registers_text(self) -> str:
        """Nominal count beside the usable set."""
        digital, analog = self.digital, self.analog
        extra = [
            f"+{len(names)} ({', '.join(names)}) {condition}"
            for names, condition in (
                (digital.direction, "between shifts"),
                (digital.propagation, "while its mask stays all ones"),
                (digital.flag, "in purely digital code"),
            )
            if names
        ]
        return (
            f"{digital.nominal} digital and {analog.nominal} analog registers nominal ({self.convention}); "
            f"usable {', '.join([f'{len(digital.free)} digital', *extra])}, and {len(analog.storage)} analog"
        )


def load_sensor(name_or_path: str | Path) -> Sensor:
    """Reads a sensor.

    Args:
        name_or_path: one of ``sensor_names()``, or the path of a YAML file laid out as ``sensors/template.yaml``.

    Raises:
        SensorError: there is no such sensor, or the file has an unknown or missing key, a value of the wrong type or
            sign, or a register in two duties; the message names the file, the key and the fix.
    """
    known = SENSORS / f"{name_or_path}.yaml"
    path = known if str(name_or_path) in (*sensor_names(), TEMPLATE) else Path(name_or_path)
    if not os.path.isfile(path):  # pathlib raises where a name is too long for a file
        raise unknown_sensor(name_or_path, sensor_names())
    return _read(path) if path != known else _read_once(path)


def unknown_sensor(name: str | Path, known: tuple[str, ...]) -> SensorError:
    return SensorError(
        f"There is no sensor '{short(name, 100)}': choose from {', '.join(known)}, "
        f"or give the path of a YAML file like '{SENSORS / TEMPLATE}.yaml'."
    )


@cache
def _read_once(path: Path) -> Sensor:
    return _read(path)


def _read(path: Path) -> Sensor:
    top = read_sensor_file(path)
    array, pixel, power = top.section("array"), top.section("pixel"), top.section("power_w")
    digital = read_digital(top.section("digital"))
    sensor = Sensor(
        name=top.text("name"),
        title=top.text("title"),
        convention=top.text("convention"),
        height=array.integer("height", minimum=1, maximum=LARGEST_SIDE),
        width=array.integer("width", minimum=1, maximum=LARGEST_SIDE),
        pixel_channels=pixel.integer("channels", minimum=1, maximum=64),
        adc_bits=pixel.integer("adc_bits", minimum=1, maximum=64),
        clock_hz=top.number("clock_hz", minimum=1, may_be_unknown=True),
        digital=digital,
        analog=read_analog(top.section("analog")),
        code_store_icw=top.integer("code_store_icw", minimum=1, may_be_unknown=True),
        swaps_kernels=top.truth("swaps_kernels"),
        spills_to_controller=top.truth("spills_to_controller"),
        conventions=read_conventions(top.section("conventions"), digital.all),
        instruction_icw=top.section("instruction_icw").table(INSTRUCTIONS, Section.integer),
        cycles_per_icw=top.section("cycles_per_icw").table(CLASSES, Section.number),
        overhead_us=top.section("overhead_us").table(CALLS, Section.number, may_be_unknown=True),
        chip_power_w=power.number("chip", may_be_unknown=True),
        system_power_w=power.number("system", may_be_unknown=True),
        assumptions=top.texts("assumptions"),
        calibrations=read_calibrations(top.sections("calibrations"), CALLS),
    )
    for section in (array, pixel, power, top):
        section.refuse_the_rest()
    _check_together(path, sensor)
    return sensor


def _check_together(path: Path, sensor: Sensor) -> None:
    """Refuses what no single key is to blame for."""
    if sensor.height * sensor.width > MOST_PIXELS:
        raise SensorError(
            f"'{path}': 'array' of {sensor.height}x{sensor.width} has more than {MOST_PIXELS:,} pixels; take less."
        )
    digital, analog = sensor.digital.all, sensor.analog.storage + sensor.analog.port
    for name in analog:
        if name in digital:
            raise SensorError(f"'{path}': register {name} is both digital and analog; give one of them another name.")
    for name in digital + analog:
        if name in RESERVED:
            raise SensorError(f"'{path}': a register cannot be called {name}, which programs have a meaning for.")
    step, maximum = sensor.analog.smallest_step, sensor.analog.maximum
    if step is not None and maximum is not None and step > maximum:
        raise SensorError(f"'{path}': 'analog.smallest_step' of {step} is larger than 'analog.maximum' of {maximum}.")
