"""When registers hold a value, on programs small enough to follow by hand; and on random ones against a slow twin."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larq_focal.focal_plane.inspection import live_ranges
from larq_focal.focal_plane.machine import InstructionSet, assemble
from larq_focal.focal_plane.machine.forms import WORDS
from tests.focal_plane.machine.programs import launched, random_instruction, small_sensor

SENSOR = small_sensor()
SET = InstructionSet(SENSOR)
NEWS_AND_FLAG = ("NEWS", "FLAG")


def ranges(text: str) -> dict[str, list[tuple[int, int]]]:
    lives = live_ranges(assemble(text, SET), SET, SENSOR).lives
    return {life.register: list(life.ranges) for life in lives if life.register not in NEWS_AND_FLAG}


def test_a_value_lives_from_its_write_to_its_last_read():
    found = ranges(launched("CLR(R5)", "SET(R6)", "OR(R7, R5, R6)", "NOT(R8, R5)", "MOV(R5, R8)"))
    assert found == {"R5": [(0, 3), (4, 4)], "R6": [(1, 2)], "R7": [(2, 2)], "R8": [(3, 4)]}


def test_what_comes_from_the_frame_before_lives_on_for_the_next():
    found = ranges(launched("NOT(R7, R5)", "CLR(R6)", "MOV(R5, R7)"))
    assert found == {"R5": [(0, 0), (2, 2)], "R7": [(0, 2)], "R6": [(1, 1)]}
    assert ranges(launched("NOT(R7, R5)", "MOV(R5, R7)", "CLR(R6)"))["R5"] == [(0, 0), (1, 2)]


def test_in_place_operations_read_what_they_write():
    assert ranges(launched("SET(R5)", "CLR(R6)", "OR(R5, R6)")) == {"R5": [(0, 2), (2, 2)], "R6": [(1, 2)]}


def test_loops_and_calls_are_followed():
    main = ["load_rect(R5, 0, 0, 1, 1)", "repeat 3", "launch(turn)", "end", "count = global_or(R6)"]
    text = "\n".join(["kernel turn", "NOT(R6, R5)", "end", "main", *main, "end"])
    found = live_ranges(assemble(text, SET), SET, SENSOR)
    assert found.steps == 5
    assert {life.register: list(life.ranges) for life in found.lives} == {
        "R5": [(0, 3)],
        "R6": [(1, 1), (2, 2), (3, 4)],
    }


def test_shifts_read_the_direction_registers():
    found = ranges(launched("DNEWS(R6, R5, east)"))
    assert set(found) == {"R1", "R2", "R3", "R4", "R5", "R6"}


def test_analog_writes_under_flag_keep_part_of_the_value():
    masked = ["res(A)", "WHERE(R5)", "mov(A, B)", "ALL()", "mov(C, A)"]
    assert ranges(launched(*masked))["A"] == [(0, 4)]
    assert ranges(launched("res(A)", "mov(A, B)", "mov(C, A)"))["A"] == [(0, 0), (1, 2)]


def test_writes_under_the_mask_keep_part_of_the_value():
    masked = ["SET(R0)", "MOV(R12, R5)", "MOV(R0, R6)", "MOV(R12, R7)", "MOV(R8, R12)"]
    assert ranges(launched(*masked))["R12"] == [(1, 4)]
    assert ranges(launched("SET(R0)", "MOV(R12, R5)", "MOV(R12, R7)", "MOV(R8, R12)"))["R12"] == [(1, 1), (2, 3)]


def test_peak_counts_registers_and_not_values():
    found = live_ranges(assemble(launched("SET(R5)", "NOT(R5)", "NOT(R5)", "MOV(R6, R5)"), SET), SET, SENSOR)
    assert found.peak("digital") == 2 and found.counts("digital") == [1, 1, 1, 2]
    assert found.peak("analog") == 0


@given(st.integers(0, 10_000), st.integers(1, 25))
def test_random_programs_agree_with_a_search_for_each_read(seed, length):
    """Digital words without masks: a value lives up to its last read before the next write."""
    random = Random(seed)
    forms = [form for form in WORDS if form.clock == "digital" and form.mnemonic != "WHERE"]
    instructions = [random_instruction(SET, random.choice(forms), random) for _ in range(length)]
    instructions = [i for i in instructions if not {"R0", "R12", "SELECT", "RECT"} & set(i.operands)]
    if not instructions:
        return
    accesses = [SET.words(instruction)[0] for instruction in instructions]
    found = live_ranges(assemble(launched(*map(str, instructions)), SET), SET, SENSOR)
    for life in found.lives:
        reads = [step for step, word in enumerate(accesses) if life.register in word.sources]
        writes = [step for step, word in enumerate(accesses) if life.register in word.targets]
        carried = bool(reads) and (not writes or reads[0] <= writes[0])
        expected = []
        for start in [0] * carried + writes:
            is_first = start == 0 and carried and not expected
            ends = [write for write in writes if write > start or (is_first and write >= start)]
            until = ends[0] if ends else len(instructions)
            later = [read for read in reads if start <= read <= until and (is_first or read > start)]
            last = later[-1] if later else start
            expected.append((start, len(instructions) - 1 if carried and not ends else last))
        assert list(life.ranges) == expected, life.register


def test_an_empty_program_has_no_ranges():
    found = live_ranges(assemble("main\nend", SET), SET, SENSOR)
    assert found.steps == 0 and found.lives == () and found.to_dict()["peak_digital"] == 0


@pytest.mark.parametrize("gap", [0, 1, 5])
def test_spans_join_what_lies_close(gap):
    found = live_ranges(
        assemble(launched("SET(R5)", "MOV(R6, R5)", "nop()", "SET(R5)", "MOV(R7, R5)"), SET), SET, SENSOR
    )
    (life,) = (life for life in found.lives if life.register == "R5")
    assert life.spans(gap) == ([(0, 1), (3, 4)] if gap < 2 else [(0, 4)])
