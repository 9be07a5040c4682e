"""How far planes may go that find no register."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from larq_focal.focal_plane.sensor.sensor import Sensor

Spill = Literal["none", "analog", "controller"]  # analog registers first; the controller only where they do not do
SPILLS: tuple[Spill, ...] = get_args(Spill)
"""Each allows what those before it allow, and one kind of home more."""
DEFAULT_SPILL: Spill = "analog"
IN_HOME = {"analog": "in analog registers", "controller": "on the controller"}


def check_spill(spill: str, sensor: Sensor) -> None:
    """Refuses what is not a ``Spill``, or what the sensor does not do.

    Raises:
        ValueError: the message names the fix.
    """
    if spill not in SPILLS:
        raise ValueError(f"spill must be one of {', '.join(SPILLS)}, not {spill!r}.")
    if spill == "controller" and not sensor.spills_to_controller:
        raise ValueError(
            f"{sensor.name} does not let planes go to the controller and back: choose spill='analog', or set "
            "'spills_to_controller: true' in the sensor's file."
        )
