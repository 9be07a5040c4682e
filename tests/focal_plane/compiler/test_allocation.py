"""Register allocation against exhaustive search."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larq_focal.focal_plane.compiler.backend.allocation import AllocationError, LiveRange, allocate

REGISTERS = ("a", "b", "c", "d")
MASKS = {"a": "b"}


@st.composite
def ranges(draw) -> list[LiveRange]:
    """Up to seven ranges, each with its own choice of four registers, ordered by start."""
    found = []
    for _ in range(draw(st.integers(1, 7))):
        start = draw(st.integers(0, 8))
        registers = draw(st.lists(st.sampled_from(REGISTERS), min_size=1, unique=True))
        end = start + draw(st.integers(0, 6))
        found.append(LiveRange(start, end, tuple(registers), draw(st.integers(start, end))))
    return sorted(found, key=lambda here: here.start)


def is_legal(ranges: list[LiveRange], registers: tuple[str, ...]) -> bool:
    """Whether no two ranges that overlap share a register, and none is written while its mask holds another."""
    placed = list(zip(ranges, registers, strict=True))
    return not any(
        (register == other_register and here.start <= other.end and other.start <= here.end)
        or (MASKS.get(register) == other_register and here.start <= other.end and other.start <= here.last_write)
        for index, (here, register) in enumerate(placed)
        for other_index, (other, other_register) in enumerate(placed)
        if other_index != index
    )


def exists(ranges: list[LiveRange]) -> bool:
    """Whether any of all allocations is legal."""
    return any(is_legal(ranges, choice) for choice in product(*(here.registers for here in ranges)))


@given(ranges())
def test_finds_an_allocation_exactly_where_exhaustive_search_does(ranges):
    try:
        registers = tuple(allocate(ranges, MASKS))
    except AllocationError:
        assert not exists(ranges)
    else:
        assert is_legal(ranges, registers)
        assert all(register in here.registers for here, register in zip(ranges, registers, strict=True))


@given(ranges())
def test_tells_all_ranges_at_whose_start_registers_are_too_few(ranges):
    crowded = [
        index
        for index, here in enumerate(ranges)
        if any(
            sum(set(other.registers) <= those and here.start <= other.end for other in ranges[: index + 1]) > len(those)
            for those in ({*other.registers} for other in ranges)
            if {*here.registers} <= those
        )
    ]
    try:
        allocate(ranges, MASKS)
    except AllocationError as error:
        assert list(error.overfull) == (crowded or [error.blocked])
        assert error.blocked == error.overfull[0]
    else:
        assert not crowded


def test_takes_a_choice_back():
    ranges = [LiveRange(0, 9, ("a", "b")), LiveRange(1, 2, ("b", "c")), LiveRange(3, 4, ("a",))]
    assert allocate(ranges) == ["b", "c", "a"]


def test_tells_where_it_got_stuck():
    crowd = [LiveRange(0, 9, ("a", "b")), LiveRange(1, 9, ("a", "b")), LiveRange(2, 3, ("a", "b"))]
    with pytest.raises(AllocationError) as caught:
        allocate(crowd)
    assert caught.value.blocked == 2


def test_gives_up_after_so_many_jumps():
    ranges = [LiveRange(0, 9, ("a", "b")), LiveRange(1, 9, ("b", "c")), LiveRange(2, 9, ("a",))]
    assert allocate(ranges, most_jumps=2) == ["b", "c", "a"]
    with pytest.raises(AllocationError):
        allocate(ranges, most_jumps=0)
