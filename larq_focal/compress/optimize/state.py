"""A network on the way of a search, and what was tried."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from larq_focal.compress.weights import quantize_weights
from larq_focal.deploy.runtime import Runtime
from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.nn import keras


@dataclass(frozen=True)
class Attempt:
    """Something that was tried: in which round, at which layer, what, and what came of it.

    ``accuracy`` is None where the cost alone decided.
    """

    round: int
    layer: str
    change: str
    cost: float
    accuracy: float | None
    verdict: str


@dataclass(frozen=True, eq=False)
class State:
    """A network on the way: its Keras model where there is one, what was removed, and the bits of layers."""

    graph: QuantGraph
    rest: str = "float"
    bits: dict[str, int] = field(default_factory=dict)
    model: keras.Model | None = None
    removed: tuple[int, ...] = ()
    cost: float = np.inf
    accuracy: float = 0.0

    @property
    def quantized(self) -> QuantGraph:
        """The graph with the bits of its layers."""
        return quantize_weights(self.graph, self.bits).graph if self.bits else self.graph


def file_accuracy(file: bytes, images: np.ndarray, labels: np.ndarray) -> float:
    """The share of ``images`` whose class a converted network gives."""
    (outputs,) = Runtime(file).outputs(images)
    return float(np.mean(outputs.reshape(len(images), -1).argmax(1) == labels))


def layers_of(state: State) -> list[dict[str, Any]]:
    """Each layer of a network on the way, with its width and the bits of its weights and inputs."""
    graph = state.quantized
    return [
        {
            "name": op.name,
            "inputs": op.kernel.shape[-2] * op.kernel_groups,
            "outputs": op.shape[-1],
            "weight_bits": op.kernel.bits if op.kernel.bits < ops.FLOAT_BITS else 8 if state.rest == "int8" else 32,
        }
        for op in graph.layers
    ]
