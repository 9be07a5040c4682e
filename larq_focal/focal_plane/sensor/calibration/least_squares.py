"""Fits overheads to some rows of a published table, and tells how far all rows are from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from larq_focal.focal_plane.sensor.calibration.calibration import Calibration
from larq_focal.focal_plane.sensor.calibration.published import Published, Stage

CYCLES = "cycles_per_icw"


@dataclass(frozen=True)
class Residual:
    """A published time beside the one that a calibration gives; ``is_fitted``: the calibration was fitted to it."""

    name: str
    published_us: float
    calibrated_us: float
    is_fitted: bool

    @property
    def residual_us(self) -> float:
        return self.calibrated_us - self.published_us

    @property
    def residual(self) -> float:
        """Relative to the published time."""
        return self.residual_us / self.published_us


def fitted(published: Published) -> Calibration:
    """The calibration that comes closest, by least squares, to the stages that ``published.fit_on`` names.

    Raises:
        ValueError: these stages do not tell the unknowns apart, or a time comes out negative.
    """
    stages = [published.stage(name) for name in published.fit_on]
    columns = np.array([[_coefficient(stage, unknown, published) for unknown in published.unknown] for stage in stages])
    times = np.array([stage.us for stage in stages])
    values, _, rank, _ = np.linalg.lstsq(columns, times, rcond=None)
    if rank < len(published.unknown) or values.min() < 0:
        raise ValueError(f"{published.title}: {', '.join(published.fit_on)} do not tell {published.unknown} apart.")
    found = dict(zip(published.unknown, map(float, values), strict=True))
    return Calibration(
        name=published.title,
        source=published.source,
        cycles_per_icw=found.pop(CYCLES),
        overhead_us=found,
        contained=published.contained,
    )


def residuals(published: Published, calibration: Calibration) -> list[Residual]:
    """Each stage that runs on the array and whose calls ``calibration`` can tell, and their sum where these are all."""
    fitted_to = published.fit_on if calibration.name == published.title else ()
    known = [stage for stage in published.stages if _is_told(stage, calibration)]
    rows = [
        Residual(stage.name, stage.total_us, _calibrated_us(stage, calibration, published), stage.name in fitted_to)
        for stage in known
    ]
    if len(known) > 1 and len(known) == len(published.stages):
        sums = sum(row.published_us for row in rows), sum(row.calibrated_us for row in rows)
        rows.append(Residual("total", *sums, is_fitted=False))
    return rows


def _coefficient(stage: Stage, unknown: str, published: Published) -> float:
    """How many microseconds of a stage one unit of ``unknown`` makes."""
    return (stage.icw or 0) / published.clock_hz * 1e6 if unknown == CYCLES else stage.calls.get(unknown, 0)


def _is_told(stage: Stage, calibration: Calibration) -> bool:
    return stage.icw is not None and all(calibration.tells(call) for call in stage.calls)


def _calibrated_us(stage: Stage, calibration: Calibration, published: Published) -> float:
    return stage.times * calibration.latency_us(stage.icw or 0, stage.calls, published.clock_hz)
