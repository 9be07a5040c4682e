"""Where the time of an inference goes: every operation timed by itself.

LiteRT's Python package has no profiler. So each operation is cut out of the file, put into one of its own, and timed
in the same engine, with its input already in place. How well that tells about the whole network, in which operations
are joined and data lies in other caches, shows where the sum of all stands beside the time of the whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from larq_focal.deploy.engines import ENGINES, EngineError, LiteRTEngine, engines_for
from larq_focal.deploy.measuring import median_ms
from larq_focal.deploy.runtime import Runtime
from larq_focal.network.few_bits import FEW_BIT_KINDS, widths
from larq_focal.network.tflite.flatbuffer import FlatModel, Operator, Tensor, read_flatbuffer
from larq_focal.network.tflite.single_operations import single_operations
from larq_focal.result import Result
from larq_focal.text import MILLISECONDS, counted, in_one_unit, shape_text, time_text

_LEAST_RUNS = 10
_SECONDS = 0.02
_MOST_PRINTED = 15
PROFILED_ENGINES = ("litert", "delegate")


@dataclass(frozen=True)
class OperationTime:
    """One operation: ``arithmetic`` is "binary" or the type of its output, ``time_ms`` None where it ran not alone."""

    index: int
    kind: str
    arithmetic: str
    shape: tuple[int, ...]
    time_ms: float | None


@dataclass(frozen=True, repr=False)
class Profile(Result):
    """Median times of all operations alone, in the order of execution, and of the whole network."""

    operations: tuple[OperationTime, ...]
    whole_ms: float

    @property
    def sum_ms(self) -> float:
        return sum(operation.time_ms or 0.0 for operation in self.operations)

    def by_kind(self) -> list[tuple[str, str, int, float]]:
        """Kind, arithmetic, how many, and their time in ms; the longest first."""
        groups: dict[tuple[str, str], list[float]] = defaultdict(list)
        for operation in self.operations:
            groups[operation.kind, operation.arithmetic].append(operation.time_ms or 0.0)
        rows = [(*names, len(times), sum(times)) for names, times in groups.items()]
        return sorted(rows, key=lambda row: -row[-1])

    def to_dict(self) -> dict[str, Any]:
        operations = [asdict(operation) | {"shape": list(operation.shape)} for operation in self.operations]
        return {"whole_ms": self.whole_ms, "sum_ms": self.sum_ms, "operations": operations}

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> Profile:
        operations = [OperationTime(**row | {"shape": tuple(row["shape"])}) for row in record["operations"]]
        return cls(tuple(operations), float(record["whole_ms"]))

    @property
    def headline(self) -> str:
        whole, alone = time_text(self.whole_ms), time_text(self.sum_ms)
        return f"{counted(len(self.operations), 'operation')}, {whole} together, {alone} each alone"

    def __rich__(self):
        from rich.console import Group
        from rich.text import Text

        missing = sum(operation.time_ms is None for operation in self.operations)
        closing = f"Sum of the operations alone {time_text(self.sum_ms)}, the whole network {time_text(self.whole_ms)}."
        closing += f" {missing} could not be run alone." if missing else ""
        return Group(self._kinds(), Text(), self._slowest(), Text(), Text(closing, "dim"))

    def _kinds(self):
        from rich.text import Text

        from larq_focal.tables import add_figures, add_name, add_words, heading, new_table

        rows = self.by_kind()
        unit, times = in_one_unit([taken for *_, taken in rows], MILLISECONDS)
        table = new_table("Operations by kind, each timed alone")
        add_name(table, "operation")
        add_words(table, "arithmetic")
        add_figures(table, "count", heading("time", unit), "share")
        for (kind, arithmetic, count, taken), time in zip(rows, times, strict=True):
            table.add_row(Text(kind), arithmetic, f"{count:,}", time, self._share(taken))
        return table

    def _slowest(self):
        from rich.text import Text

        from larq_focal.tables import add_figures, add_name, add_words, heading, new_table

        timed = [operation for operation in self.operations if operation.time_ms is not None]
        slowest = sorted(timed, key=lambda operation: -operation.time_ms)[:_MOST_PRINTED]
        unit, times = in_one_unit([op.time_ms for op in slowest], MILLISECONDS)
        table = new_table("The slowest operations")
        add_name(table, "operation")
        add_figures(table, "number")
        add_words(table, "arithmetic", "output")
        add_figures(table, heading("time", unit), "share")
        for op, time in zip(slowest, times, strict=True):
            table.add_row(
                Text(op.kind), f"{op.index:,}", op.arithmetic, shape_text(op.shape), time, self._share(op.time_ms)
            )
        return table

    def _share(self, time_ms: float) -> str:
        return f"{time_ms / (self.sum_ms or 1.0):.0%}"


def require_profiled(runtime: Runtime) -> None:
    """Raises EngineError where the engine cannot be profiled."""
    if runtime.engine not in PROFILED_ENGINES:
        raise EngineError(
            f"The engine '{runtime.engine}' cannot be profiled; choose one of {', '.join(PROFILED_ENGINES)}."
        )


def profile_operations(runtime: Runtime, *, seed: int = 0) -> Profile:
    """Times every operation of a network alone, with as many threads as the network has.

    Args:
        runtime: the network, on LiteRT with or without the delegate.
        seed: of the random inputs.

    Raises:
        EngineError: the engine is another.
    """
    require_profiled(runtime)
    random = np.random.default_rng(seed)
    operations = tuple(
        OperationTime(
            operator.index,
            operator.kind,
            _arithmetic(operator),
            operator.outputs[0].shape,
            _time_alone(content, operator, runtime.threads, random),
        )
        for operator, content in zip(runtime.model.operators, single_operations(runtime.model), strict=True)
    )
    feeds = [_random(tensor, False, random) for tensor in runtime.model.inputs]
    return Profile(operations, _invoke_ms(runtime.model, runtime.engine, runtime.threads, feeds))


def _arithmetic(operator: Operator) -> str:
    """The width of what an operator computes with: of weights and values where these differ."""
    if operator.is_custom and operator.kind.startswith("Lce"):
        return "binary"
    if operator.kind in FEW_BIT_KINDS:
        return widths(operator.options)
    return operator.outputs[0].dtype


def _time_alone(content: bytes, operator: Operator, threads: int, random: np.random.Generator) -> float | None:
    try:
        model = read_flatbuffer(content)
        is_binary = operator.kind.startswith("Lce")
        feeds = [_random(tensor, is_binary, random) for tensor in model.inputs]
        return _invoke_ms(model, engines_for(model)[0], threads, feeds)
    except (EngineError, RuntimeError, ValueError):
        return None


def _invoke_ms(model: FlatModel, engine: str, threads: int, feeds: Sequence[np.ndarray]) -> float:
    made = ENGINES[engine](model, threads)
    assert isinstance(made, LiteRTEngine)
    made.feed(feeds)
    return median_ms(made.invoke, _LEAST_RUNS, _SECONDS)


def _random(tensor: Tensor, is_packed: bool, random: np.random.Generator) -> np.ndarray:
    """Standard normal floats, bytes and packed words over the whole range; other integers may be positions: zeros."""
    dtype = np.dtype(tensor.dtype)
    if dtype.kind == "f":
        return random.standard_normal(tensor.shape).astype(dtype)
    if dtype.kind in "iu" and (is_packed or dtype.itemsize == 1):
        limits = np.iinfo(dtype)
        return random.integers(limits.min, limits.max, tensor.shape, dtype, endpoint=True)
    return np.zeros(tensor.shape, dtype)
