"""Published results of networks on focal-plane processors, with what each stage executes as far as it is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from larq_focal.focal_plane.sensor.keys import CALLS
from larq_focal.focal_plane.sensor.sensor_file import SensorError
from larq_focal.yaml_file import FileKind, Section

FOLDER = Path(__file__).parent / "published"
PUBLISHED_FILE = FileKind("published result", "the others", SensorError)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A row of a published table: ``times`` runs of ``us`` microseconds each.

    ``icw`` and ``calls`` are those of one run; ``counted`` says where the counts come from. ``icw`` is None for what
    the controller computes by itself.
    """

    name: str
    us: float
    times: int
    icw: int | None
    calls: Mapping[str, int]
    counted: str

    @property
    def total_us(self) -> float:
        return self.us * self.times


@dataclass(frozen=True, kw_only=True)
class Published:
    """What is published of one network on one sensor; values that are not are None.

    ``fit_on`` names the stages that a calibration is fitted to, ``unknown`` what is fitted there
    (``cycles_per_icw``, or a call), ``contained`` the calls whose time cannot be told apart from it.
    """

    name: str
    title: str
    source: str
    sensor: str
    clock_hz: float
    latency_us: float | None
    frames_per_second: float | None
    system_energy_uj: float | None
    stages: tuple[Stage, ...]
    fit_on: tuple[str, ...]
    unknown: tuple[str, ...]
    contained: tuple[str, ...]

    def stage(self, name: str) -> Stage:
        return next(stage for stage in self.stages if stage.name == name)


def published_names() -> tuple[str, ...]:
    """The networks of which results are published."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def published_for(network: str, sensor: str) -> Published | None:
    """The published results of the network with that name on a sensor, or None where there are none."""
    if network not in published_names():
        return None
    published = load_published(network)
    return published if published.sensor == sensor else None


@cache
def load_published(name: str) -> Published:
    """Reads the results of one of ``published_names()``.

    Raises:
        SensorError: there is no such network.
    """
    if name not in published_names():
        raise SensorError(f"No results of '{name}' are kept here: choose from {', '.join(published_names())}.")
    path = FOLDER / f"{name}.yaml"
    top = PUBLISHED_FILE.read(path)
    published = Published(
        name=name,
        title=top.text("title"),
        source=top.text("source"),
        sensor=top.text("sensor"),
        clock_hz=top.number("clock_hz", minimum=1),
        latency_us=top.number("latency_us", may_be_unknown=True),
        frames_per_second=top.number("frames_per_second", may_be_unknown=True),
        system_energy_uj=top.number("system_energy_uj", may_be_unknown=True),
        stages=tuple(_stage(section) for section in top.sections("stages")),
        fit_on=top.texts("fit_on"),
        unknown=top.texts("unknown"),
        contained=top.texts("contained"),
    )
    top.refuse_the_rest()
    return published


def _stage(section: Section) -> Stage:
    stage = Stage(
        name=section.text("name"),
        us=section.number("us"),
        times=section.integer("times", minimum=1),
        icw=section.integer("icw", may_be_unknown=True),
        calls=section.section("calls").some(CALLS, Section.integer),
        counted=section.text("counted"),
    )
    section.refuse_the_rest()
    return stage
