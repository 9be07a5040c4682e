"""All costs of a network in one object: per operation, in total, as JSON values and as a table."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from larq_focal.cost.activation_memory import peak_activation_bytes
from larq_focal.cost.arithmetic import ace, macs_by_bits, op_macs, other_ops
from larq_focal.cost.parameters import count_by_bits, count_without_extra, stored_once
from larq_focal.cost.table import cost_table
from larq_focal.network.graph import QuantGraph
from larq_focal.network.load import as_graph
from larq_focal.network.ops import Bits, Numbers, Op, Weighted
from larq_focal.result import Result
from larq_focal.text import at_least, bytes_text, count_text


@dataclass(frozen=True)
class LayerCost:
    """Costs of one operation.

    ``weights`` are those of its kernels; ``weight_bits`` and ``input_bits`` are those of its one kernel, None where it
    has none or several. ``parameters`` holds the stored numbers by width in bits, ``float_parameters`` how many there
    would be in float32. Weights and parameters that an earlier operation stores too count there alone, and
    ``shares_weights`` is true. ``is_counted`` is false where weights or multiply-accumulates are not known.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    weights: int
    weight_bits: int | None
    input_bits: int | None
    parameters: Counter[int]
    float_parameters: int
    macs_by_bits: Counter[Bits]
    other_ops: Counter[str]
    shares_weights: bool = False
    is_counted: bool = True

    @property
    def parameter_bits(self) -> int:
        return sum(bits * count for bits, count in self.parameters.items())

    @property
    def macs(self) -> int:
        return self.macs_by_bits.total()

    @property
    def ace(self) -> int:
        return ace(self.macs_by_bits)

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": self.kind,
            "shape": list(self.shape),
            "weights": self.weights,
            "weight_bits": self.weight_bits,
            "input_bits": self.input_bits,
            "parameter_bits": self.parameter_bits,
            "macs": self.macs,
            "ace": self.ace,
            "other_ops": dict(self.other_ops),
            "shares_weights": self.shares_weights,
            "is_counted": self.is_counted,
        }


@dataclass(frozen=True, repr=False)
class CostSummary(Result):
    """Costs of a network for one image.

    ``layers`` holds the operations that cost anything; the totals are sums over them, but for the two peaks of
    activation memory: ``peak_activation_bytes`` counts a binary value as one bit, ``peak_activation_packed_bytes``
    as 32-bit words along the channels.

    ``uncounted`` names the operations of which weights or multiply-accumulates are not known: where there are any,
    every total is a least value. ``undescribed`` names those whose inner working the graph does not describe, these
    among them: with any, the peaks of activation memory and the other operations are least values.
    """

    network: str
    layers: tuple[LayerCost, ...]
    macs_by_bits: Counter[Bits]
    peak_activation_bytes: int
    peak_activation_packed_bytes: int
    uncounted: tuple[str, ...] = ()
    undescribed: tuple[str, ...] = ()

    @property
    def weights(self) -> int:
        """Kernel weights."""
        return sum(layer.weights for layer in self.layers)

    @property
    def parameter_bytes_by_bits(self) -> dict[int, int]:
        """Bytes of all parameters of one width, rounded up."""
        counts = sum((layer.parameters for layer in self.layers), Counter())
        return {bits: -(-bits * count // 8) for bits, count in sorted(counts.items())}

    @property
    def parameter_bytes(self) -> int:
        return sum(self.parameter_bytes_by_bits.values())

    @property
    def float32_bytes(self) -> int:
        """Parameter bytes of the same network in float32."""
        return 4 * sum(layer.float_parameters for layer in self.layers)

    @property
    def macs(self) -> int:
        return sum(self.macs_by_bits.values())

    @property
    def ace(self) -> int:
        """Arithmetic computation effort, see ``larq_focal.cost.ace``."""
        return ace(self.macs_by_bits)

    @property
    def other_ops(self) -> Counter[str]:
        return sum((layer.other_ops for layer in self.layers), Counter())

    @property
    def headline(self) -> str:
        stored, macs, ace = bytes_text(self.parameter_bytes), count_text(self.macs), count_text(self.ace)
        return f"{self.network}, {at_least(bool(self.uncounted))}{stored} of parameters, {macs} MACs, {ace} ACE"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; widths as keys are text: "1", and "1x32" for 1-bit weights on 32-bit activations."""
        return {
            "network": self.network,
            "layers": [layer.to_dict() for layer in self.layers],
            "uncounted": list(self.uncounted),
            "undescribed": list(self.undescribed),
            "totals": {
                "at_least": bool(self.uncounted),
                "activations_at_least": bool(self.undescribed),
                "weights": self.weights,
                "parameter_bytes": self.parameter_bytes,
                "float32_bytes": self.float32_bytes,
                "parameter_bytes_by_bits": {str(bits): count for bits, count in self.parameter_bytes_by_bits.items()},
                "macs_by_bits": {f"{weight}x{act}": count for (weight, act), count in self.macs_by_bits.items()},
                "macs": self.macs,
                "ace": self.ace,
                "peak_activation_bytes": self.peak_activation_bytes,
                "peak_activation_packed_bytes": self.peak_activation_packed_bytes,
                "other_ops": dict(self.other_ops),
            },
        }

    def __rich__(self):
        return cost_table(self.to_dict())


def summary(network: Any, *, trust: bool = False) -> CostSummary:
    """Costs of a network.

    Args:
        network: a Keras model, a QuantGraph, or the path of a ``.keras``, ``.h5``, ``.tflite`` or ``.qgraph`` file or
            a SavedModel folder.
        trust: whether the file of a Keras model may run code that it brings, as in ``load_keras_model``.

    Raises:
        TypeError: ``network`` is nothing of these.
        FileNotFoundError: there is no such file.
        UntrustedModelError: the file would run code, and ``trust`` is not given.
        ValueError: the file is of another kind, or cannot be read.
    """
    graph = as_graph(network, trust=trust)
    once = stored_once(graph)
    costs = (_layer_cost(graph, op, once[op.name]) for op in graph)
    return CostSummary(
        network=graph.name,
        layers=tuple(cost for cost in costs if _matters(cost)),
        macs_by_bits=macs_by_bits(graph),
        peak_activation_bytes=peak_activation_bytes(graph),
        peak_activation_packed_bytes=peak_activation_bytes(graph, packed=True),
        uncounted=tuple(op.name for op in graph.uncounted),
        undescribed=tuple(op.name for op in graph.unknown),
    )


def _matters(cost: LayerCost) -> bool:
    return bool(cost.parameters or cost.macs or cost.other_ops or cost.shares_weights)


def _layer_cost(graph: QuantGraph, op: Op, new: tuple[Numbers, ...]) -> LayerCost:
    """Costs of ``op``, which stores ``new`` and shares the rest with earlier operations."""
    stored = op.numbers()
    there = {id(numbers.array) for numbers in new}
    kernels = [numbers for numbers in stored if numbers.is_kernel]
    return LayerCost(
        name=op.name,
        kind=op.label,
        shape=op.shape,
        weights=sum(kernel.count for kernel in kernels if id(kernel.array) in there),
        weight_bits=kernels[0].bits if len(kernels) == 1 else None,
        input_bits=graph.input_bits(op) if isinstance(op, Weighted) else None,
        parameters=count_by_bits(new),
        float_parameters=count_without_extra(new),
        macs_by_bits=op_macs(op, graph),
        other_ops=other_ops(graph, op),
        shares_weights=any(id(numbers.array) not in there for numbers in stored),
        is_counted=op.is_counted,
    )
