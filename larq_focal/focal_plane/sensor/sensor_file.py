"""The file of a sensor, with what it takes over from the sensor that it extends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from larq_focal.focal_plane.sensor.known_sensors import SENSORS, sensor_names
from larq_focal.messages import shown
from larq_focal.yaml_file import FileKind, Section


class SensorError(ValueError):
    """A sensor is not known, or its file is at fault; the message names the file, the key and the fix."""


SENSOR_FILE = FileKind("sensor", "template.yaml", SensorError)


def read_sensor_file(path: Path) -> Section:
    """The keys of a sensor's file.

    Raises:
        SensorError: the file is not YAML, does not hold keys, or extends a sensor that there is not.
        OSError: it cannot be read.
    """
    return Section(SENSOR_FILE, path, _extended(path))


def _extended(path: Path) -> Any:
    """The content of ``path``; what it leaves out comes from the sensor named under ``extends``."""
    data = SENSOR_FILE.content(path)
    if not isinstance(data, dict) or "extends" not in data:
        return data
    base = data.pop("extends")
    if not isinstance(base, str) or base not in sensor_names():
        raise SensorError(f"'{path}': 'extends' must be one of {', '.join(sensor_names())}, not {shown(base)}.")
    return _merged(_extended(SENSORS / f"{base}.yaml"), data)


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """``base`` with the values of ``changes``, key by key in nested mappings too."""
    result = dict(base)
    for key, value in changes.items():
        nested = isinstance(value, dict) and isinstance(base.get(key), dict)
        result[key] = _merged(base[key], value) if nested else value
    return result
