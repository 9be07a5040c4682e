"""Converting networks by larq_focal's own writer, without TensorFlow: never a file that computes something else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from larq_focal.deploy.conversion.conversion import Conversion
from larq_focal.deploy.conversion.conversion_error import ConversionError
from larq_focal.deploy.graph_audit import SAMPLES, Data, audit_graph
from larq_focal.deploy.int8_rest import Int8Options, write_int8_rest
from larq_focal.files import written_whole
from larq_focal.network.graph import GraphError, QuantGraph
from larq_focal.network.load import as_graph
from larq_focal.network.tflite import write_tflite


def convert_graph(
    network: QuantGraph | str | Path,
    path: str | Path,
    *,
    data: Data | None = None,
    strict: bool = False,
    seed: int = 0,
    trust: bool = False,
    output_names: Sequence[str] | None = None,
    int8: Int8Options | None = None,
) -> Conversion:
    """Writes a network as a TensorFlow Lite file and audits it; the file is written only if it passes.

    Args:
        network: a Keras model, a QuantGraph, or the path of a ``.qgraph``, ``.tflite`` or Keras file. Only Keras models
            need TensorFlow.
        path: where the ``.tflite`` file goes. A file that is there is replaced if the conversion succeeds.
        data: arrays ``[N, ...]`` by input name to compare the file with the interpreter on, or one array where there
            is one input; None takes a few random samples.
        strict: refuse the result where a layer that was meant to be binary or of few bits stayed float.
        seed: of the random samples.
        trust: whether the file of a Keras model may run code that it brings, as in ``load_keras_model``.
        output_names: what the file calls the outputs, in their order; None takes the graph's names.
        int8: how what is not binary becomes int8; None leaves it in float.

    Raises:
        ConversionError: the network holds an operation that cannot be written, or was written wrongly.
        UntrustedModelError: the file would run code, and ``trust`` is not given.
        ValueError: the network cannot be read, or the data does not fit it.
    """
    graph = as_graph(network, trust=trust)
    if data is not None and not isinstance(data, dict):
        data = dict.fromkeys((op.name for op in graph.inputs), data)
    try:
        if int8 is None:
            content = write_tflite(graph, output_names=output_names)
            audit = audit_graph(graph, content, data, seed)
        else:
            file = write_int8_rest(graph, int8, data=data, output_names=output_names, seed=seed)
            content = file.content
            first = {name: array[:SAMPLES] for name, array in file.measured.items()}
            audit = audit_graph(graph, content, first, seed, rounded=file.rounded, int8=file.loss)
    except GraphError as error:
        raise ConversionError(f"'{graph.name}' was not converted. {error}") from error
    if not audit.passed:
        raise ConversionError(f"'{graph.name}' was not converted: the file computes something else. {audit.difference}")
    if strict and (refused := audit.not_as_intended):
        rows = "\n".join(f"- {row.layer}, meant to be {row.intended}: {row.reason}." for row in refused)
        raise ConversionError(
            f"'{graph.name}' was not converted: of the layers that were meant to be binary or of few bits, "
            f"{len(refused)} stayed float. Without strict they are accepted.\n{rows}"
        )
    with written_whole(path) as file:
        file.write(content)
    return Conversion(Path(path), audit)
