"""Code on planes against NumPy, on sensors with fewer and fewer registers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larq_focal.focal_plane import load_sensor
from larq_focal.focal_plane.compiler import Code, Plane, RegisterError, StoreError, build
from larq_focal.focal_plane.machine import Simulator

SCAMP5 = replace(load_sensor("scamp5"), height=6, width=6)
INPUTS = 6


def sensor_with(free: int):
    """SCAMP-5 with fewer free registers, and so with 5 others at most that planes can lie in, and FLAG."""
    return replace(SCAMP5, digital=replace(SCAMP5.digital, free=SCAMP5.digital.free[:free]))


@st.composite
def circuits(draw) -> list[tuple[str, tuple[int, ...]]]:
    """Gates on earlier values, the inputs among them; some are shifts, which need the direction registers."""
    gates = []
    for index in range(draw(st.integers(1, 14))):
        kind = draw(st.sampled_from(["NOR", "NOR", "OR", "NOT", "MOV", "shift", "AND", "update"]))
        count = {"NOT": 1, "MOV": 1, "shift": 1, "AND": 2, "update": 2}.get(kind) or draw(st.integers(2, 4))
        sources = draw(st.lists(st.integers(0, INPUTS + index - 1), min_size=count, max_size=count, unique=True))
        gates.append((kind, tuple(sources)))
    return gates


def emitted(gates, sensor) -> Code:
    code = Code(sensor)
    planes = [code.loaded("load_plane", f"input{index}") for index in range(INPUTS)]
    for kind, sources in gates:
        read = [planes[source] for source in sources]
        result = Plane(kind)
        if kind == "shift":
            code.emit("DNEWS", result, read[0], "east")
        elif kind == "update":
            code.emit("MOV", result, read[0])
            code.emit("OR", result, read[1])
        else:
            code.emit(kind, result, *read)
        planes.append(result)
    for index, plane in enumerate(planes):
        code.call("read_plane", plane, result=f"value{index}")
    return code


def computed(gates, inputs: list[np.ndarray]) -> list[np.ndarray]:
    values = list(inputs)
    for kind, sources in gates:
        read = [values[source] for source in sources]
        union = np.any(read, axis=0)
        if kind == "shift":
            result = np.pad(read[0], ((0, 0), (0, 1)))[:, 1:]
        elif kind == "AND":
            result = np.all(read, axis=0)
        else:
            result = ~union if kind in ("NOR", "NOT") else union
        values.append(result)
    return values


@settings(max_examples=60)
@given(circuits(), st.integers(3, 7), st.integers(0, 2**32 - 1))
def test_programs_compute_what_the_gates_say_or_are_refused(gates, free, seed):
    code = emitted(gates, sensor_with(free))
    inputs = list(np.random.default_rng(seed).random((INPUTS, 6, 6)) < 0.5)
    try:
        built = build(code)
    except RegisterError as error:
        assert "planes at once" in str(error)
        return
    run = Simulator(code.sensor).run(built.program, {f"input{i}": plane for i, plane in enumerate(inputs)})
    for index, value in enumerate(computed(gates, inputs)):
        np.testing.assert_array_equal(run.results[f"value{index}"][0], value)
    assert built.allocation.used <= built.allocation.nominal
    assert built.total_icw == run.total_icw


def crowd(sensor, count: int) -> Code:
    """``count`` planes that are all live at once, then read."""
    code = Code(sensor)
    planes = [code.loaded("load_plane", f"input{index}") for index in range(count)]
    code.emit("DNEWS", Plane("moved"), planes[0], "north")
    code.call("read_plane", code.either(*planes[:2]), result="first")
    for index, plane in enumerate(planes):
        code.call("read_plane", plane, result=f"value{index}")
    return code


@pytest.mark.parametrize("count", [8, 9, 11, 14])
def test_what_is_too_much_goes_to_analog_registers_and_comes_back(count):
    rng = np.random.default_rng(0)
    inputs = {f"input{index}": rng.random((6, 6)) < 0.5 for index in range(count)}
    built = build(crowd(SCAMP5, count))
    results = Simulator(SCAMP5).run(built.program, inputs).results
    for index in range(count):
        np.testing.assert_array_equal(results[f"value{index}"][0], inputs[f"input{index}"])
    # Nine registers keep a plane through the shift, R0 among them once R12 is written; one takes the result.
    moves = built.allocation.moves["analog"]
    assert len(moves.homes) == len(set(moves.homes.values())) == count - 8
    assert moves.stores == count - 8


def test_spilled_planes_leave_analog_registers_alone_while_the_program_needs_them():
    code = Code(SCAMP5)
    code.call("load_in", 7)
    for register in SCAMP5.analog.storage:
        code.emit("bus", register, "IN")
    inputs = {f"input{index}": np.random.default_rng(index).random((6, 6)) < 0.5 for index in range(10)}
    planes = [code.loaded("load_plane", name) for name in inputs]
    code.emit("DNEWS", Plane("moved"), planes[0], "north")
    for name, plane in zip(inputs, planes, strict=True):
        code.call("read_plane", plane, result=name)
    code.call("read_analog", "A", result="kept")
    built = build(code)
    homes = built.allocation.moves["analog"].homes
    assert homes and "A" not in homes.values()
    results = Simulator(SCAMP5).run(built.program, inputs).results
    assert (results["kept"][0] == -7).all()
    for name, plane in inputs.items():
        np.testing.assert_array_equal(results[name][0], plane)


def test_never_more_than_the_sensor_has():
    with pytest.raises(
        RegisterError, match=r"'main' holds .* load_plane.* scamp5 has 12 registers for planes, 8 of them"
    ):
        build(crowd(SCAMP5, 29))
    with pytest.raises(RegisterError, match="planes at once"):
        build(crowd(SCAMP5, 9), spill="none")


def test_a_named_register_keeps_its_value_while_it_is_needed():
    code = Code(SCAMP5)
    code.call("load_plane", "R5", "kept")
    for index in range(5):
        plane = code.loaded("load_plane", f"other{index}")
        code.call("read_plane", code.nor(plane), result="other")
    code.call("read_plane", "R5", result="kept")
    rng = np.random.default_rng(1)
    planes = {name: rng.random((6, 6)) < 0.5 for name in ["kept", *(f"other{index}" for index in range(5))]}
    results = Simulator(SCAMP5).run(build(code).program, planes).results
    np.testing.assert_array_equal(results["kept"][0], planes["kept"])


def test_reserved_registers_are_left_alone():
    code = Code(SCAMP5, reserved=("R5", "R12"))
    for index in range(8):
        code.call("read_plane", code.nor(code.loaded("load_plane", f"input{index}")), result="value")
    assert {"R5", "R12"}.isdisjoint(lived.register for lived in build(code).allocation.lived)


def test_kernels_that_repeat_are_stored_once():
    def repeated(times: int, limit: int) -> Code:
        code = Code(replace(SCAMP5, code_store_icw=limit))
        held = code.loaded("load_plane", "held")
        for _ in range(times):
            code.split()
            code.emit("OR", held, code.nor(held))
        code.call("read_plane", held, result="value")
        return code

    unrolled, rolled = build(repeated(20, 100)), build(repeated(20, 10))
    words = [built.program.store_icw(Simulator(SCAMP5).instruction_set) for built in (unrolled, rolled)]
    assert words == [60, 6], "the loop holds the code twice, where the store has no room for more"
    assert [built.calls["main"]["kernel_launch"] for built in (unrolled, rolled)] == [1, 10]
    assert unrolled.total_icw == rolled.total_icw == 60
    with pytest.raises(StoreError, match="take 3 instruction words, and the store of scamp5 holds 2"):
        build(repeated(20, 2))


def test_results_that_no_one_reads_are_not_computed():
    code = Code(SCAMP5)
    plane = code.loaded("load_plane", "input")
    code.nor(code.nor(plane))
    code.call("read_plane", plane, result="value")
    kernels = build(code).program.kernels
    assert not [word for kernel in kernels for word in kernel.instructions if word.mnemonic == "NOT"]


def test_a_plane_is_written_before_it_is_read():
    code = Code(SCAMP5)
    code.call("read_plane", code.nor(Plane("ghost")), result="value")
    with pytest.raises(ValueError, match="<ghost> is read by statement 0 before anything is written"):
        build(code)
