"""Networks in fixed point: every scale is a power of two, so that integers are brought to the next grid by shifts.

Source: Settle et al., "Quantizing Convolutional Neural Networks for Low-Power High-Throughput Inference Engines", 2018:
fixed point after training, calibrated on one batch. Here each scale is the one of least squared error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from larq_focal.compress.folded import with_folded_normalisations
from larq_focal.compress.quantized_network import QuantizedNetwork
from larq_focal.compress.weights import quantize_weights
from larq_focal.network.graph import QuantGraph
from larq_focal.network.interpret import interpret
from larq_focal.network.load import as_graph


def fixed_point_weights(
    network: Any, bits: int | Mapping[str, int] | None = 8, *, trust: bool = False, **options: Any
) -> QuantizedNetwork:
    """A network whose weights are integers times a power of two for each output channel.

    Normalisations go into the weights first. ``lqf.convert(result.graph, path, rest="int8", representative=batch,
    calibration="fixed point")`` gives the values between the layers powers of two too, from one batch of samples.

    Args:
        network: as for :func:`quantize_weights`.
        bits: as for :func:`quantize_weights`.
        trust: as for :func:`quantize_weights`.
        options: others of :func:`quantize_weights`.

    Raises:
        TypeError, FileNotFoundError, UntrustedModelError, ValueError: as :func:`quantize_weights`.
    """
    folded = with_folded_normalisations(as_graph(network, trust=trust))
    return quantize_weights(folded, bits, scheme="fixed point", **options)


def signal_to_noise(expected: QuantGraph, graph: QuantGraph, samples: np.ndarray) -> dict[str, float]:
    """How far the values of layers are from those of another network, in decibels, by the names of the layers.

    Args:
        expected: the network in floats.
        graph: the other one; layers of names that it does not have are left out.
        samples: ``[N, ...]``.

    Returns:
        10 log10(sum of squares / sum of squared differences); infinite where nothing differs.
    """
    names = [op.name for op in expected.layers if op.name in graph]
    values, others = (interpret(each, samples, names) for each in (expected, graph))
    return {name: _decibels(values[name].astype(np.float64), others[name]) for name in names}


def _decibels(values: np.ndarray, others: np.ndarray) -> float:
    noise = np.square(values - others).sum()
    return float(10 * np.log10(np.square(values).sum() / noise)) if noise else np.inf
