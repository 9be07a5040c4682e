from hypothesis import given
from hypothesis import strategies as st

from larq_focal.focal_plane.machine import (
    Call,
    Fill,
    InstructionSet,
    Kernel,
    Launch,
    Program,
    Repeat,
    assemble,
    disassemble,
    reference,
)
from larq_focal.focal_plane.machine.controller import FUNCTIONS
from tests.focal_plane.machine.programs import FORMS, instructions, small_sensor

SET = InstructionSet(small_sensor())
names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)


@st.composite
def calls(draw):
    name, function = draw(st.sampled_from(sorted(FUNCTIONS.items())))
    operands = tuple(
        str(draw(st.integers(*SET.limits[kind])))
        if kind in SET.limits
        else draw(st.sampled_from(SET.registers.get(kind, ("w",))))
        for kind in function.operands
    )
    return Call(name, operands, draw(names) if function.returns else None)


@st.composite
def programs(draw):
    kernels = tuple(
        Kernel(name, tuple(draw(st.lists(instructions(SET), max_size=6))))
        for name in draw(st.lists(names, max_size=3, unique=True))
    )
    launches = [st.sampled_from(kernels).map(lambda kernel: Launch(kernel.name))] if kernels else []
    if kernels:
        known = st.sampled_from([kernel.name for kernel in kernels])
        launches.append(st.builds(Fill, st.lists(known, min_size=1, unique=True).map(tuple)))
    leaves = st.one_of(calls(), *launches)
    bodies = st.recursive(
        leaves,
        lambda inner: st.builds(Repeat, st.integers(0, 99), st.lists(inner, max_size=3).map(tuple)),
        max_leaves=6,
    )
    return Program(kernels, tuple(draw(st.lists(bodies, max_size=4))))


@given(programs())
def test_assembler_reads_what_the_disassembler_writes(program):
    text = disassemble(program)
    assert assemble(text, SET) == program
    assert disassemble(assemble(text, SET)) == text


def test_comments_blanks_and_semicolons():
    plain = "kernel a\n    NOR(R5, R6, R7)\nend\n\nmain\n    repeat 2\n        launch(a)\n    end\nend\n"
    pasted = "// from C++\nkernel a # first\n\tNOR( R5,R6 ,R7 );  // word\n\nend\nmain\nrepeat 2\nlaunch(a);\nend\nend"
    assert disassemble(assemble(pasted, SET)) == plain


def test_steps_unroll_repeats():
    program = assemble("kernel a\nend\nmain\nrepeat 2\nlaunch(a)\nrepeat 3\nload_in(1)\nend\nend\nend", SET)
    step = [Launch("a"), *[Call("load_in", ("1",))] * 3]
    assert list(program.steps()) == step * 2


def test_reference_lists_every_form():
    text = reference()
    for form in FORMS:
        assert f"| `{form.usage}` |" in text
