"""The sensors and processors that come with the package, a YAML file each; importing this loads nothing."""

from __future__ import annotations

from pathlib import Path

SENSORS = Path(__file__).parent / "sensors"
PROCESSORS = Path(__file__).parent / "binary_processor" / "processors"
TEMPLATE = "template"
"""Of the file in ``SENSORS`` that explains every key."""
DEFAULT_SENSOR = "scamp5"


def sensor_names() -> tuple[str, ...]:
    """The sensors that come with the package."""
    return tuple(sorted(path.stem for path in SENSORS.glob("*.yaml") if path.stem != TEMPLATE))


def processor_names() -> tuple[str, ...]:
    """The processors of fixed structure that come with the package."""
    return tuple(sorted(path.stem for path in PROCESSORS.glob("*.yaml")))


def processor_file(name: str) -> Path:
    return PROCESSORS / f"{name}.yaml"
