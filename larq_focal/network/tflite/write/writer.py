"""Writes a QuantGraph as a TensorFlow Lite file, the counterpart of ``from_tflite``."""

from __future__ import annotations

from collections.abc import Sequence

from larq_focal.network import ops
from larq_focal.network.graph import GraphError, QuantGraph
from larq_focal.network.names import unique
from larq_focal.network.passes import check_shapes, lower, lower_to_builtins
from larq_focal.network.tflite.metadata import FileMetadata
from larq_focal.network.tflite.signature import OWN_DESCRIPTION
from larq_focal.network.tflite.write import carried, elementwise, layers, products, quantizers, shapes  # noqa: F401 (they register themselves)
from larq_focal.network.tflite.write.emitter import Emitter
from larq_focal.network.tflite.write.few_bits import write_few_bits
from larq_focal.network.tflite.write.file import TooLarge
from larq_focal.network.tflite.write.operators import write
from larq_focal.network.tflite.write.packed import write_packed_convolution
from larq_focal.network.tflite.write.plan import Plan
from larq_focal.version import __version__


def write_tflite(
    graph: QuantGraph,
    *,
    packed: bool = True,
    output_names: Sequence[str] | None = None,
    batch_size: int = 1,
    metadata: FileMetadata | None = None,
) -> bytes:
    """Writes ``graph`` as a TensorFlow Lite file.

    Operators that the graph carries along from another file are written as they stood there. Inputs and outputs are
    float32, in the order of the graph, and are called in the file's signature as the graph
    calls them; inputs of 8 bits are uint8. Every value is in a tensor of its name.

    Args:
        graph: the network.
        packed: write binary layers, and others of few bits that are sums of binary ones, as the operators of Larq
            Compute Engine, which larq_focal's delegate runs too: see :func:`larq_focal.network.passes.lower`. If not,
            everything is written as float operators that stock LiteRT knows.
        output_names: what the signature calls the outputs, in the order of the graph; None takes the graph's names.
        batch_size: how many samples the file takes at a time.
        metadata: what the file says of its classes and pixels.

    Returns:
        The content of the file.

    Raises:
        GraphError: the graph holds an operation that is not understood, contradicts itself, or makes too large a file.
        ImportError: the package ``ai-edge-litert``, whose schema is used, is missing.

    Source:
        The operators' semantics: larq/compute-engine, ``tflite/kernels``; tensorflow/tensorflow,
        ``lite/schema/schema.fbs``.
    """
    if unknown := [op for op in graph.unknown if op.file is None]:
        listed = ", ".join(f"'{op.name}' ({op.kind})" for op in unknown)
        raise GraphError(f"'{graph.name}' cannot be written as TensorFlow Lite: {listed} is not understood.")
    check_shapes(graph)
    lowered = lower(graph) if packed else lower_to_builtins(graph)
    options = {"output_names": output_names or graph.outputs, "batch_size": batch_size, "metadata": metadata}
    return write_lowered(lowered, packed=packed, **options)


def write_lowered(
    graph: QuantGraph,
    *,
    packed: bool = True,
    output_names: Sequence[str] | None = None,
    batch_size: int = 1,
    metadata: FileMetadata | None = None,
) -> bytes:
    """Writes a graph as it is, which ``lower`` has brought into the form of the file's operators.

    Arguments, result and errors are those of :func:`write_tflite`.
    """
    plan = Plan(graph, packed)
    emitter = Emitter(graph, plan, batch_size)
    for op in graph:
        emitter.begin(op)
        if op.name in plan.convolutions:
            write_packed_convolution(plan.convolutions[op.name], emitter)
        elif op.name in plan.few_bits:
            write_few_bits(op, emitter)
        elif op.name not in plan.absorbed:
            write(op, emitter)
    outputs = dict(zip(unique(output_names or graph.outputs), _output_tensors(emitter), strict=True))
    entries = {} if metadata is None else metadata.entries
    try:
        return emitter.file.content(emitter.inputs, outputs, graph.name, f"{OWN_DESCRIPTION} {__version__}", entries)
    except TooLarge as error:
        raise GraphError(f"'{graph.name}' cannot be written as TensorFlow Lite: {error}.") from error


def _output_tensors(emitter: Emitter) -> list[int]:
    """A tensor for each output: a copy where the value is an input or an output before."""
    tensors: list[int] = []
    for name in emitter.graph.outputs:
        tensor = emitter.float_value(name)
        op = emitter.graph[name]
        if tensor in tensors or isinstance(op, ops.Input):
            emitter.begin(op)
            emitter.grid = None
            tensor = emitter.reshape(tensor, op.shape)
        tensors.append(tensor)
    return tensors
