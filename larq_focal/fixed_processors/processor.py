"""Digital processors for binary networks, each a YAML file in ``processors/``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from larq_focal.fixed_processors.known_processors import processor_file, processor_names
from larq_focal.focal_plane.sensor.sensor_file import SensorError
from larq_focal.yaml_file import FileKind, Section

PROCESSOR_FILE = FileKind("processor", "binareye.yaml", SensorError)


@dataclass(frozen=True, kw_only=True)
class PublishedEnergy:
    """What is published of the processor's own network at one width."""

    width: int
    task: str
    energy_uj: float
    frames_per_second: float | None


@dataclass(frozen=True, kw_only=True)
class BinaryProcessor:
    """A processor that runs binary convolutions of one kernel and one width, and binary dense layers.

    ``map_sides`` are the heights of the maps that each convolution of the published network makes. ``tops_per_watt``
    is the efficiency that meets the published energies, in 10^12 one-bit operations per joule; a multiply-accumulate
    is two operations.
    """

    name: str
    title: str
    image_side: int
    kernel_side: int
    pool_side: int
    widths: tuple[int, ...]
    convolutions: int
    map_sides: tuple[int, ...]
    convolution_memory_bits: int
    dense_memory_bits: int
    peak_tops_per_watt: float
    tops_per_watt: float
    published: tuple[PublishedEnergy, ...]
    assumptions: tuple[str, ...]


@cache
def load_processor(name: str) -> BinaryProcessor:
    """Reads one of ``processor_names()``.

    Raises:
        SensorError: there is no such processor, or its file is at fault.
    """
    if name not in processor_names():
        raise SensorError(f"There is no processor '{name}': choose from {', '.join(processor_names())}.")
    path = processor_file(name)
    top = PROCESSOR_FILE.read(path)
    processor = BinaryProcessor(
        name=top.text("name"),
        title=top.text("title"),
        widths=top.integers("widths"),
        map_sides=top.integers("map_sides"),
        published=tuple(map(_published, top.sections("published"))),
        assumptions=top.texts("assumptions"),
        **{key: top.integer(key, minimum=1) for key in ("image_side", "kernel_side", "pool_side", "convolutions")},
        **{key: top.integer(key, minimum=1) for key in ("convolution_memory_bits", "dense_memory_bits")},
        **{key: top.number(key, minimum=1) for key in ("peak_tops_per_watt", "tops_per_watt")},
    )
    top.refuse_the_rest()
    return processor


def _published(section: Section) -> PublishedEnergy:
    published = PublishedEnergy(
        width=section.integer("width", minimum=1),
        task=section.text("task"),
        energy_uj=section.number("energy_uj"),
        frames_per_second=section.number("frames_per_second", may_be_unknown=True),
    )
    section.refuse_the_rest()
    return published
