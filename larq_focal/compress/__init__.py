"""Smaller networks after training: what `docs/compress.md` describes, on a QuantGraph.

    quantized = lqf.compress.quantize_weights(model, bits=4)             # or bits={"conv1": 8, "dense": 3}
    lqf.convert(quantized.graph, "small.tflite", rest="int8", representative=samples)

``quantize_weights`` gives the layers of a network weights of 1 to 8 bits in the ranges of least squared error, a scale
for each output channel. With one number for all, layers that take no fewer bytes with fewer bits get 8. A layer that
``bits`` does not name stays as it is, as does one with weights of so few bits already. ``quantize_kernel`` does the
same for the weights of one layer, and ``stored_weights`` tells what a layer becomes in a file and how many bytes its
weights take there.

Beside these there are two kernels for one (``dual_weights``), networks for a part of the classes, weight pools, fixed
point, sums of powers of two, and training on with any of them (``retrain``). Only that needs Keras.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from larq_focal.lazy_door import lazy_door

if TYPE_CHECKING:
    from larq_focal.compress.classes import class_groups, for_classes
    from larq_focal.compress.compact import CompactCost, CompactNetwork, compact_weights, term_magnitudes
    from larq_focal.compress.dual import dual_kernels, dual_weights
    from larq_focal.compress.fixed_point import fixed_point_weights, signal_to_noise
    from larq_focal.compress.least_squares import least_squares_scales
    from larq_focal.compress.pools import (
        PooledNetwork,
        WeightPool,
        lookup_sums,
        pool_weights,
        pooled_kernel,
        weight_pool,
    )
    from larq_focal.compress.quantized_network import LayerBits, QuantizedNetwork
    from larq_focal.compress.retraining import retrain
    from larq_focal.compress.schemes import SCHEMES
    from larq_focal.compress.storage import Storage, stored_weights
    from larq_focal.compress.weights import quantize_kernel, quantize_weights

__all__ = [
    "SCHEMES",
    "CompactCost",
    "CompactNetwork",
    "LayerBits",
    "PooledNetwork",
    "QuantizedNetwork",
    "Storage",
    "WeightPool",
    "class_groups",
    "compact_weights",
    "dual_kernels",
    "dual_weights",
    "fixed_point_weights",
    "for_classes",
    "least_squares_scales",
    "lookup_sums",
    "pool_weights",
    "pooled_kernel",
    "quantize_kernel",
    "quantize_weights",
    "retrain",
    "signal_to_noise",
    "stored_weights",
    "term_magnitudes",
    "weight_pool",
]


if not TYPE_CHECKING:  # to a type checker this would make every name one of ours
    __getattr__, __dir__ = lazy_door(
        __name__,
        {
            "classes": ("class_groups", "for_classes"),
            "compact": ("CompactCost", "CompactNetwork", "compact_weights", "term_magnitudes"),
            "dual": ("dual_kernels", "dual_weights"),
            "fixed_point": ("fixed_point_weights", "signal_to_noise"),
            "least_squares": ("least_squares_scales",),
            "pools": ("PooledNetwork", "WeightPool", "lookup_sums", "pool_weights", "pooled_kernel", "weight_pool"),
            "quantized_network": ("LayerBits", "QuantizedNetwork"),
            "retraining": ("retrain",),
            "schemes": ("SCHEMES",),
            "storage": ("Storage", "stored_weights"),
            "weights": ("quantize_kernel", "quantize_weights"),
        },
    )
