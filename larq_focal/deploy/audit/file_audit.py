"""The audit of a file against the network that it was made of, whichever converter wrote it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from larq_focal._keras_version import is_keras_3
from larq_focal.deploy.audit.report import Audit
from larq_focal.deploy.conversion.conversion_error import NotWritable
from larq_focal.deploy.converters import is_graph
from larq_focal.network.graph import QuantGraph
from larq_focal.network.load import as_graph
from larq_focal.network.tflite.flatbuffer import read_flatbuffer
from larq_focal.network.tflite.signature import OWN_DESCRIPTION

if TYPE_CHECKING:
    from larq_focal.keras import keras


def audit(
    model: keras.Model | QuantGraph | str | Path,
    tflite: str | Path | bytes,
    *,
    data=None,
    seed: int = 0,
    trust: bool = False,
) -> Audit:
    """Tells layer by layer what became of a network in a converted file, and compares their outputs.

    Args:
        model: a Keras model, or the path of one: ``.keras``, HDF5 or SavedModel. A subclass of ``keras.Model`` must
            have been called once on a batch, or fitted. Or a QuantGraph, or the path of a ``.qgraph`` or ``.tflite``
            file, which the interpreter runs; this needs no TensorFlow.
        tflite: path or content of the file, from any converter.
        data: samples to compare on: an array ``[N, ...]``, or for several inputs a list or a dictionary by input
            name; None takes random ones.
        seed: of the random samples.
        trust: whether the file of a Keras model may run code that it brings, as in ``load_keras_model``.

    Raises:
        ConversionError: the model cannot be exported.
        FlatbufferError: the file is not a TensorFlow Lite model.
        UntrustedModelError: the file would run code, and ``trust`` is not given.
        ValueError: the data does not fit the model.
    """
    if is_graph(model):
        from larq_focal.deploy.graph_audit import audit_graph
        from larq_focal.deploy.graph_samples import by_input

        graph = as_graph(model)
        return audit_graph(graph, read_flatbuffer(tflite).content, by_input(graph, data), seed)
    if is_keras_3():
        from larq_focal.deploy.conversion.keras3_models import audit_file

        return audit_file(model, read_flatbuffer(tflite).content, data, seed, trust)
    from larq_focal.deploy.audit import auditing
    from larq_focal.deploy.conversion.freeze import batch_size
    from larq_focal.deploy.conversion.known_inputs import with_known_inputs
    from larq_focal.deploy.conversion.written_graph import written_graph

    known, file = with_known_inputs(model, trust=trust), read_flatbuffer(tflite)
    if file.description.startswith(OWN_DESCRIPTION):
        try:
            graph, _, notes = written_graph(known, batch_size=batch_size(known))
        except NotWritable:  # then the file is not of this model
            return auditing.audit_by_patterns(known, file, data, seed)
        result = auditing.audit_by_graph(known, graph, file.content, data, seed)
        return replace(result, findings=(*result.findings, *notes))
    return auditing.audit_by_patterns(known, file, data, seed)
