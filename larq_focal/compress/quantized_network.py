"""A network with weights of few bits, and what that did to each of its layers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from rich.text import Text

from larq_focal.compress.storage import stored_weights
from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.kernel import FLOAT_BITS
from larq_focal.result import Result
from larq_focal.tables import add_figures, add_name, heading, new_table
from larq_focal.text import BYTES, bytes_text, in_one_unit


@dataclass(frozen=True)
class LayerBits:
    """What became of the weights of a layer.

    ``bits_before`` and ``bits`` are the width of its weights, 32 for floats. ``relative_error`` is the sum of squared
    differences over the sum of squared weights. ``stored`` tells what the weights become in a TensorFlow Lite file with
    the rest in int8, and ``bytes`` what they take there; ``int8_bytes`` is what they take as int8.
    """

    name: str
    kind: str
    weights: int
    bits_before: int
    bits: int
    relative_error: float
    stored: str
    bytes: int
    int8_bytes: int

    @classmethod
    def of(cls, before: ops.Linear, after: ops.Linear, graph: QuantGraph | None = None) -> LayerBits:
        """Of a layer before and after, which is one of ``graph``."""
        values, storage = before.kernel.values().astype(np.float64), stored_weights(after, graph)
        size = float(np.square(values).sum())
        error = float(np.square(values - after.kernel.values()).sum())
        return cls(
            name=before.name,
            kind=before.label,
            weights=before.kernel.size,
            bits_before=before.kernel.bits,
            bits=after.kernel.bits,
            relative_error=error / size if size else 0.0,
            stored=str(storage),
            bytes=storage.bytes,
            int8_bytes=before.kernel.size,
        )


@dataclass(frozen=True, repr=False)
class QuantizedNetwork(Result):
    """``graph`` computes with the weights of few bits; ``layers`` tells of each layer in its order."""

    graph: QuantGraph
    layers: tuple[LayerBits, ...]

    @property
    def weight_bytes(self) -> int:
        """Of all layers, in a TensorFlow Lite file with the rest in int8."""
        return sum(layer.bytes for layer in self.layers)

    @property
    def int8_bytes(self) -> int:
        """Of the same weights as int8."""
        return sum(layer.int8_bytes for layer in self.layers)

    @property
    def headline(self) -> str:
        changed = sum(layer.bits < layer.bits_before for layer in self.layers)
        return (
            f"{self.graph.name}, {changed} of {len(self.layers)} layers in fewer bits, weights of "
            f"{bytes_text(self.weight_bytes)} (int8: {bytes_text(self.int8_bytes)})"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "network": self.graph.name,
            "layers": [asdict(layer) for layer in self.layers],
            "weight_bytes": self.weight_bytes,
            "int8_bytes": self.int8_bytes,
        }

    def __rich__(self):
        unit, sizes = in_one_unit([*(layer.bytes for layer in self.layers), self.weight_bytes], BYTES)
        table = new_table(f"Weights of {self.graph.name}", footer=True)
        add_name(table, "layer\n  becomes, with the rest in int8", "total")
        add_figures(table, ("weights", f"{sum(layer.weights for layer in self.layers):,}"), "bits", "error")
        add_figures(table, (heading("in the file", unit), sizes[-1]))
        for layer, size in zip(self.layers, sizes, strict=False):
            widths = ["float" if bits == FLOAT_BITS else str(bits) for bits in (layer.bits_before, layer.bits)]
            table.add_row(
                Text.assemble(layer.name, "\n", (f"  {layer.stored}", "dim")),
                f"{layer.weights:,}",
                " to ".join(dict.fromkeys(widths)),
                f"{layer.relative_error:.2%}" if layer.bits < layer.bits_before else "",
                size,
            )
        return table
