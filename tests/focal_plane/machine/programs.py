"""Small sensors and programs, and Hypothesis strategies for instructions."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
from hypothesis import strategies as st

from larq_focal.focal_plane import Sensor, load_sensor
from larq_focal.focal_plane.machine import Instruction, InstructionError, InstructionSet, Run, Simulator, assemble
from larq_focal.focal_plane.machine.forms import MACROS, WORDS, Form

FORMS = WORDS + MACROS


def small_sensor(height: int = 5, width: int = 7, name: str = "scamp5") -> Sensor:
    return replace(load_sensor(name), height=height, width=width)


def launched(*instructions: str) -> str:
    """The text of a program that runs the instructions once."""
    return "\n".join(["kernel only", *instructions, "end", "main", "launch(only)", "end"])


def execute(simulator: Simulator, *instructions: str) -> Run:
    return simulator.run(assemble(launched(*instructions), simulator.instruction_set))


def put(simulator: Simulator, **contents: np.ndarray) -> None:
    """Sets registers to truth values or analog values."""
    array = simulator.array
    for name, content in contents.items():
        if name in array.digital:
            array.digital[name][:] = array.layout.pack(np.asarray(content, bool))
        else:
            array.analog[name][:] = content


def random_state(simulator: Simulator, seed: int) -> None:
    """Random bits in every digital register but FLAG, which an instruction sets, and small values in analog ones."""
    random = np.random.default_rng(seed)
    shape = (simulator.sensor.height, simulator.sensor.width)
    for name in simulator.array.digital:
        if name != "FLAG":
            put(simulator, **{name: random.random(shape) < 0.5})
    for name in simulator.array.analog:
        put(simulator, **{name: random.integers(-128, 128, shape)})


def random_instruction(instruction_set: InstructionSet, form: Form, random: Random) -> Instruction:
    """Any instruction of the form that the sensor has."""
    while True:
        operands: list[str] = []
        for parameter in form.parameters:
            names = instruction_set.registers[parameter.kind[0]]
            for _ in range(random.randint(parameter.least, parameter.most)):
                several = random.randint(1, 4) if parameter.kind == "N+" else 1
                operands.append("|".join(random.sample(names, several)))
        instruction = Instruction(form.mnemonic, tuple(operands))
        try:
            instruction_set.words(instruction)
        except InstructionError:
            continue
        return instruction


def instructions(instruction_set: InstructionSet, forms: tuple[Form, ...] = FORMS) -> st.SearchStrategy[Instruction]:
    """Instructions that the sensor has."""
    return st.builds(
        lambda form, seed: random_instruction(instruction_set, form, Random(seed)),
        st.sampled_from(forms),
        st.integers(0, 999),
    )
