"""A network whose normalisations are part of the layers before them, as they are in a file with the rest in int8."""

from __future__ import annotations

import dataclasses

from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.passes.affines import fold_into_layers, merge_affines
from larq_focal.network.rewired import rewired


def with_folded_normalisations(graph: QuantGraph) -> QuantGraph:
    """The same network with normalisations in the weights and biases of the layers that they follow.

    Layers keep their names; where the normalisation was an output of the network, the layer is it now.
    """
    merged = merge_affines(graph)
    folded = fold_into_layers(merged)
    renamed = {op.name: merged[op.name].inputs[0] for op in folded.layers if isinstance(merged[op.name], ops.Affine)}
    made = [dataclasses.replace(rewired(op, renamed), name=renamed.get(op.name, op.name)) for op in folded]
    return folded.rewritten(made, [renamed.get(name, name) for name in folded.outputs])
