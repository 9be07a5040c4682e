"""What no program may say: one clear message each, with the line."""

import re
from dataclasses import replace

import numpy as np
import pytest

from larq_focal.focal_plane import SensorError
from larq_focal.focal_plane.machine import (
    Fill,
    Instruction,
    InstructionSet,
    Kernel,
    Launch,
    Program,
    ProgramError,
    Simulator,
    assemble,
    load_noise,
)
from larq_focal.focal_plane.machine.noise import FOLDER
from tests.focal_plane.machine.programs import launched, small_sensor

INSTRUCTIONS = {
    "XNOR(R5, R6, R7)": "XNOR is not an instruction; choose from",
    "xorx(R5, R6, R7)": "did you mean XORX?",
    "NOR(R5)": "takes other operands: NOR(d, s, s[, s[, s]]) or NOR(d, s).",
    "NOT()": "takes other operands: NOT(d, s) or NOT(d).",
    "NOR(R5, R13)": "R13 is not a digital register of scamp5",
    "NOR(FLAG, R6, R7)": "FLAG is not a digital register that can be written",
    "MOV(R5, A)": "A is not a digital register of scamp5",
    "bus(R5, A)": "R5 is not an analog register that can be written",
    "bus(PIX, A)": "PIX is not an analog register that can be written",
    "movx(A, B, up)": "up is not a direction",
    "movx(A, B, east|north)": "east|north is not a direction",
    "DNEWS(R5, R6, east|east)": "east|east is not one or more directions",
    "NOR(R5, R5, R6)": "R5 would be read and written at once",
    "bus(A, B, A)": "A would be read and written at once",
    "bus(NEWS, XE)": "NEWS would be read and written at once",
    "bus2(A, A, B)": "A would be written twice at once",
    "SET(R5, R5)": "R5 would be written twice at once",
    "add(A, B, B)": "B counts once, however often it is named",
    "SET(R0, R12)": "R0 masks R12",
    "DNEWS0(R1, R5)": "R1 would be read and written at once",
    "AND(R5, R0, R6)": "R0 is overwritten before it is read",
    "AND(R5, R6, R12)": "R12 is overwritten before it is read",
    "DNEWS(R5, R2, east)": "R2 is overwritten before it is read",
    "XORX(R5, R6, R5)": "R5 is overwritten before it is read",
    "sub(A, B, NEWS)": "NEWS is overwritten before it is read",
    "sub(A, B, A)": "A would be read and written at once",
    "IMP(R12, R5, R6)": "it changes R0, which masks R12",
    "READ(R5)": "READ is not an instruction",
}


@pytest.mark.parametrize(("text", "message"), INSTRUCTIONS.items())
def test_wrong_instructions(text, message):
    with pytest.raises(ProgramError, match=rf"^Line 3: {re.escape(text)}: .*{re.escape(message)}"):
        assemble(launched("SET(R0)", text), InstructionSet(small_sensor()))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SET(R5)\nmain\nend", "Line 1: 'SET(R5)' stands outside of a kernel"),
        ("kernel a\nSET(R5)\nmain\nend", "Line 3: 'main' is not a statement"),
        ("kernel a\nSET(R5)\n", "Line 1: 'kernel a' has no 'end'"),
        ("kernel a\nend\n", "Line 2: the program has no 'main'"),
        ("kernel a\nend\nkernel a\nend\nmain\nend", "Line 3: there is a kernel 'a' already"),
        ("main\nend\nmain\nend", "Line 3: 'main' stands outside"),
        ("main\nlaunch(a)\nend", "Line 2: 'launch(a)': launch takes the name of one kernel above it (none)"),
        (
            "main\nfill_store()\nend",
            "Line 2: 'fill_store()': fill_store takes names of kernels above it (none), each once",
        ),
        (
            "kernel a\nend\nmain\nfill_store(a, b)\nend",
            "Line 4: 'fill_store(a, b)': fill_store takes names of kernels above it (a), each once",
        ),
        ("kernel a\nend\nmain\nfill_store(a, a)\nend", "Line 4: 'fill_store(a, a)': fill_store takes names"),
        ("main\nrepeat 3\nend", "Line 1: 'main' has no 'end'"),
        ("main\nrepeat many\nend\nend", "Line 2: 'repeat many' is not a statement"),
        ("main\nSET(R5)\nend", "Line 2: SET is not a function of the controller"),
        ("main\nload_point(R5, 1)\nend", "Line 2: load_point takes 3 operands: D, row, column."),
        ("main\nload_point(R5, 1, x)\nend", "Line 2: load_point: x is not a whole number."),
        ("main\nload_point(R5, 1, -1)\nend", "Line 2: load_point: -1 is out of bounds for a column, 0 to 255."),
        (
            "main\nload_pattern(R1, 99999999999999999999, 0, 0, 0)\nend",
            "Line 2: load_pattern: 99999999999999999999 is out of bounds for a row, 0 to 255.",
        ),
        ("main\nload_point(R5, 1, --1)\nend", "Line 2: load_point: --1 is not a whole number."),
        ("main\nx = read_events(R5, -1)\nend", "Line 2: read_events: -1 is out of bounds for a count, 0 to 35."),
        ("main\nrepeat 9999999999999\nend\nend", "Line 2: a repeat of more than 999,999,999,999 times"),
        ("main\n" + 3000 * "repeat 1\n" + 3000 * "end\n" + "end", "Line 34: more than 32 repeats within each other"),
        ("main\nload_point(FLAG, 1, 1)\nend", "Line 2: load_point: FLAG cannot stand there; choose from R0"),
        ("main\nglobal_or(R5)\nend", "Line 2: global_or returns a value; write 'name = global_or(...)'"),
        ("main\nx = load_in(3)\nend", "Line 2: load_in returns no value; write it without 'name ='"),
        ("kernel a\nx = SET(R5)\nend\nmain\nend", "Line 2: 'x = SET(R5)': instructions return nothing"),
    ],
)
def test_wrong_programs(text, message):
    with pytest.raises(ProgramError, match="^" + re.escape(message)):
        assemble(text, InstructionSet(small_sensor()))


def test_sensor_without_flag_has_no_where():
    with pytest.raises(ProgramError, match="scamp7 has no flag register that this instruction needs"):
        assemble(launched("WHERE(R5)"), InstructionSet(small_sensor(name="scamp7")))


def test_sensor_without_analog_range_has_no_analog_instructions():
    sensor = small_sensor()
    sensor = replace(sensor, analog=replace(sensor.analog, maximum=None))
    with pytest.raises(ProgramError, match="scamp5 states no analog range"):
        assemble(launched("bus(A, B)"), InstructionSet(sensor))


def test_store_holds_1024_words():
    simulator = Simulator(small_sensor())
    fits = assemble(launched(*["SET(R5)"] * 1024), simulator.instruction_set)
    assert simulator.run(fits).store_icw == 1024
    with pytest.raises(ProgramError, match="take 1025 instruction words, but the store of scamp5 holds 1024"):
        simulator.run(assemble(launched(*["SET(R5)"] * 1025), simulator.instruction_set))


def filled(*main: str) -> Program:
    kernels = [f"kernel {name}\n" + "SET(R5)\n" * 600 + "end" for name in "ab"]
    return assemble("\n".join([*kernels, "main", *main, "end"]), InstructionSet(small_sensor()))


def test_a_kernel_runs_only_while_it_is_in_the_store():
    simulator = Simulator(small_sensor())
    with pytest.raises(ProgramError, match="take 1200 instruction words, but the store of scamp5 holds 1024"):
        simulator.run(filled("launch(a)"))
    with pytest.raises(ProgramError, match=r"The kernels of a fill_store take 1200 instruction words, .* name fewer"):
        simulator.run(filled("fill_store(a, b)", "launch(a)"))
    in_turns = simulator.run(filled("repeat 2", "fill_store(a)", "launch(a)", "fill_store(b)", "launch(b)", "end"))
    assert (in_turns.store_icw, in_turns.swapped_icw, in_turns.total_icw) == (600, 2400, 2400)
    assert in_turns.calls == {"kernel_launch": 4, "fill_store": 4} and "2,400" in str(in_turns)
    with pytest.raises(
        ProgramError, match=r"launch\(a\): the kernel is not in the store, which holds nothing: name it"
    ):
        simulator.run(filled("launch(a)", "fill_store(a)"))
    with pytest.raises(ProgramError, match=r"launch\(a\): the kernel is not in the store, which holds b: name it"):
        simulator.run(filled("fill_store(a)", "fill_store(b)", "launch(a)"))


def test_programs_built_by_hand_are_checked_too():
    simulator = Simulator(small_sensor())
    wrong = Kernel("only", (Instruction("SET", ("R13",)),))
    with pytest.raises(ProgramError, match=r"SET\(R13\): R13 is not a digital register"):
        simulator.run(Program((wrong,), (Launch("only"),)))
    with pytest.raises(ProgramError, match=r"launch\(other\): there is no such kernel"):
        simulator.run(Program((), (Launch("other"),)))
    with pytest.raises(ProgramError, match=r"fill_store\(other\): name kernels that the program has, each once"):
        simulator.run(Program((), (Fill(("other",)),)))


def test_given_planes_must_be_there_and_fit():
    simulator = Simulator(small_sensor(4, 4))
    program = assemble("main\nload_plane(R5, weights)\nend", simulator.instruction_set)
    with pytest.raises(ProgramError, match="there is no plane 'weights'; give it to the run"):
        simulator.run(program)
    with pytest.raises(ProgramError, match=r"'weights' is \[4, 5\], but the array \[4, 4\]"):
        simulator.run(program, {"weights": np.zeros((4, 5))})


def test_images_must_fit():
    simulator = Simulator(small_sensor(4, 4))
    with pytest.raises(ValueError, match=r"The image is \[4, 5\], but scamp5 \[4, 4\]"):
        simulator.expose(np.zeros((4, 5)))
    with pytest.raises(ValueError, match="goes from 0 to 256; scale it to 0 to 255"):
        simulator.expose(np.arange(16).reshape(4, 4) * 256 // 15)


def test_load_in_keeps_to_the_range():
    simulator = Simulator(small_sensor())
    with pytest.raises(ProgramError, match="128 is beyond the analog range, -128 to 127"):
        simulator.run(assemble("main\nload_in(128)\nend", simulator.instruction_set))


@pytest.mark.parametrize(
    ("key", "line", "message"),
    [
        ("gain", "gain: large", "'gain' must be a number"),
        ("gain_spread", "gain_spread: -1", "'gain_spread' must be at least 0"),
        ("spread_correlation", "spread_correlation: 2", "'spread_correlation' must be from -1 to 1"),
        ("write_deviation", "drift: 0.2", "'write_deviation' is missing"),
    ],
)
def test_wrong_noise_files(tmp_path, key, line, message):
    path = tmp_path / "noise.yaml"
    path.write_text(re.sub(f"^{key}: .*$", line, (FOLDER / "scamp5.yaml").read_text(), flags=re.MULTILINE))
    with pytest.raises(SensorError, match=message):
        load_noise(path)
    with pytest.raises(SensorError, match="There is no noise model 'scamp9': noise is measured for scamp5"):
        load_noise("scamp9")
