"""The graph of a Keras model that larq_focal's own converter writes, and the file that it makes of it."""

from __future__ import annotations

from typing import Any

from larq_focal.deploy.audit.findings import Finding
from larq_focal.deploy.conversion.by_stock import graph_by_stock_converter
from larq_focal.deploy.conversion.conversion_error import ConversionError, NotWritable
from larq_focal.deploy.convert_graph import graph_content
from larq_focal.keras import keras
from larq_focal.messages import short
from larq_focal.network.graph import QuantGraph
from larq_focal.network.load import as_graph

ANOTHER = "Larq Compute Engine's converter may take it: use converter='lce' (--converter lce)."
_CONTRADICTIONS = (TypeError, ValueError, KeyError, IndexError, AttributeError, ArithmeticError)


def written_graph(model: keras.Model, **options: Any) -> tuple[QuantGraph, bytes, list[Finding]]:
    """The graph of a model and its file: as its layers say, else through TensorFlow Lite's converter, which is noted.

    Args:
        model: a Keras model.
        options: of :func:`larq_focal.network.tflite.write_tflite`.

    Raises:
        NotWritable: neither way leads to a file.
    """
    try:
        graph = as_graph(model)
        return graph, graph_content(graph, **options), []
    except NotWritable as error:
        reason = str(error)
    except _CONTRADICTIONS as error:
        reason = f"'{model.name}' was not converted. It cannot be read as a graph: {short(error)}."
    try:
        graph = graph_by_stock_converter(model)
        content = graph_content(graph, **options)
    except (ConversionError, *_CONTRADICTIONS) as error:
        raise NotWritable(f"{reason} Nor through TensorFlow Lite's converter: {short(error)}. {ANOTHER}") from error
    message = f"TensorFlow Lite's converter read this model, because its layers could not be followed: {reason}"
    return graph, content, [Finding("reader", "note", "", message)]
