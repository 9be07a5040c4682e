"""The controller's graphs in a program file: archives of plain arrays as text, and their bounds."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Iterable, Iterator

from larq_focal.cost.arithmetic import macs_by_bits
from larq_focal.focal_plane.compiler.array_program import ArrayProgram
from larq_focal.focal_plane.machine.program import ProgramError
from larq_focal.messages import short
from larq_focal.network.graph import GraphError, QuantGraph
from larq_focal.network.graph_file import graph_bytes, graph_from_bytes

_LETTERS_A_LINE = 108
_MOST_VALUES, _MOST_PRODUCTS = 2**25, 2**33  # of one frame; beyond, something is wrong


def graph_lines(graph: QuantGraph, mark: str) -> Iterator[str]:
    """The lines of a graph, each behind ``mark``."""
    text = base64.b64encode(graph_bytes(graph)).decode()
    for start in range(0, len(text), _LETTERS_A_LINE):
        yield f"{mark} {text[start : start + _LETTERS_A_LINE]}"


def graph_of_lines(lines: Iterable[str], mark: str) -> QuantGraph | None:
    """The graph in those of a file's lines that stand behind ``mark``; None where there are none.

    Raises:
        ProgramError: they are damaged, or computing the graph takes more than there is time or memory for.
    """
    text = "".join(line[len(mark) :].strip() for line in lines if line.startswith(mark))
    if not text:
        return None
    try:
        graph = graph_from_bytes(base64.b64decode(text, validate=True), f"lines behind {mark}")
    except (binascii.Error, GraphError) as error:
        raise ProgramError(f"the network's part behind '{mark}' cannot be read: {short(error)}") from None
    if graph.unknown:
        raise ProgramError(
            f"the network's part behind '{mark}' holds {graph.unknown[0].kind:.60}, which is not understood."
        )
    values, products = sum(math.prod(op.shape) for op in graph), sum(macs_by_bits(graph).values())
    if values > _MOST_VALUES or products > _MOST_PRODUCTS:
        raise ProgramError(
            f"the network's part behind '{mark}' takes {values:,} values and {products:,} products for a frame, more "
            "than there is room for."
        )
    return graph


def check_graphs(array: ArrayProgram) -> None:
    """Refuses a program whose controller computes of or for other values than those of the array.

    Raises:
        ProgramError: the message names the value.
    """
    encoding, tail = array.controller.encoding, array.controller.tail
    loaded = {source.name: source.image_shape for source in array.inputs if not source.sees_light}
    if {name: encoding[name].shape for name in encoding.outputs} != loaded:
        raise ProgramError("the controller does not encode the images as the program loads them.")
    if not encoding.inputs:
        raise ProgramError("the network takes no image.")
    for source in array.inputs:
        if source.sees_light and source.image_shape != encoding.inputs[0].shape:
            raise ProgramError(f"the image of the network is not what the program sees as '{source.name:.60}'.")
    known = {op.name: op.shape for op in encoding.inputs}
    known |= {output.name: output.layout.shape for output in array.outputs}
    known |= {scores.name: (len(scores.terms),) for scores in array.scores}
    for op in tail.inputs:
        if known.get(op.name) != op.shape:
            raise ProgramError(f"the controller takes '{op.name:.60}' {list(op.shape)}, which the array does not give.")
