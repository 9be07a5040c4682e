"""How values lie in memory: bits for signs, the shortest integers for whole numbers, else floats."""

from __future__ import annotations

from math import prod
from typing import Literal

from larq_focal.mcu.whole import Whole, only_signs, whole_values
from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Shape

Storage = Literal["bits", "u8", "i8", "i16", "i32", "f32"]
BITS: dict[Storage, int] = {"bits": 1, "u8": 8, "i8": 8, "i16": 16, "i32": 32, "f32": 32}
"""Of an element."""
C_TYPES: dict[Storage, str] = {
    "bits": "uint32_t",
    "u8": "uint8_t",
    "i8": "int8_t",
    "i16": "lqf_i16",
    "i32": "int32_t",
    "f32": "lqf_f32",
}
"""Of what lies in the arena, whose words are read and written as other types too."""
_INTEGERS: tuple[tuple[Storage, int, int], ...] = (
    ("i8", -(2**7), 2**7 - 1),
    ("u8", 0, 2**8 - 1),
    ("i16", -(2**15), 2**15 - 1),
    ("i32", -(2**31), 2**31 - 1),
)


def storage_of(whole: Whole | None, is_sign: bool) -> Storage:
    """The shortest storage of values in a range; None is for numbers that are not whole."""
    if is_sign:
        return "bits"
    if whole is None:
        return "f32"
    return next(name for name, low, high in _INTEGERS if low <= whole.low and whole.high <= high)


def storages(graph: QuantGraph) -> dict[str, Storage]:
    """How each value of ``graph`` is stored."""
    ranges, signs = whole_values(graph), only_signs(graph)
    return {op.name: storage_of(ranges[op.name], signs[op.name]) for op in graph}


def words_of(shape: Shape, storage: Storage) -> int:
    """Words of 32 bits that a value takes."""
    return -(-prod(shape) * BITS[storage] // 32)
