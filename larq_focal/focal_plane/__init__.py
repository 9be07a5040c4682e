"""Fitting networks to focal-plane processors; none of it needs TensorFlow."""

from larq_focal.focal_plane.binary_processor import BinaryProcessor, ProcessorFit, load_processor, processor_names
from larq_focal.focal_plane.fitting import fit
from larq_focal.focal_plane.layer_report import LayerFit
from larq_focal.focal_plane.report import FitReport
from larq_focal.focal_plane.sensor import Sensor, load_sensor, sensor_names
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
