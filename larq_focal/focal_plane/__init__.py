"""Fitting networks to focal-plane processors; none of it needs TensorFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larq_focal.lazy_door import lazy_door

if TYPE_CHECKING:
    from larq_focal.focal_plane.binary_processor import BinaryProcessor, ProcessorFit, load_processor
    from larq_focal.focal_plane.fitting import fit
    from larq_focal.focal_plane.known_sensors import processor_names, sensor_names
    from larq_focal.focal_plane.layer_report import LayerFit
    from larq_focal.focal_plane.report import FitReport
    from larq_focal.focal_plane.sensor import Sensor, load_sensor
    from larq_focal.focal_plane.sensor_file import SensorError
    from larq_focal.focal_plane.verdict import Verdict

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
            "binary_processor": ("BinaryProcessor", "ProcessorFit", "load_processor"),
            "fitting": ("fit",),
            "layer_report": ("LayerFit",),
            "report": ("FitReport",),
            "sensor": ("Sensor", "load_sensor"),
            "sensor_file": ("SensorError",),
            "known_sensors": ("processor_names", "sensor_names"),
            "verdict": ("Verdict",),
        },
    )
