"""The processors that come with the package, a YAML file each; importing this loads nothing."""

from __future__ import annotations

from pathlib import Path

PROCESSORS = Path(__file__).parent / "processors"


def processor_names() -> tuple[str, ...]:
    """The processors of fixed structure that come with the package."""
    return tuple(sorted(path.stem for path in PROCESSORS.glob("*.yaml")))


def processor_file(name: str) -> Path:
    return PROCESSORS / f"{name}.yaml"
