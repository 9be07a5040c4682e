"""Keras models that only TensorFlow can trace, read as graphs through TensorFlow Lite's own converter."""

from __future__ import annotations

import tempfile
import warnings

from larq_focal.deploy.conversion.conversion_error import ConversionError
from larq_focal.deploy.conversion.ends import with_ends
from larq_focal.deploy.conversion.freeze import freeze
from larq_focal.deploy.conversion.frozen import FrozenGraph
from larq_focal.keras import keras, tf
from larq_focal.network.graph import QuantGraph
from larq_focal.network.tflite.read.from_tflite import from_tflite


def graph_by_stock_converter(model: keras.Model) -> QuantGraph:
    """Reads ``model`` as TensorFlow Lite's converter writes it; operators that are not understood are carried along.

    Binary layers are found by what the file computes.

    Raises:
        ConversionError: the model cannot be traced, or the converter failed.
    """
    frozen = freeze(model)
    content = with_ends(run_stock_converter(frozen.baked()), list(frozen.inputs), list(frozen.outputs))
    graph = from_tflite(content)
    return QuantGraph(model.name, graph.ops, graph.outputs)


def run_stock_converter(frozen: FrozenGraph) -> bytes:
    """The file of a graph, in floats.

    Raises:
        ConversionError: the converter failed.
    """
    with tempfile.TemporaryDirectory(prefix="larq_focal-") as folder, warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"\s*Warning: tf\.lite\.Interpreter is deprecated")
        frozen.save(folder)
        try:
            return tf.lite.TFLiteConverter.from_saved_model(folder).convert()
        except Exception as error:  # the converter raises bare Exception and RuntimeError
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise ConversionError(f"TensorFlow Lite's converter failed: {reason}") from error
