"""The operations that a Keras model or a TensorFlow Lite file becomes, while it is being read."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import replace

from larq_focal.network.names import new_name
from larq_focal.network.ops import Op, Shape
from larq_focal.network.shared_arrays import SharedArrays


class GraphBuilder:
    """Operations in the order in which they are added, by unique names: what a ``QuantGraph`` is made of."""

    def __init__(self) -> None:
        self._ops: dict[str, Op] = {}
        self._shared = SharedArrays()

    def __len__(self) -> int:
        return len(self._ops)

    def __getitem__(self, name: str) -> Op:
        return self._ops[name]

    def __iter__(self) -> Iterator[Op]:
        return iter(self._ops.values())

    def shape(self, name: str) -> Shape:
        """The shape of a value, without the batch axis."""
        return self._ops[name].shape

    def add(self, cls: type[Op], name: str, **fields) -> str:
        """Adds an operation named ``name``, numbered if the name is taken, and returns its name."""
        name = new_name(name, self._ops)
        self._ops[name] = cls(name=name, **fields)
        return name

    def replace(self, name: str, **fields) -> None:
        """Changes fields of an operation that was added."""
        self._ops[name] = replace(self._ops[name], **fields)

    def share(self, owner: Hashable, start: int) -> None:
        """Lets the operations from number ``start`` on, which ``owner`` added, share the arrays of its first call.

        The weights of a layer or quantizer that is called several times are then the same objects in all calls.
        """
        self._shared.unify(owner, self._ops, start)

    def truncate(self, count: int) -> None:
        """Drops all operations but the first ``count``."""
        while len(self._ops) > count:
            self._ops.popitem()
