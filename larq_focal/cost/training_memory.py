"""The memory that training a binary network takes, as Wang et al. model it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Affine, Op, Pool2D, Weighted

_NORMALISATION_VECTORS = 4
_MOMENTA = 2


@dataclass(frozen=True)
class TrainingBits:
    """How many bits each kind of value takes while a network is trained with Adam.

    Attributes:
        kept: activations that are kept from the forward to the backward pass, an element.
        passing: activations and their gradients that only pass from layer to layer, an element.
        weights: latent weights, their momenta, and the vectors of normalisations, an element.
        gradients: gradients of weights, an element.
        masks: where a pool found its maximum, an element of its input.
    """

    kept: int
    passing: int
    weights: int
    gradients: int
    masks: int


STANDARD = TrainingBits(kept=32, passing=32, weights=32, gradients=32, masks=32)
"""Training with Keras: float32 throughout."""
LOW_MEMORY = TrainingBits(kept=1, passing=16, weights=16, gradients=1, masks=1)
"""Wang et al.: signs of activations and of weights' gradients, float16 for the rest."""


def training_bytes(graph: QuantGraph, batch_size: int, bits: TrainingBits = STANDARD) -> int:
    """Bytes that are held while a chain of weighted layers, normalisations and pools is trained with Adam.

    The input of every weighted layer is kept for the backward pass; two buffers as large as the largest input or output
    of a layer hold what passes on, forwards and backwards; each weight has its gradient and two momenta, each
    normalisation four vectors, and each element that enters a max-pool a mark.

    Args:
        graph: the network, with its normalisations not yet folded.
        batch_size: images in a step.
        bits: the widths of the values.

    Raises:
        ValueError: ``batch_size`` is less than 1.

    Source:
        Wang et al., "Enabling Binary Neural Network Training on the Edge", 2021, https://arxiv.org/abs/2102.04270,
        table 2; https://github.com/awai54st/Enabling-Binary-Neural-Network-Training-on-the-Edge.
    """
    if batch_size < 1:
        raise ValueError(f"A step takes at least 1 image, not {batch_size}.")
    layers = [op for op in graph if isinstance(op, Weighted)]
    inputs = [_elements(graph[op.inputs[0]]) for op in layers]
    largest = max([*inputs, *map(_elements, layers)], default=0)
    pooled = sum(_elements(graph[op.inputs[0]]) for op in graph if isinstance(op, Pool2D) and op.kind == "max")
    weights = sum({id(op.kernel.codes): op.kernel.size for op in layers}.values())
    normalised = sum(op.shape[-1] for op in graph if isinstance(op, Affine))
    batch = sum(inputs) * bits.kept + 2 * largest * bits.passing + pooled * bits.masks
    state = weights * (bits.weights * (1 + _MOMENTA) + bits.gradients)
    state += _NORMALISATION_VECTORS * normalised * bits.weights
    return -(-(batch_size * batch + state) // 8)


def _elements(op: Op) -> int:
    return int(np.prod(op.shape))
