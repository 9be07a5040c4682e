"""Where the store cannot hold all kernels, the controller swaps them within the frame, if it may."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larq_focal.focal_plane import Verdict, fit, load_sensor
from larq_focal.focal_plane.adaptive import NetworkTree
from larq_focal.focal_plane.compiler import StoreError, compile_network, read_program, write_program
from larq_focal.focal_plane.compiler.backend.launches import Step, words_of
from larq_focal.focal_plane.compiler.backend.stages import stages
from larq_focal.focal_plane.export import ExportError, export_scamp5
from larq_focal.focal_plane.inspection import inspect_compiled
from larq_focal.focal_plane.machine import Call, Fill, Instruction, InstructionSet, disassemble
from larq_focal.focal_plane.sensor.rate import estimates, longest_us
from larq_focal.network import interpret
from tests.focal_plane.adaptive.test_network_tree import GRAPHS
from tests.focal_plane.compiler.random_layers import Draw, drawn, images, network, small
from tests.focal_plane.device.header_true import assert_equals_interpreter
from tests.focal_plane.graphs import drawn_two_layers

SCAMP5 = load_sensor("scamp5")
TWO_LAYERS = drawn_two_layers(side=8, maps=4)
NEEDED = 400  # words of the shortest kernels of these two layers are more


def stored_in(words: int | None, side: int = 32, **changes):
    return replace(small("scamp5", side, side), code_store_icw=words, **changes)


def words_of_kernels(compiled) -> dict[str, int]:
    instruction_set = InstructionSet(compiled.sensor)
    return {kernel.name: words_of(kernel.instructions, instruction_set) for kernel in compiled.program.kernels}


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.integers(12, 60))
def test_drawn_networks_equal_the_interpreter_whatever_the_store_holds(seed, store):
    graph = network(replace(drawn(seed), in_channels=1, groups=1, out_channels=4))
    compiled = compile_network(graph, stored_in(store, 64), placement="interleaved", swap_kernels=True)
    words = words_of_kernels(compiled)
    fills = [sum(words[name] for name in fill.kernels) for fill in compiled.program.fills]
    assert max(fills, default=0) <= store and compiled.swapped_icw == sum(fills)
    assert compiled.store_icw == (max(fills) if fills else sum(words.values())) <= store
    inputs = images(graph, 2)
    (output,) = graph.outputs
    np.testing.assert_array_equal(compiled.run(inputs)[output], interpret(graph, inputs, [output])[output])
    assert_equals_interpreter(compiled, graph, inputs, seed)


def swapped(store: int = NEEDED, **options):
    return compile_network(TWO_LAYERS, stored_in(store), swap_kernels=True, **options)


def test_a_store_that_is_too_small_is_filled_in_turns():
    with pytest.raises(StoreError) as refused:
        compile_network(TWO_LAYERS, stored_in(NEEDED))
    compiled = swapped()
    assert compiled.verdict is Verdict.SWAP and str(refused.value) == compiled.swaps_because
    assert len(compiled.program.fills) == compiled.calls["fill_store"] >= 2
    assert isinstance(compiled.program.main[0], Fill), "nothing is in the store when a frame starts"
    assert_equals_interpreter(compiled, TWO_LAYERS, images(TWO_LAYERS, 1))


def test_where_the_store_suffices_nothing_changes():
    with_option, without = (
        compile_network(TWO_LAYERS, stored_in(1024), swap_kernels=option) for option in (True, False)
    )
    assert disassemble(with_option.program) == disassemble(without.program)
    assert with_option.verdict is Verdict.FIT and with_option.swapped_icw == 0 and "fill_store" not in with_option.calls


def test_a_frame_may_need_a_spill_and_a_swap():
    sensor = stored_in(60, digital=replace(SCAMP5.digital, free=("R5", "R6")))
    graph = network(Draw(out_channels=3))
    assert compile_network(graph, replace(sensor, code_store_icw=1024)).allocation.spills_to
    compiled = compile_network(graph, sensor, swap_kernels=True)
    assert compiled.verdict is Verdict.SPILL_AND_SWAP, "registers run out, whatever the store holds"
    assert_equals_interpreter(compiled, graph, images(graph, 1))
    assert fit(graph, sensor, swap_kernels=True, limit_s=20).verdict is Verdict.SPILL_AND_SWAP


def test_a_store_shorter_than_an_instruction_is_refused():
    with pytest.raises(StoreError, match=r"an instruction takes [3-7] instruction words, and .* holds 2"):
        swapped(2)


def test_a_sensor_may_not_swap():
    sensor = stored_in(NEEDED, swaps_kernels=False)
    for judge in (compile_network, fit):
        with pytest.raises(ValueError, match="scamp5 does not let other kernels into its store within a frame"):
            judge(TWO_LAYERS, sensor, swap_kernels=True)
    assert "swap_kernels=True" not in fit(TWO_LAYERS, sensor, limit_s=20).changes


def test_times_say_that_they_are_without_the_fills():
    compiled = swapped()
    words = {"digital": compiled.total_icw}
    assert all("fill_store" in estimate.left_out for estimate in estimates(words, compiled.calls, compiled.sensor))
    without = {name: count for name, count in compiled.calls.items() if name != "fill_store"}
    assert longest_us(words, compiled.calls, compiled.sensor) == longest_us(words, without, compiled.sensor)
    fills = compiled.calls["fill_store"]
    assert f"without {fills} fills of the store" in str(compiled.cost)
    known = replace(compiled.sensor, overhead_us={**compiled.sensor.overhead_us, "fill_store": 100.0})
    added = longest_us(words, compiled.calls, known) - longest_us(words, without, known)
    assert added == pytest.approx(100 * fills)


def test_fit_and_compile_agree():
    compiled, report = swapped(), fit(TWO_LAYERS, stored_in(NEEDED), swap_kernels=True, limit_s=20)
    assert report.verdict is compiled.verdict is Verdict.SWAP
    told = report.icw, report.store_icw, report.swapped_icw, dict(report.calls)
    assert told == (compiled.total_icw, compiled.store_icw, compiled.swapped_icw, compiled.calls)
    assert report.to_dict()["swapped_icw"] == compiled.to_dict()["swapped_icw"] > NEEDED
    assert f"no program without a swap was found: {compiled.swaps_because}" in report.notes
    assert any("time of fill_store: not published" in line for line in report.unknown)
    shown = f"{compiled.swapped_icw:,} in {compiled.calls['fill_store']} fills"
    assert shown in str(report) and shown in str(compiled)


def test_a_swap_is_named_as_a_change_that_fits():
    report = fit(TWO_LAYERS, stored_in(NEEDED), limit_s=20)
    assert report.verdict is Verdict.NO_FIT and "swap_kernels=True" in report.changes


def test_the_file_of_a_program_keeps_the_fills(tmp_path):
    compiled = swapped()
    read = read_program(write_program(compiled.array, tmp_path / "two.scamp"))
    assert read.program == compiled.program


def test_inspection_shows_the_fills():
    compiled = swapped()
    report = inspect_compiled(compiled, images(TWO_LAYERS, 1))
    assert report.swapped_icw == compiled.swapped_icw and all(each.is_exact for each in report.exactness)
    assert report.live_ranges.steps == report.stepping["step_count"] + report.stepping["left_out"]
    assert {str(fill) for fill in compiled.program.fills} <= set(report.stepping["texts"])


def test_the_export_refuses_what_it_would_record_once(tmp_path):
    compiled = compile_network(TWO_LAYERS, replace(SCAMP5, code_store_icw=NEEDED), swap_kernels=True)
    with pytest.raises(ExportError, match=r"puts other kernels into the store.*compile it without swap_kernels"):
        export_scamp5(compiled, tmp_path / "project")
    assert not (tmp_path / "project").exists()


def test_networks_that_take_turns_may_swap_themselves():
    swapping = compile_network(GRAPHS["root"], stored_in(8, 16), swap_kernels=True)
    turns = NetworkTree({"root": swapping}, {})
    assert swapping.program.fills
    for image in images(GRAPHS["root"], 2):
        assert turns(image).swapped_icw == swapping.swapped_icw


SET = InstructionSet(small("scamp5"))
BODIES = [
    tuple([Instruction("SET", (register,))] * count)
    for register, count in zip(SET.registers["D"], (1, 2, 3, 5, 8), strict=False)
]
STEPS = st.lists(
    st.sampled_from([Step("a", body) for body in BODIES] + [Step("a", call=Call("load_in", ("1",)))]),
    min_size=1,
    max_size=7,
)


@given(STEPS, st.integers(8, 12))
def test_stages_are_as_few_and_as_even_as_can_be(steps, limit):
    def largest(division) -> int:
        return max(sum(len(body) for body in {step.body for step in stage}) for stage in division)

    def divisions(count: int):
        for inner in itertools.combinations(range(1, len(steps)), count - 1):
            yield [steps[start:end] for start, end in itertools.pairwise((0, *inner, len(steps)))]

    found = stages(steps, SET, limit)
    assert [step for stage in found for step in stage] == steps
    for count in range(1, len(found) + 1):
        best = min(map(largest, divisions(count)))
        assert (best > limit) if count < len(found) else best == largest(found) <= limit


@given(st.lists(st.sampled_from(BODIES), min_size=1, max_size=5), st.integers(1, 4))
def test_kernels_longer_than_the_store_are_cut(bodies, limit):
    steps = [Step("a", body) for body in bodies]
    found = [step.body for stage in stages(steps, SET, limit) for step in stage]
    assert all(0 < len(body) <= limit for body in found)
    assert list(itertools.chain(*found)) == list(itertools.chain(*bodies))
