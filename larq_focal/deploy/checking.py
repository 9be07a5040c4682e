"""Whether an engine computes what it should, against the NumPy interpreter of the network's graph."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from larq_focal.deploy.machine import describe_machine
from larq_focal.deploy.runtime import Runtime
from larq_focal.network.interpret import interpret
from larq_focal.network.tflite.read.from_tflite import from_tflite
from larq_focal.result import Result

TOLERANCE = 1e-4
"""The largest difference of outputs, relative to the largest output, that passes for rounding."""
_STEPS = 2  # of quantized outputs, whose fixed-point arithmetic rounds in between


@dataclass(frozen=True, repr=False)
class Check(Result):
    """The outputs of an engine for one random input beside those of the NumPy interpreter.

    ``relative_difference`` is the largest difference of an output, divided by the largest output.
    """

    model: str
    engine: str
    relative_difference: float
    passed: bool
    machine: dict[str, Any]
    versions: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> Check:
        return cls(**record)

    @property
    def headline(self) -> str:
        return f"{self.model} by {self.engine}, {'right' if self.passed else 'DIFFERS'}, {self.relative_difference:.1e}"

    def __rich__(self):
        from rich.text import Text

        on = self.machine["emulator"] or self.machine["board"] or self.machine["cpu"]
        parts = [
            f"{self.model}: the results of the engine '{self.engine}' on {on} ",
            ("are right", "green") if self.passed else ("DIFFER", "bold red"),
            f" (largest difference from the NumPy interpreter: {self.relative_difference:.1e} of the largest output).",
        ]
        if not self.passed:
            parts.append(" Values on the threshold of a quantizer can do that; so can a fault.")
        if self.machine["emulator"]:
            parts.append(" A time would say nothing here: the processor is emulated.")
        return Text.assemble(*parts)


def check(model: str | Path | bytes | Runtime, *, threads: int = 1, engine: str = "auto", seed: int = 0) -> Check:
    """Runs a network once on random input, and compares its outputs with those of the NumPy interpreter.

    Args:
        model: path or content of a ``.tflite`` file, or a ``Runtime`` (``threads`` and ``engine`` are then its own).
        threads: how many the engine may use.
        engine: see ``Runtime``.
        seed: of the input: standard normal floats.

    Raises:
        ValueError: the NumPy interpreter does not know an operation of the network; and what ``Runtime`` raises.
    """
    runtime = model if isinstance(model, Runtime) else Runtime(model, threads=threads, engine=engine)
    random = np.random.default_rng(seed)
    batch = {
        name: random.standard_normal((1, *shape)).astype(np.float32)
        for name, shape in zip(runtime.input_names, runtime.input_shapes, strict=True)
    }
    outputs = runtime.outputs(batch)
    graph = from_tflite(runtime.model)
    expected = interpret(graph, batch, graph.outputs)
    pairs = zip(outputs, graph.outputs, strict=True)
    differences, tolerance = [0.0], TOLERANCE
    for (output, name), tensor in zip(pairs, runtime.model.outputs, strict=True):
        largest = float(np.abs(expected[name]).max()) or 1.0
        differences.append(float(np.abs(output - expected[name]).max()) / largest)
        if tensor.quantization is not None:
            tolerance = max(tolerance, _STEPS * float(tensor.quantization.scale[0]) / largest)
    worst = max(differences)
    return Check(
        model=runtime.name,
        engine=runtime.engine,
        relative_difference=worst,
        passed=worst <= tolerance,
        machine=describe_machine(),
        versions=runtime.versions,
    )
