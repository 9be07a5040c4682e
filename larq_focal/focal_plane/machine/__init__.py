"""Instruction set, assembler and simulator of SCAMP-like pixel processor arrays; none of it needs TensorFlow."""

from larq_focal.focal_plane.machine.assembly import assemble, disassemble
from larq_focal.focal_plane.machine.instruction_set import Instruction, InstructionError, InstructionSet
from larq_focal.focal_plane.machine.noise import Noise, NoiseModel, load_noise
from larq_focal.focal_plane.machine.program import Call, Fill, Kernel, Launch, Program, ProgramError, Repeat
from larq_focal.focal_plane.machine.reference import reference
from larq_focal.focal_plane.machine.simulator import Run, Simulator, Step
from larq_focal.focal_plane.machine.trace import Trace

__all__ = [
    "Call",
    "Fill",
    "Instruction",
    "InstructionError",
    "InstructionSet",
    "Kernel",
    "Launch",
    "Noise",
    "NoiseModel",
    "Program",
    "ProgramError",
    "Repeat",
    "Run",
    "Simulator",
    "Step",
    "Trace",
    "assemble",
    "disassemble",
    "load_noise",
    "reference",
]
