"""A call of a Keras layer while it is being read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from larq_focal.network import ops
from larq_focal.network.builder import GraphBuilder
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.keras.node import Node


@dataclass(frozen=True)
class LayerCall:
    """One call of a layer, being read.

    Args:
        builder: where the operations go.
        path: the layer's name, behind those of the models that it is nested in.
        inputs: names of the values that the layer is called on.
        node: Keras' record of the call.
    """

    builder: GraphBuilder
    path: str
    inputs: tuple[str, ...]
    node: Node | None = None

    def shape(self, value: str) -> ops.Shape:
        return self.builder.shape(value)

    def output_shape(self, layer) -> ops.Shape:
        """The shape that ``layer`` makes of the inputs."""
        shapes = [(None, *self.shape(name)) for name in self.inputs]
        return tuple(layer.compute_output_shape(shapes[0] if len(shapes) == 1 else shapes))[1:]

    def add(self, op: type[ops.Op], *inputs: str, part: str = "", shape: ops.Shape | None = None, **fields) -> str:
        """Adds an operation of this layer and returns its name.

        Args:
            op: its class.
            inputs: names of the values that it reads.
            part: what it is within the layer; "" for the operation that bears the layer's name.
            shape: of its value; that of the first input if None.
            fields: further fields of ``op``.
        """
        return self.builder.add(
            op,
            f"{self.path}/{part}" if part else self.path,
            inputs=inputs,
            shape=self.shape(inputs[0]) if shape is None else tuple(shape),
            origin=self.path,
            **fields,
        )

    def add_affine(
        self,
        value: str,
        *,
        mean=0.0,
        scale=1.0,
        bias=0.0,
        stored: tuple[ops.Constant, ...] | None = None,
        part: str = "",
    ) -> str:
        """Adds ``(x - mean) * scale + bias`` of constants that broadcast against the value.

        ``stored`` names those that have to be stored; by default those that are more than one number.
        """
        constants = {"mean": mean, "scale": scale, "bias": bias}
        arrays = {name: np.asarray(constant, np.float32) for name, constant in constants.items()}
        if stored is None:
            stored = tuple(name for name, array in arrays.items() if array.size > 1)
        shape = self.shape(value)
        if all(array.size == np.prod(array.shape[-1:]) for array in arrays.values()):
            arrays = {name: array.reshape(array.shape[-1:]) for name, array in arrays.items()}
            shape = shape[-1:]
        if any(array.ndim > len(shape) and len(array) > 1 for array in arrays.values()):
            raise NotUnderstood("a constant for each image of a batch")
        arrays = {name: np.broadcast_to(array, (1, *shape))[0].copy() for name, array in arrays.items()}
        return self.add(ops.Affine, value, part=part, stored=stored, **arrays)

    def add_clip(self, value: str, low: float, high: float, part: str = "") -> str:
        """Adds the limits ``low <= x <= high``, under the name of the activation if there is one."""
        kind = {(0, np.inf): "relu", (0, 6): "relu6", (-1, 1): "relu_n1_to_1"}.get((low, high), "clip")
        alpha = np.array([low, high], np.float32) if kind == "clip" else None
        return self.add(ops.Activation, value, part=part, kind=kind, alpha=alpha)
