"""Which placement of maps and which source of weights a network gets: those whose program costs least."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from larq_focal.focal_plane.compiler.options import AUTO, INTERLEAVED, PLACEMENTS, TILED, WEIGHTS, Option, WeightSource
from larq_focal.focal_plane.compiler.placement.tiles import tiles_for
from larq_focal.focal_plane.compiler.unsupported import UnsupportedError
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.focal_plane.sensor.keys import FILL
from larq_focal.focal_plane.sensor.rate import longest_us
from larq_focal.network.graph import QuantGraph
from larq_focal.text import counted, time_text

_MOST_MOVED = 2  # input channels of a group: each but one is moved over whole tiles, hundreds of words


@dataclass(frozen=True)
class Cost:
    """What the program of an option takes: words and, where the sensor is calibrated, microseconds of one frame.

    Programs that spill, or swap kernels in the store, are compared only with each other. Where there is no program,
    ``refused`` tells why, and nothing else is known. ``time_us`` is for comparison and rather too long, see
    ``longest_us``, but for the ``fills`` of the store, of which it holds no time that is not known.
    """

    option: Option
    icw: int | None = None
    time_us: float | None = None
    spills: bool = False
    fills: int = 0
    refused: str = ""

    @classmethod
    def of(cls, option: Option, icw: Mapping[str, int], calls: Mapping[str, int], spills: bool, sensor: Sensor) -> Cost:
        """The cost of a program.

        Args:
            option: how it was written.
            icw: instruction words by clock class.
            calls: calls of the controller by the sensor's overheads.
            spills: whether planes move to analog registers.
            sensor: where it runs; its first calibration gives the time.
        """
        return cls(option, sum(icw.values()), longest_us(icw, calls, sensor), spills, calls.get(FILL, 0))

    @property
    def minimised(self) -> str:
        """Which figure was made as small as could be: the time where the sensor has a calibration."""
        return "words" if self.time_us is None else "time"

    @property
    def rank(self) -> float:
        """The time, or the words where it is not known, of a program that there is."""
        return self.icw if self.time_us is None else self.time_us

    def to_dict(self) -> dict[str, Any]:
        data = asdict(self)
        option = data.pop("option")
        return {"placement": option["placement"], "weights": option["weights"].value, **data}

    def __str__(self) -> str:
        if self.refused:
            return "refused"
        time = "" if self.time_us is None else f", {time_text(self.time_us / 1000)}"
        fills = f", without {counted(self.fills, 'fill')} of the store" if self.fills else ""
        return f"{self.icw:,} words{time}{fills}{', spills' if self.spills else ''}"


def options_for(graph: QuantGraph, sensor: Sensor, placement: str, weights: str) -> Iterator[Option]:
    """The options that ``placement`` and ``weights`` leave, the plainest first.

    Args:
        graph: in its array form.
        sensor: where the program will run.
        placement: one of ``PLACEMENTS``; by "auto" tiles are tried where groups of input channels are small.
        weights: one of ``WEIGHTS``.

    Raises:
        ValueError: one of these is unknown, or they contradict each other.
        UnsupportedError: the sensor cannot do what is asked for, or the network has no use for it.
    """
    for name, value, known in (("placement", placement, PLACEMENTS), ("weights", weights, WEIGHTS)):
        if value not in known:
            raise ValueError(f"{name} is '{value}'; choose from {', '.join(known)}.")
    is_spread = weights not in (AUTO, WeightSource.PATTERNS)
    if placement == INTERLEAVED and is_spread:
        raise ValueError(f"weights='{weights}' spread over tiles: ask for placement='tiled' or 'auto'.")
    if placement != TILED and not is_spread:
        yield Option()
    if placement == INTERLEAVED or (placement == AUTO and not is_spread and not _may_be_tiled(graph, sensor)):
        return
    for source in WeightSource if weights == AUTO else (WeightSource(weights),):
        if source is not WeightSource.ANALOG or _compares(sensor):
            yield Option(TILED, source)
        elif weights != AUTO:
            raise UnsupportedError(
                f"{sensor.name} has no FLAG, or no analog registers of a known range: take weights='packed'."
            )


def _may_be_tiled(graph: QuantGraph, sensor: Sensor) -> bool:
    try:
        tiles_for(graph, sensor)
    except UnsupportedError:
        return False
    return all(op.kernel.codes.shape[2] <= _MOST_MOVED for op in graph.convolutions)


def _compares(sensor: Sensor) -> bool:
    analog = sensor.analog
    return bool(sensor.digital.flag and analog.storage and analog.port) and analog.maximum is not None
