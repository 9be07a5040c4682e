"""How the analog registers of a real chip err."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from larq_focal.focal_plane.sensor import Sensor
from larq_focal.focal_plane.sensor.sensor_file import SensorError
from larq_focal.messages import short
from larq_focal.yaml_file import FileKind

FOLDER = Path(__file__).parent / "noise"
NOISE_FILE = FileKind("noise model", "scamp5.yaml", SensorError)
LARGEST = 128  # of any error, in units of the analog range


@dataclass(frozen=True, kw_only=True)
class NoiseModel:
    """Errors of one analog write of the value ``v``, in units of the analog range.

    What is stored is ``v + gain_p * v + offset_p + write_deviation * n`` with ``n`` normal, drawn for each write.
    ``gain_p`` and ``offset_p`` belong to the pixel: normal about ``gain`` and, for writes that divide, about
    ``division_offset``, with the ``_spread``s as standard deviations and ``spread_correlation`` between the two.
    """

    gain: float
    gain_spread: float
    division_offset: float
    division_offset_spread: float
    spread_correlation: float
    write_deviation: float


def noise_names() -> tuple[str, ...]:
    """The sensors whose noise is measured."""
    return tuple(sorted(found.stem for found in FOLDER.glob("*.yaml")))


def load_noise(name_or_path: str | Path) -> NoiseModel:
    """Reads a noise model: that of a sensor by the sensor's name, or the YAML file at a path.

    Raises:
        SensorError: there is no such model, or the file has an unknown or missing key or a value of the wrong type.
    """
    known = FOLDER / f"{name_or_path}.yaml"
    path = known if os.path.isfile(known) else Path(name_or_path)
    if not os.path.isfile(path):
        raise SensorError(
            f"There is no noise model '{short(name_or_path, 100)}': noise is measured for {', '.join(noise_names())}; "
            f"or give the path of a YAML file like '{FOLDER / 'scamp5.yaml'}'."
        )
    section = NOISE_FILE.read(path)
    values = {
        field.name: section.number(
            field.name, minimum=0 if field.name.endswith(("_spread", "deviation")) else -LARGEST, maximum=LARGEST
        )
        for field in fields(NoiseModel)
    }
    section.refuse_the_rest()
    if abs(values["spread_correlation"]) > 1:
        section.refuse("spread_correlation", f"must be from -1 to 1, not {values['spread_correlation']}")
    return NoiseModel(**values)


class Noise:
    """The errors of one chip: ``chip_seed`` draws what is fixed for its pixels, ``seed`` what changes."""

    def __init__(self, model: NoiseModel, sensor: Sensor, seed: int = 0, chip_seed: int = 0):
        shape = (sensor.height, sensor.width)
        first, second = np.random.default_rng((0, chip_seed)).standard_normal((2, *shape), np.float32)
        second = model.spread_correlation * first + math.sqrt(1 - model.spread_correlation**2) * second
        self._gain = np.float32(1 + model.gain) + np.float32(model.gain_spread) * second
        self._division_offset = np.float32(model.division_offset) + np.float32(model.division_offset_spread) * first
        self._deviation = np.float32(model.write_deviation)
        self._random = np.random.default_rng((1, seed))  # other numbers than the chip's, whatever the seeds

    def added(self, value: np.ndarray, is_share: bool) -> np.ndarray:
        """What a register of each pixel holds after the write of float32 ``value`` ``[height, width]``.

        Args:
            value: what should have been written.
            is_share: whether the write divides a value among several registers.
        """
        result = self._random.standard_normal(value.shape, np.float32) * self._deviation
        result += value * self._gain
        if is_share:
            result += self._division_offset
        return result
