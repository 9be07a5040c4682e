"""Building a QuantGraph while reading a Keras model."""

from __future__ import annotations

from dataclasses import dataclass, field

from larq_focal.network import ops


@dataclass(frozen=True)
class GraphBuilder:
    """Collects operations under unique names."""

    ops: dict[str, ops.Op] = field(default_factory=dict)

    def add(self, op: type[ops.Op], name: str, **fields) -> str:
        """Adds an operation named ``name``, numbered if the name is taken, and returns its name."""
        unique, count = name, 0
        while unique in self.ops:
            count += 1
            unique = f"{name}_{count}"
        self.ops[unique] = op(name=unique, **fields)
        return unique


@dataclass(frozen=True)
class LayerCall:
    """One call of a layer, being read.

    Args:
        builder: where the operations go.
        path: the layer's name, behind those of the models that it is nested in.
        inputs: names of the values that the layer is called on.
    """

    builder: GraphBuilder
    path: str
    inputs: tuple[str, ...]

    def shape(self, value: str) -> ops.Shape:
        return self.builder.ops[value].shape

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
