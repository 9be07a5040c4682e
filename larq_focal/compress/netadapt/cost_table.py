"""Tables of what layers cost by their width, measured once per device, and kept as files of plain data."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from larq_focal.compress.netadapt.channels import Block, Channels
from larq_focal.compress.netadapt.layer_network import layer_network, signature
from larq_focal.compress.netadapt.meters import Meter, key_of
from larq_focal.files import read_text, write_text
from larq_focal.network import ops

Widths = Mapping[str, int]
"""How many channels each block has, by its name."""
POINTS = 5
"""Widths of a block that are measured; between them a cost is interpolated."""


class MeasuredLayers:
    """What layers of some kind and width cost, kept in a file as they are measured.

    Args:
        meter: what measures.
        folder: where the file lies, whose name holds metric, device and engine; None keeps nothing.

    Raises:
        ValueError: the file there is not such a table.
    """

    def __init__(self, meter: Meter, folder: str | Path | None = None):
        self._meter = meter
        self.key = key_of(meter)
        self.path = None if folder is None else Path(folder) / f"{meter.metric}-{self.key}.json"
        self._costs: dict[str, dict[str, float]] = {}
        if self.path is not None and self.path.exists():
            self._costs = _read(self.path, meter)

    def cost(self, channels: Channels, op: ops.Linear, inputs: int, outputs: int) -> float:
        """Of a layer with so many channels; measured if it was not before."""
        row, width = self._costs.setdefault(signature(channels.graph, op), {}), f"{inputs}x{outputs}"
        if width not in row:
            row[width] = self._meter(layer_network(channels.graph, op.name, inputs, outputs))
            self._save()
        return row[width]

    def _save(self) -> None:
        if self.path is not None:
            record = {"metric": self._meter.metric, "device": self._meter.device, "costs": self._costs}
            write_text(self.path, json.dumps(record, indent=1, sort_keys=True) + "\n")


def _read(path: Path, meter: Meter) -> dict[str, dict[str, float]]:
    try:
        record = json.loads(read_text(path))
        belongs, costs = (record["metric"], record["device"]), record["costs"]
        costs = {kind: {width: float(cost) for width, cost in row.items()} for kind, row in costs.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"'{path}' is not a table of costs ({error}): delete it to measure again.") from error
    if belongs != (meter.metric, meter.device):
        raise ValueError(f"'{path}' was measured on another device: use another folder.")
    return costs


@dataclass(frozen=True)
class LayerCosts:
    """What one layer costs by its width.

    ``inputs`` and ``outputs`` are rising numbers of channels, ``costs`` ``[inputs, outputs]`` what was measured there.
    """

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    costs: np.ndarray

    def at(self, inputs: float, outputs: float) -> float:
        """Interpolated along both widths, exact for what grows in proportion to their product."""
        by_input = [np.interp(outputs, self.outputs, row) for row in self.costs]
        return float(np.interp(inputs, self.inputs, by_input))


class CostTable:
    """The cost of a network of given widths: the sum over its layers.

    Args:
        channels: of the network.
        measured: what its layers cost.
        points: how many widths of each block are measured, the first and the last of its steps among them.
        tell: gets a line of progress for each layer.
    """

    def __init__(
        self,
        channels: Channels,
        measured: MeasuredLayers,
        *,
        points: int = POINTS,
        tell: Callable[[str], None] = lambda line: None,
    ):
        if points < 2:
            raise ValueError(f"A table needs at least 2 widths of a block, not {points}.")
        self._blocks = channels.blocks
        self.key = measured.key
        grids = {name: _grid(block, points) for name, block in channels.blocks.items()}
        self.layers: dict[str, tuple[_Count, _Count, LayerCosts]] = {}
        listed = channels.graph.layers
        for number, op in enumerate(listed, 1):
            tell(f"measuring layer {number} of {len(listed)}, {op.name}")
            sides = _sides(channels, op)
            widths = [_counts(side, grids) for side in sides]
            costs = [[measured.cost(channels, op, *pair) for pair in _pairs(op, i, widths[1])] for i in widths[0]]
            self.layers[op.name] = (*sides, LayerCosts(*map(tuple, widths), np.array(costs, float)))

    def __call__(self, widths: Widths) -> float:
        return sum(self.by_layer(widths).values())

    def by_layer(self, widths: Widths) -> dict[str, float]:
        """The cost of each layer."""
        return {
            name: costs.at(inputs.at(widths), outputs.at(widths))
            for name, (inputs, outputs, costs) in self.layers.items()
        }


@dataclass(frozen=True)
class _Count:
    """A number of channels: some that stay, and so many for each of a block."""

    fixed: int
    of_block: Mapping[str, int]

    def at(self, widths: Widths) -> int:
        return self.fixed + sum(times * widths[name] for name, times in self.of_block.items())


def _sides(channels: Channels, op: ops.Linear) -> tuple[_Count, _Count]:
    """What a layer reads and gives."""
    layer = channels.layers.get(op.origin)
    if layer is None or (len(layer.inputs), len(layer.outputs)) != (_inputs(op), op.shape[-1]):
        return _Count(_inputs(op), {}), _Count(op.shape[-1], {})
    return _count(layer.inputs, channels.blocks), _count(layer.outputs, channels.blocks)


def _inputs(op: ops.Linear) -> int:
    return op.kernel.shape[-2] * op.kernel_groups


def _count(labels: np.ndarray, blocks: Mapping[str, Block]) -> _Count:
    times = {name: int(np.isin(labels, block.channels).sum()) // block.width for name, block in blocks.items()}
    times = {name: count for name, count in times.items() if count}
    return _Count(len(labels) - sum(count * blocks[name].width for name, count in times.items()), times)


def _grid(block: Block, points: int) -> list[int]:
    """Widths of a block, whole steps below its full one."""
    widths = range(block.width, 0, -block.step)
    chosen = np.unique(np.linspace(0, len(widths) - 1, min(points, len(widths))).round().astype(int))
    return sorted(widths[index] for index in chosen)


def _counts(side: _Count, grids: Mapping[str, list[int]]) -> list[int]:
    """The numbers of channels to measure: those of the block that has the most widths, the others in proportion."""
    if not side.of_block:
        return [side.fixed]
    longest = max(side.of_block, key=lambda name: len(grids[name]))
    positions = np.linspace(0, 1, len(grids[longest]))
    return sorted(
        {
            side.at({name: round(float(np.quantile(grids[name], place))) for name in side.of_block})
            for place in positions
        }
    )


def _pairs(op: ops.Linear, inputs: int, outputs: list[int]) -> list[tuple[int, int]]:
    """Widths to measure at ``inputs`` channels; a depthwise layer gives as many as it reads."""
    if isinstance(op, ops.Conv2D) and op.groups > 1:
        times = op.shape[-1] // op.groups if op.is_depthwise else 1
        return [(inputs, inputs * times if op.is_depthwise else op.shape[-1]) for _ in outputs]
    return [(inputs, width) for width in outputs]
