"""Rules of the instruction set that the hardware's documentation states."""

from itertools import product

import numpy as np
import pytest

from larq_focal.focal_plane import load_sensor, sensor_names
from larq_focal.focal_plane.machine import Instruction, InstructionSet, Simulator
from larq_focal.focal_plane.machine.forms import DIGITAL, MACROS, WORDS
from tests.focal_plane.machine.programs import execute, put, random_state, small_sensor

ROWS = np.array(list(product((0, 1), repeat=4)), bool)  # one pixel per row of a truth table of four inputs
A, B, C, D = (ROWS[:, [i]] for i in range(4))


@pytest.fixture
def table():
    """A simulator whose R5 to R8 hold all combinations of four bits."""
    simulator = Simulator(small_sensor(len(ROWS), 1))
    put(simulator, R5=A, R6=B, R7=C, R8=D)
    return simulator


TRUTH = {
    "SET(R9)": np.ones_like(A),
    "CLR(R9)": np.zeros_like(A),
    "MOV(R9, R5)": A,
    "NOT(R9, R5)": ~A,
    "OR(R9, R5, R6)": A | B,
    "OR(R9, R5, R6, R7, R8)": A | B | C | D,
    "NOR(R9, R5, R6, R7)": ~(A | B | C),
    "AND(R9, R5, R6)": A & B,
    "NAND(R9, R5, R6)": ~(A & B),
    "ANDX(R9, R5, R6)": A & B,
    "NANDX(R9, R5, R6)": ~(A & B),
    "IMP(R9, R5, R6)": A | ~B,
    "NIMP(R9, R5, R6)": ~A & B,
    "XORX(R9, R5, R6)": A ^ B,
    "MUX(R9, R5, R6, R7)": np.where(A, B, C),
}

# Published costs in instruction words, from the same headers as the expansions.
PUBLISHED_ICW = {
    **dict.fromkeys(("nop()", "rpix()", "all()", "ALL()", "where(A, B, C)", "WHERE(R5, R6, R7)"), 1),
    **dict.fromkeys(("bus(A, B, C, D, E)", "bus2(A, B, C)", "bus3(A, B, C, D)", "DNEWS0(R5, R6)", "DNEWS1(R5, R6)"), 1),
    **dict.fromkeys(("SET(R5, R6, R7, R8)", "CLR(R5)", "MOV(R5, R6)", "NOT(R5, R6)"), 1),
    **dict.fromkeys(("OR(R5, R6, R7, R8, R9)", "NOR(R5, R6, R7)"), 1),
    **dict.fromkeys(("NOT(R5)", "OR(R5, R6)", "NOR(R5, R6)", "IMP(R5, R6, R7)", "NIMP(R5, R6, R7)"), 2),
    **dict.fromkeys(("CLR_IF(R5, R6)", "REFRESH(R5)", "PROP0()", "PROP1()"), 2),
    **dict.fromkeys(("res(A)", "mov(A, B)", "add(A, A, B)", "add(A, A, B, C)", "sub(A, A, B)", "neg(A, B)"), 2),
    **dict.fromkeys(("divq(A, B)", "movx(A, A, east)", "mov2x(A, A, east, east)", "addx(A, A, B, north)"), 2),
    **dict.fromkeys(("add2x(A, A, B, north, east)", "subx(A, A, west, B)", "sub2x(A, A, west, west, B)"), 2),
    **dict.fromkeys(("DNEWS(R5, R6, east|west)", "ANDX(R5, R6, R7)", "NANDX(R5, R6, R7)", "res(A, B)"), 3),
    **dict.fromkeys(("AND(R5, R6, R7)", "NAND(R5, R6, R7)"), 4),
    **dict.fromkeys(("div(A, B, C)", "div(A, B, C, D)", "diva(A, B, C)", "MUX(R5, R6, R7, R8)", "get_image(A)"), 5),
    **dict.fromkeys(("abs(A, B)", "get_image(A, B)", "XORX(R5, R6, R7)"), 6),
}


@pytest.mark.parametrize("text", TRUTH)
def test_truth_tables(text, table):
    execute(table, text)
    assert np.array_equal(table.read("R9"), TRUTH[text])


@pytest.mark.parametrize(
    ("text", "expected"),
    [("NOT(R5)", ~A), ("OR(R5, R6)", A | B), ("NOR(R5, R6)", ~(A | B)), ("CLR_IF(R5, R6)", A & ~B), ("REFRESH(R5)", A)],
)
def test_in_place_truth_tables(text, expected, table):
    execute(table, text)
    assert np.array_equal(table.read("R5"), expected)


@pytest.mark.parametrize(("text", "words"), PUBLISHED_ICW.items())
def test_published_cost_is_the_number_of_words(text, words, table):
    assert execute(table, text).total_icw == words


@pytest.mark.parametrize("name", sensor_names())
def test_costs_that_plans_use_are_those_of_the_instructions(name):
    sensor = load_sensor(name)
    costs = {
        "nor": "NOR(R5, R6, R7)",
        "or": "OR(R5, R6, R7)",
        "not": "NOT(R5, R6)",
        "move": "MOV(R5, R6)",
        "shift": "DNEWS0(R5, R6)",
        "directed_shift": "DNEWS(R5, R6, east)",
        "multiplex": "MUX(R5, R6, R7, R8)",
        "refresh": "REFRESH(R5)",
        "analog_add": "add(A, A, B)",
        "analog_reset": "res(A)",
    }
    if sensor.digital.flag:
        costs |= {"select": "WHERE(R5)", "select_all": "ALL()"}
    words = {key: len(InstructionSet(sensor).words(parse(text))) for key, text in costs.items()}
    words["in_place"] = len(InstructionSet(sensor).words(parse("NOT(R5)"))) - words["not"]
    assert {key: sensor.instruction_icw[key] for key in words} == words
    assert {form.clock for form in WORDS} <= sensor.cycles_per_icw.keys()


def parse(text):
    name, _, rest = text.partition("(")
    return Instruction(name, tuple(part.strip() for part in rest.rstrip(")").split(",") if part.strip()))


DIGITAL_MNEMONICS = [form for form in WORDS if form.clock == DIGITAL and form.mnemonic != "WHERE"]


@pytest.mark.parametrize("form", DIGITAL_MNEMONICS, ids=lambda form: form.mnemonic)
def test_flag_does_not_mask_digital_instructions(form):
    """CLR under WHERE clears the whole plane: measured on a chip, github.com/SynthSyntax/SCAMP_TV."""
    operands = [f"R{5 + i}" for i in range(sum(p.least for p in form.parameters))]
    text = f"{form.mnemonic}({', '.join(operands)})"
    results = []
    for mask in ("WHERE(R9)", "ALL()"):
        simulator = Simulator(small_sensor(8, 8))
        random_state(simulator, seed=1)
        execute(simulator, mask, text)
        results.append(simulator.read("R5"))
    assert np.array_equal(*results)


def test_flag_masks_analog_writes():
    simulator = Simulator(small_sensor())
    random_state(simulator, seed=2)
    before, flag, other = simulator.read("A"), simulator.read("R5"), simulator.read("B")
    execute(simulator, "WHERE(R5)", "bus(A, B)")
    negated = np.minimum(-other, 127)
    assert np.array_equal(simulator.read("A"), np.where(flag, negated, before))
    execute(simulator, "all()", "bus(A, B)")
    assert np.array_equal(simulator.read("A"), negated)


def test_flag_can_be_read():
    simulator = Simulator(small_sensor())
    random_state(simulator, seed=3)
    execute(simulator, "where(A)", "MOV(R5, FLAG)", "NOT(R6, FLAG)")
    assert np.array_equal(simulator.read("R5"), simulator.read("A") > 0)
    assert np.array_equal(simulator.read("R6"), simulator.read("A") <= 0)


@pytest.mark.parametrize("register", ["R12", "R11"])
def test_r0_masks_r12_and_nothing_else(register):
    simulator = Simulator(small_sensor())
    random_state(simulator, seed=4)
    before, mask, source = (simulator.read(name) for name in (register, "R0", "R5"))
    execute(simulator, f"MOV({register}, R5)")
    expected = np.where(mask, source, before) if register == "R12" else source
    assert np.array_equal(simulator.read(register), expected)


@pytest.mark.parametrize(
    ("text", "clobbered"),
    [
        ("AND(R9, R5, R6)", {"R0": ~B, "R12": ~A}),
        ("NAND(R9, R5, R6)", {"R0": ~B, "R12": ~A}),
        ("ANDX(R9, R5, R6)", {"R0": ~A, "R5": ~B}),
        ("XORX(R9, R5, R6)", {"R0": ~A, "R5": A & ~B}),
        ("MUX(R9, R5, R6, R7)", {"R0": A, "R12": np.where(A, B, C)}),
        ("CLR_IF(R5, R6)", {"R0": ~A}),
    ],
)
def test_macros_leave_their_scratch_behind(text, clobbered, table):
    execute(table, text)
    for name, content in clobbered.items():
        assert np.array_equal(table.read(name), content), name


def test_dnews_reads_the_neighbours_that_each_pixel_selects():
    simulator = Simulator(small_sensor(9, 70))
    random_state(simulator, seed=5)
    bits = {name: simulator.read(name) for name in ("R1", "R2", "R3", "R4", "R6")}
    padded = np.pad(bits["R6"], 1)
    south, north = padded[2:, 1:-1], padded[:-2, 1:-1]
    west, east = padded[1:-1, :-2], padded[1:-1, 2:]
    execute(simulator, "DNEWS0(R5, R6)")
    expected = bits["R1"] & south | bits["R2"] & west | bits["R3"] & north | bits["R4"] & east
    assert np.array_equal(simulator.read("R5"), expected)


def test_dnews_macro_sets_the_direction_registers():
    simulator = Simulator(small_sensor())
    execute(simulator, "SET(R1, R2, R3, R4)", "DNEWS(R5, R6, west|north)")
    assert [simulator.read(name).all() for name in ("R1", "R2", "R3", "R4")] == [False, True, True, False]
    assert [simulator.read(name).any() for name in ("R1", "R2", "R3", "R4")] == [False, True, True, False]


def test_flood_stays_inside_its_mask():
    simulator = Simulator(small_sensor(7, 9))
    maze = (
        np.array(
            [
                list(row)
                for row in ["111110001", "000010001", "111010001", "101110001", "100000001", "111111101", "000000001"]
            ]
        )
        == "1"
    )
    seed = np.zeros_like(maze)
    seed[0, 0] = True
    put(simulator, R5=seed, R6=maze)
    execute(simulator, "FLOOD(R5, R6)")
    right = np.zeros_like(maze)
    right[:, 8] = True
    assert np.array_equal(simulator.read("R5"), maze & ~right)


def test_prop1_floods_from_the_border():
    simulator = Simulator(small_sensor(5, 70))
    mask = np.ones((5, 70), bool)
    mask[1:4, 10:60] = False
    mask[2, 20:50] = True
    put(simulator, R5=mask)
    execute(simulator, "SET(R0, R1, R2, R3)", "SET(R4)", "CLR(R12)", "MOV(R0, R5)", "PROP1()")
    mask[2, 20:50] = False
    assert np.array_equal(simulator.read("R12"), mask)


def test_macros_are_made_of_words_only():
    words = {form.mnemonic for form in WORDS}
    halves = {"READ", "READN", "WRITE", "PROP_0", "PROP_1"}
    assert {line.partition("(")[0] for form in MACROS for line in form.expansion} <= words | halves
