"""Puts the inputs and outputs of a converted file in the order of its model, and gives them their names.

Converters sort both by name and call the tensors "Identity:0". The file is changed in place: every other byte stays as
it is, and so does the alignment of its weights.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from ai_edge_litert import schema_py_generated as schema

from larq_focal.deploy.conversion.frozen import FrozenGraph

_INPUTS, _OUTPUTS, _TENSOR_NAME, _SIGNATURE_INPUTS, _SIGNATURE_OUTPUTS = 6, 8, 10, 4, 6
"""Places of fields in the tables SubGraph, Tensor and SignatureDef; the schema only ever adds fields behind them."""


def with_ends(content: bytes, inputs: Sequence[str], outputs: Sequence[str]) -> bytes:
    """A file whose graph, signature and tensors have inputs and outputs in this order and with these names.

    Args:
        content: of a file with one signature of its main graph, which has these names in any order.
        inputs: names in the order wanted.
        outputs: likewise.

    Raises:
        ValueError: the signature has other names.
    """
    data = bytearray(content)
    model = schema.Model.GetRootAs(data)
    graph = model.Subgraphs(0)
    signatures = [model.SignatureDefs(i) for i in range(model.SignatureDefsLength())]
    signature = next((table for table in signatures if table.SubgraphIndex() == 0), None)
    if signature is None:
        raise ValueError("The file has no signature, so that its inputs and outputs have no names.")
    renamed: dict[int, str] = {}
    for wanted, place, entries, graph_place in (
        (inputs, _SIGNATURE_INPUTS, [signature.Inputs(i) for i in range(signature.InputsLength())], _INPUTS),
        (outputs, _SIGNATURE_OUTPUTS, [signature.Outputs(i) for i in range(signature.OutputsLength())], _OUTPUTS),
    ):
        found = {entry.Name().decode(): entry for entry in entries}
        if sorted(found) != sorted(wanted):
            raise ValueError(f"The file has the ends {sorted(found)}, not {sorted(wanted)}.")
        _set_offsets(data, signature._tab, place, [found[name]._tab.Pos for name in wanted])
        indices = [found[name].TensorIndex() for name in wanted]
        _set_indices(data, graph._tab, graph_place, indices)
        for name, index in zip(wanted, indices, strict=True):
            renamed.setdefault(index, name)
    for index, name in renamed.items():
        _rename(data, graph.Tensors(index)._tab, name)
    return bytes(data)


def with_ends_of(frozen: FrozenGraph, content: bytes) -> bytes:
    """The file that a converter made of ``frozen``, with inputs and outputs as the model has them."""
    return with_ends(content, list(frozen.inputs), list(frozen.outputs))


def _set_offsets(data: bytearray, table, place: int, targets: Sequence[int]) -> None:
    """Points the elements of a list of tables at these places, which lie behind it."""
    first = table.Vector(table.Offset(place))
    for position, target in zip(range(first, first + 4 * len(targets), 4), targets, strict=True):
        struct.pack_into("<I", data, position, target - position)


def _set_indices(data: bytearray, table, place: int, indices: Sequence[int]) -> None:
    field = table.Offset(place)
    if table.VectorLen(field) != len(indices):  # one tensor that has two names stands in the graph once
        indices = list(dict.fromkeys(indices))
    struct.pack_into(f"<{len(indices)}i", data, table.Vector(field), *indices)


def _rename(data: bytearray, table, name: str) -> None:
    """Writes the name at the end of the file, and points the tensor there."""
    field = table.Pos + table.Offset(_TENSOR_NAME)
    text = name.encode()
    data.extend(bytes(-len(data) % 4))
    struct.pack_into("<I", data, field, len(data) - field)
    data.extend(struct.pack("<I", len(text)) + text + b"\0")
