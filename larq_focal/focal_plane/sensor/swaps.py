"""Whether the controller may put other kernels into the store within a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from larq_focal.focal_plane.sensor.sensor import Sensor


def check_swap(swap_kernels: bool, sensor: Sensor) -> None:
    """Refuses kernels that are swapped on a sensor that does not do that.

    Raises:
        ValueError: the message names the fix.
    """
    if swap_kernels and not sensor.swaps_kernels:
        raise ValueError(
            f"{sensor.name} does not let other kernels into its store within a frame: compile without swap_kernels, or "
            "set 'swaps_kernels: true' in the sensor's file."
        )
