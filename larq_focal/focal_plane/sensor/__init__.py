"""Sensors: their files, registers and costs, calibrations against published times, and the rate of frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larq_focal.lazy_door import lazy_door

if TYPE_CHECKING:
    from larq_focal.focal_plane.sensor.sensor import Sensor, load_sensor, unknown_sensor

__all__ = ["Sensor", "load_sensor", "unknown_sensor"]


if not TYPE_CHECKING:  # to a type checker this would make every name one of ours
    __getattr__, __dir__ = lazy_door(__name__, {"sensor": ("Sensor", "load_sensor", "unknown_sensor")})
