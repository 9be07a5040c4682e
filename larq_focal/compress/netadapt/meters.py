"""What a network costs: counted, or measured on this machine or over ssh."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from larq_focal.cost import summary
from larq_focal.deploy.device import time_on_device
from larq_focal.deploy.remote import Host, time_remote
from larq_focal.deploy.timing_results import Timing
from larq_focal.focal_plane.compiler import compile as compile_network
from larq_focal.focal_plane.sensor.known_sensors import DEFAULT_SENSOR
from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.tflite import write_tflite

Metric = Literal["latency", "energy", "bytes", "macs", "ace", "words"]
UNITS: dict[str, str] = {
    "latency": "ms",
    "energy": "mJ",
    "bytes": "bytes",
    "macs": "MACs",
    "ace": "ACE",
    "words": "words",
}
_DEVICE = ("cpu", "architecture", "board", "features", "cores")


class Meter(Protocol):
    """Tells what a network costs; ``device`` says on what, as plain data, empty where that does not matter."""

    metric: str
    device: dict[str, Any]

    def __call__(self, graph: QuantGraph) -> float: ...


def key_of(meter: Meter) -> str:
    """A short name of metric, device and engine: figures of one key may be compared."""
    text = json.dumps([meter.metric, meter.device], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class CountMeter:
    """Counts what a network stores or computes, whatever runs it.

    Args:
        metric: "macs", "ace" (weight bits times activation bits, summed) or "bytes" (of the parameters, packed).
    """

    metric: str
    device: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        if self.metric not in _COUNTS:
            raise ValueError(f"'{self.metric}' is not counted: choose one of {', '.join(_COUNTS)}.")

    def __call__(self, graph: QuantGraph) -> float:
        return float(_COUNTS[self.metric](summary(graph)))


_COUNTS = {
    "macs": lambda cost: cost.macs,
    "ace": lambda cost: cost.ace,
    "bytes": lambda cost: cost.parameter_bytes,
}


class WordMeter:
    """Counts the instruction words of one frame of the program that a network becomes on a pixel array.

    A program shares work between layers, so that only whole networks have words: see ``WholeCost``.

    Args:
        sensor: its name, or the path of its file.
    """

    metric = "words"

    def __init__(self, sensor: str = DEFAULT_SENSOR):
        self.device: dict[str, Any] = {"sensor": str(sensor)}
        self._sensor = sensor

    def __call__(self, graph: QuantGraph) -> float:
        return float(compile_network(graph, self._sensor).total_icw)


class ClockMeter:
    """Times a network as ``larq-focal time`` does: the fastest of at least 50 runs, to which other work adds least.

    Args:
        metric: "latency" in ms, or "energy" in mJ, the time multiplied by what the machine draws meanwhile.
        host: where, by its name or in full; None for this machine.
        threads: how many the engine may use.
        engine: as for ``larq_focal.time``.
        watts: what the machine draws, where it has no sensor.
        min_seconds: shortest time to measure.

    Raises:
        ValueError: another metric.
        RemoteError, EngineError, EmulatedProcessor: the machine cannot be reached, lacks something, or is emulated.
    """

    def __init__(
        self,
        metric: str = "latency",
        host: Host | str | None = None,
        *,
        threads: int = 1,
        engine: str = "auto",
        watts: float | None = None,
        min_seconds: float = 0.1,
    ):
        if metric not in ("latency", "energy"):
            raise ValueError(f"'{metric}' is not timed: choose 'latency' or 'energy'.")
        self.metric = metric
        self._host = host
        self._options: dict[str, Any] = {
            "threads": [threads],
            "engine": engine,
            "watts": watts,
            "min_seconds": min_seconds,
        }
        probe = self._time(write_tflite(_probe()))
        facts = {name: probe.machine.get(name) for name in _DEVICE}
        self.device = {**facts, "engine": probe.engine, "threads": threads, "versions": probe.versions}

    def __call__(self, graph: QuantGraph) -> float:
        return self.of_file(write_tflite(graph))

    def of_file(self, file: bytes) -> float:
        """Of a converted network."""
        timing = self._time(file)
        if self.metric == "latency":
            return timing.min_ms
        if not timing.power_w:
            raise ValueError("This machine has no sensor of its power: give the watts that it draws.")
        return timing.min_ms * timing.power_w

    def _time(self, file: bytes) -> Timing:
        timing = time_remote(file, self._host, **self._options) if self._host else time_on_device(file, **self._options)
        if not isinstance(timing, Timing):
            raise ValueError("This processor is emulated, so that times say nothing: choose a metric that is counted.")
        return timing


def _probe() -> QuantGraph:
    """A network that costs next to nothing, to learn what the machine is."""
    image = ops.Input(name="input", shape=(8,))
    return QuantGraph(
        "probe", [image, ops.Activation(name="relu", inputs=("input",), shape=(8,), kind="relu")], ["relu"]
    )


def meter_for(metric: str, host: Host | str | None = None, *, sensor: str = DEFAULT_SENSOR, **options: Any) -> Meter:
    """The meter of a metric by its name; ``sensor`` is for "words", ``options`` are those of ``ClockMeter``.

    Raises:
        ValueError: there is no such metric.
    """
    if metric not in UNITS:
        raise ValueError(f"There is no metric '{metric}': choose one of {', '.join(UNITS)}.")
    if metric == WordMeter.metric:
        return WordMeter(sensor)
    return CountMeter(metric) if metric in _COUNTS else ClockMeter(metric, host, **options)


__all__: Sequence[str] = ["UNITS", "ClockMeter", "CountMeter", "Meter", "Metric", "WordMeter", "key_of", "meter_for"]
