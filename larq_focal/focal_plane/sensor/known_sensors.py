"""The sensors that come with the package, a YAML file each; importing this loads nothing."""

from __future__ import annotations

from pathlib import Path

SENSORS = Path(__file__).parent / "sensors"
TEMPLATE = "template"
"""Of the file in ``SENSORS`` that explains every key."""
DEFAULT_SENSOR = "scamp5"


def sensor_names() -> tuple[str, ...]:
    """The sensors that come with the package."""
    return tuple(sorted(path.stem for path in SENSORS.glob("*.yaml") if path.stem != TEMPLATE))
