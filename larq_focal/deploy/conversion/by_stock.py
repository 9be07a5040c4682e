"""TensorFlow Lite's own converter, and Keras models that only TensorFlow can trace, read as graphs through it."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable

from larq_focal.deploy.conversion.conversion_error import ConversionError
from larq_focal.deploy.conversion.ends import with_ends_of
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
    graph = from_tflite(with_ends_of(frozen, run_stock_converter(frozen.baked())))
    return QuantGraph(model.name, graph.ops, graph.outputs)


def run_stock_converter(
    frozen: FrozenGraph, configure: Callable[[tf.lite.TFLiteConverter], None] = lambda converter: None
) -> bytes:
    """The file of a graph: in floats, unless ``configure`` sets the converter to something else.

    Raises:
        ConversionError: the converter failed.
    """
    with tempfile.TemporaryDirectory(prefix="larq_focal-") as folder, warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"\s*Warning: tf\.lite\.Interpreter is deprecated")  # its own business
        frozen.save(folder)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        configure(converter)
        try:
            return converter.convert()
        except Exception as error:  # the converter raises bare Exception and RuntimeError
            reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
            raise ConversionError(f"TensorFlow Lite's converter failed: {reason}") from error
