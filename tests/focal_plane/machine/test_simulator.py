import json

import numpy as np
import pytest
from rich.console import Console

from larq_focal.focal_plane.machine import Simulator, Trace, assemble
from tests.focal_plane.machine.programs import execute, launched, random_state, small_sensor

PROGRAM = """
kernel shift
    DNEWS(R5, R6, east)
    MOV(R6, R5)
end
kernel weigh
    WHERE(R6)
    movx(A, B, south)
    all()
end
main
    load_pattern(R6, 0, 1, 254, 254)
    repeat 3
        launch(shift)
        launch(weigh)
        score = global_count(R6, D)
    end
end
"""


@pytest.fixture
def simulator():
    simulator = Simulator(small_sensor(6, 8))
    random_state(simulator, seed=0)
    return simulator


@pytest.fixture
def program(simulator):
    return assemble(PROGRAM, simulator.instruction_set)


def test_run_counts_words_launches_and_calls(simulator, program):
    run = simulator.run(program)
    assert run.icw == {"digital": 3 * 4, "shift": 3 * 1, "analog": 3 * 3}
    assert run.total_icw == 24 and run.store_icw == 8
    assert run.instructions == {"DNEWS": 3, "MOV": 3, "WHERE": 3, "movx": 3, "all": 3}
    assert run.calls == {"kernel_launch": 6, "load_pattern": 1, "global_sum_16": 3}
    # Every second pixel of every second row walks west, over the border: 9, 9 and 6 of 48, as SCAMP-5 tells them.
    assert run.results == {"score": (768, 768, 512)}
    assert json.loads(json.dumps(run.to_dict()))["icw"] == run.icw
    console = Console(record=True, width=80)
    console.print(run)
    assert "shift words executed" in console.export_text()


def test_registers_outlive_a_run(simulator):
    execute(simulator, "SET(R5)")
    execute(simulator, "MOV(R6, R5)")
    assert simulator.read("R6").all()


def test_a_new_array_is_clear_and_unmasked():
    simulator = Simulator(small_sensor())
    assert not any(simulator.read(name).any() for name in simulator.array.digital if name != "FLAG")
    assert simulator.read("FLAG").all()
    assert not any(simulator.read(name).any() for name in simulator.array.analog if name != "PIX")


def test_trace_replays_the_run(simulator, program):
    trace, seen = Trace(simulator.array), []

    def observe(step, array):
        trace(step, array)
        seen.append({name: simulator.read(name) for name in (*array.digital, *array.analog)})

    simulator.run(program, observe=observe)
    assert [traced.step.text for traced in trace.steps][:4] == [
        "load_pattern(R6, 0, 1, 254, 254)",
        "DNEWS(R5, R6, east)",
        "MOV(R6, R5)",
        "WHERE(R6)",
    ]
    for count, contents in enumerate(seen, 1):
        replayed = trace.contents_after(count)
        assert all(np.array_equal(replayed[name], content) for name, content in contents.items())


def test_trace_names_only_what_changed(simulator):
    execute(simulator, "SET(R5)", "CLR(R6)")
    trace = Trace(simulator.array)
    program = assemble(
        launched("MOV(R5, FLAG)", "NOT(R6, R5)", "SET(R6)", "movx(A, B, east)"), simulator.instruction_set
    )
    simulator.run(program, observe=trace)
    assert [set(traced.changed) for traced in trace.steps] == [set(), set(), {"R6"}, {"NEWS", "A"}]


def test_trace_as_json(simulator, program):
    trace = Trace(simulator.array)
    simulator.run(program, observe=trace)
    data = json.loads(json.dumps(trace.to_dict()))
    assert (data["height"], data["width"], len(data["steps"])) == (6, 8, len(trace.steps))
    assert data["steps"][1] | {"changed": 0} == {
        "kernel": "shift",
        "instruction": "DNEWS(R5, R6, east)",
        "icw": 3,
        "changed": 0,
    }
    assert data["start"]["R5"]["kind"] == "digital" and data["start"]["A"]["kind"] == "analog"
