"""What Keras recorded of the calls in a model, in one form for both Kerases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class Node:
    """One call of a layer, or under Keras 3 of an operation between layers.

    Args:
        layer: what was called.
        inputs: the symbolic tensors that it was called on.
        outputs: those that it gave.
        arguments: of the call, the symbolic tensors among them.
        keywords: likewise.
    """

    layer: Any
    inputs: Sequence[Any]
    outputs: Sequence[Any]
    arguments: tuple
    keywords: dict[str, Any]


class Values:
    """The names of the values that symbolic tensors stand for."""

    def __init__(self, tensors: Iterable[Any] = (), names: Iterable[str] = ()):
        self._names: dict[int, str] = {}
        self._tensors: list[Any] = []  # kept, so that their numbers stay their own
        self.add(tensors, names)

    def __getitem__(self, tensor: Any) -> str:
        return self._names[id(tensor)]

    def __contains__(self, tensor: Any) -> bool:
        return id(tensor) in self._names

    def add(self, tensors: Iterable[Any], names: Iterable[str]) -> None:
        for tensor, name in zip(tensors, names, strict=True):
            self._names[id(tensor)] = name
            self._tensors.append(tensor)
