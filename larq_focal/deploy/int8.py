"""TensorFlow Lite's converter to int8."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

from larq_focal.deploy.audit.outputs import Data, calls
from larq_focal.deploy.conversion.by_stock import run_stock_converter
from larq_focal.deploy.conversion.frozen import FrozenGraph
from larq_focal.keras import tf


def is_quantization_aware(frozen: FrozenGraph) -> bool:
    """Whether the graph holds the ranges of its activations, as tensorflow-model-optimization puts them in."""
    return any(node.op.startswith("FakeQuant") for node in frozen.graph_def.node)


def run_int8_converter(frozen: FrozenGraph, representative: Data | None) -> bytes:
    """Converts a graph to int8 and returns the flatbuffer; inputs and outputs stay float.

    Args:
        frozen: the graph.
        representative: samples by input name that the ranges of the activations are taken from; None where the graph
            holds the ranges.

    Raises:
        ConversionError: the converter failed, or has no int8 form of an operation.
    """

    def samples() -> Iterator[Data]:
        yield from calls(representative, frozen.batch_size)

    def to_int8(converter: tf.lite.TFLiteConverter) -> None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if representative is not None:
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.representative_dataset = samples

    with warnings.catch_warnings():  # models trained for int8 bring the ranges of their inputs along
        warnings.filterwarnings("ignore", "Statistics for quantized inputs were expected")
        return run_stock_converter(frozen, to_int8)
