"""Numbers that several operations share: while a network is read, they become the same arrays."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import fields, replace
from typing import Any

import numpy as np

from larq_focal.network import ops
from larq_focal.network.kernel import Kernel


class SharedArrays:
    """The arrays that each owner of numbers brought first: a layer, say, that is called several times."""

    def __init__(self):
        self._first: dict[Hashable, list[np.ndarray]] = {}
        self._owners: dict[int, Any] = {}

    def unify(self, owner: Any, operations: dict[str, ops.Op], start: int) -> None:
        """Puts the arrays that ``owner`` brought first into its operations, in the place of equal ones.

        Args:
            owner: the object, or a tuple that is equal for one and the same source of numbers.
            operations: all operations by name.
            start: number of the first one that ``owner`` added now.
        """
        key = owner if isinstance(owner, tuple) else id(owner)
        self._owners[id(owner)] = owner  # kept, so that the number stays its own
        names = list(operations)[start:]
        if key not in self._first:
            self._first[key] = [array for name in names for array in _arrays(operations[name])]
        else:
            operations.update({name: _with_arrays(operations[name], self._first[key]) for name in names})


def _arrays(item: Any) -> Iterator[np.ndarray]:
    """The arrays that an operation holds, in its kernels too."""
    if isinstance(item, np.ndarray):
        yield item
    elif isinstance(item, tuple):
        for part in item:
            yield from _arrays(part)
    elif isinstance(item, ops.Op | Kernel):
        for entry in fields(item):
            yield from _arrays(getattr(item, entry.name))


def _with_arrays(item: Any, arrays: list[np.ndarray]) -> Any:
    """``item`` with those of ``arrays`` in the place of equal ones."""
    if isinstance(item, np.ndarray):
        equal = (array for array in arrays if array.dtype == item.dtype and np.array_equal(array, item))
        return next(equal, item)
    if isinstance(item, tuple):
        return tuple(_with_arrays(part, arrays) for part in item)
    if isinstance(item, ops.Op | Kernel):
        return replace(item, **{entry.name: _with_arrays(getattr(item, entry.name), arrays) for entry in fields(item)})
    return item
