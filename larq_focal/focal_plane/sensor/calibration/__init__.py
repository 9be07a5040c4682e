"""Times measured on chips: published tables of stages, and overheads fitted to them."""

from larq_focal.focal_plane.sensor.calibration.calibration import Calibration, read_calibrations
from larq_focal.focal_plane.sensor.calibration.least_squares import Residual, fitted, residuals
from larq_focal.focal_plane.sensor.calibration.published import (
    Published,
    Stage,
    load_published,
    published_for,
    published_names,
)

__all__ = [
    "Calibration",
    "Published",
    "Residual",
    "Stage",
    "fitted",
    "load_published",
    "published_for",
    "published_names",
    "read_calibrations",
    "residuals",
]
