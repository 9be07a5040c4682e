"""Fitting networks to focal-plane processors; none of it needs TensorFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larq_focal.lazy_door import lazy_door

if TYPE_CHECKING:
    from larq_focal.fixed_processors import BinaryProcessor, ProcessorFit, load_processor, processor_names
    from larq_focal.focal_plane.fits.fit import fit
    from larq_focal.focal_plane.fits.fit_report import FitReport
    from larq_focal.focal_plane.fits.layer_fit import LayerFit
    from larq_focal.focal_plane.sensor import Sensor, load_sensor
    from larq_focal.focal_plane.sensor.known_sensors import sensor_names
    from larq_focal.focal_plane.sensor.sensor_file import SensorError
    from larq_focal.verdicts.verdict import Verdict

__all__ = [
    "BinaryProcessor",
    "FitReport",
    "LayerFit",
    "ProcessorFit",
    "Sensor",
    "SensorError",
    "Verdict",
    "fit",
    "load_processor",
    "load_sensor",
    "processor_names",
    "sensor_names",
]


if not TYPE_CHECKING:  # to a type checker this would make every name one of ours
    __getattr__, __dir__ = lazy_door(
        __name__,
        {
            "fits.fit": ("fit",),
            "fits.fit_report": ("FitReport",),
            "fits.layer_fit": ("LayerFit",),
            "larq_focal.fixed_processors": ("BinaryProcessor", "ProcessorFit", "load_processor", "processor_names"),
            "larq_focal.verdicts.verdict": ("Verdict",),
            "sensor.known_sensors": ("sensor_names",),
            "sensor.sensor": ("Sensor", "load_sensor"),
            "sensor.sensor_file": ("SensorError",),
        },
    )
