"""Converting networks by larq_focal's own writer, without TensorFlow: never a file that computes something else."""

from __future__ import annotations

from pathlib import Path

from larq_focal.deploy.audit.report import Audit
from larq_focal.deploy.class_names import check_class_names
from larq_focal.deploy.conversion.accepted import write_accepted
from larq_focal.deploy.conversion.conversion import Conversion
from larq_focal.deploy.conversion.conversion_error import NotWritable
from larq_focal.deploy.graph_audit import audit_graph
from larq_focal.deploy.graph_samples import SAMPLES, Data, by_input
from larq_focal.deploy.int8_rest import Int8Options, write_int8_rest
from larq_focal.deploy.pieces import batch_size
from larq_focal.network.graph import GraphError, QuantGraph
from larq_focal.network.load import as_graph
from larq_focal.network.tflite import write_tflite
from larq_focal.network.tflite.flatbuffer import read_flatbuffer
from larq_focal.network.tflite.metadata import FileMetadata, file_metadata
from larq_focal.version import __version__

OWN = f"larq_focal {__version__}"


def convert_graph(
    network: QuantGraph | str | Path,
    path: str | Path,
    *,
    data=None,
    strict: bool = False,
    seed: int = 0,
    int8: Int8Options | None = None,
    metadata: FileMetadata = FileMetadata(),  # noqa: B008 (it never changes)
    packed: bool = True,
) -> Conversion:
    """Writes a network as a TensorFlow Lite file and audits it; the file is written only if it passes.

    Args:
        network: a QuantGraph, or the path of a ``.qgraph`` or ``.tflite`` file, whose batch size is kept.
        path: where the ``.tflite`` file goes. A file that is there is replaced if the conversion succeeds.
        data: samples to compare the file with the interpreter on: an array ``[N, ...]``, or for several inputs a list
            or a dictionary by input name; None takes a few random ones.
        strict: refuse the result where a layer that was meant to be binary or of few bits stayed float.
        seed: of the random samples.
        int8: how what is not binary becomes int8; None leaves it in float.
        metadata: what the file says of its classes and pixels; a file that is converted again keeps what it says.
        packed: whether layers of few bits become operators of larq_focal's delegate.

    Raises:
        ConversionError: the network holds an operation that cannot be written, or was written wrongly.
        ValueError: the network cannot be read, or the data does not fit it.
    """
    graph, size = as_graph(network), 1
    if isinstance(network, str | Path) and Path(network).suffix == ".tflite":
        file = read_flatbuffer(network)
        size, metadata = batch_size(file) or 1, metadata.or_else(file_metadata(file))
    data = by_input(graph, data)
    check_fit(metadata, graph)
    options = {"batch_size": size, "metadata": metadata, "packed": packed}
    if int8 is not None:
        content, audit = int8_content(graph, int8, data=data, seed=seed, **options)
    else:
        content = graph_content(graph, **options)
        audit = audit_graph(graph, content, data, seed)
    return write_accepted(content, path, audit, strict, OWN)


def check_fit(metadata: FileMetadata, graph: QuantGraph) -> None:
    """Refuses names of classes that do not fit the outputs of ``graph``.

    Raises:
        ValueError: they do not.
    """
    if metadata.class_names is not None:
        check_class_names(metadata.class_names, graph.name, [graph[name].shape for name in graph.outputs])


def int8_content(
    graph: QuantGraph, int8: Int8Options, *, data: Data | None = None, seed: int = 0, **options
) -> tuple[bytes, Audit]:
    """A file of ``graph`` with the rest in int8, and its audit, against the graph so rounded.

    Args:
        graph: the network.
        int8: how the rest becomes int8.
        data: samples to measure the loss on, by input name; None takes the representative ones.
        seed: of the choice of numbers that the ranges are taken from.
        options: of :func:`write_tflite`.

    Raises:
        NotWritable: the graph holds an operation that cannot be written.
        ValueError: samples or labels do not fit the network.
    """
    try:
        file = write_int8_rest(graph, int8, data=data, seed=seed, **options)
    except GraphError as error:
        raise NotWritable(f"'{graph.name}' was not converted. {error}") from error
    first = {name: array[:SAMPLES] for name, array in file.measured.items()}
    return file.content, audit_graph(graph, file.content, first, seed, rounded=file.rounded, int8=file.loss)


def graph_content(graph: QuantGraph, **options) -> bytes:
    """What :func:`write_tflite` makes of ``graph`` with these options.

    Raises:
        NotWritable: the graph holds an operation that cannot be written, or contradicts itself.
    """
    try:
        return write_tflite(graph, **options)
    except GraphError as error:
        raise NotWritable(f"'{graph.name}' was not converted. {error}") from error
