"""Compiled kernels: short, exact, and within the registers."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.analog_kernels import expected_response, impulse_response, largest_amplitude
from larq_focal.focal_plane import load_sensor
from larq_focal.focal_plane.analog import KernelError, compile_kernels
from larq_focal.focal_plane.analog.published_kernels import PUBLISHED_KERNELS
from larq_focal.focal_plane.analog.separable import factors
from larq_focal.focal_plane.analog.taps import taps_of
from larq_focal.focal_plane.machine import Simulator, assemble, disassemble
from tests.focal_plane.machine.programs import put, small_sensor

SCAMP5 = load_sensor("scamp5")
SOBEL = {"sobel": np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])}


def with_registers(*names):
    return replace(SCAMP5, analog=replace(SCAMP5.analog, storage=names))


@pytest.mark.parametrize("published", PUBLISHED_KERNELS, ids=lambda published: published.name)
def test_published_kernels(published):
    """At most a fifth more words than the best published compiler; the search may run into its limit of states only."""
    compiled = compile_kernels(published.kernels, SCAMP5, division=published.division, most_nodes=600, time_limit_s=600)
    assert compiled.icw <= 1.2 * published.icw
    assert compiled.icw == sum(len(Simulator(SCAMP5).instruction_set.words(i)) for i in compiled.instructions)
    amplitude = largest_amplitude(compiled)
    assert amplitude >= 63
    for name, response in impulse_response(compiled, amplitude).items():
        assert np.array_equal(response, expected_response(published.kernels[name], amplitude)), name


@pytest.mark.slow
@pytest.mark.parametrize("name", ["two Sobel", "AnalogNet2"])
def test_at_most_the_words_of_the_best_published_programs(name):
    """Of the sets that take the most states; the others are found with fewer."""
    (published,) = (each for each in PUBLISHED_KERNELS if each.name == name)
    compiled = compile_kernels(published.kernels, SCAMP5, division=published.division, time_limit_s=600)
    assert compiled.icw <= published.icw


@pytest.mark.parametrize(("name", "words"), [("box 3x3", 12), ("Gauss 3x3", 20)])
def test_short_programs_are_found_at_once(name, words):
    """A box of 3x3 takes 3 + 3 instructions of two words, a convolution along each axis."""
    (published,) = (each for each in PUBLISHED_KERNELS if each.name == name)
    compiled = compile_kernels(published.kernels, SCAMP5, division=published.division, most_nodes=200, time_limit_s=600)
    assert compiled.icw <= words


@settings(max_examples=6, derandomize=True)
@given(st.data())
def test_separable_kernels_are_answered_exactly(data):
    """A column times a row, in eighths; also two kernels that share the row."""
    weights = st.integers(-2, 3)
    row = data.draw(st.lists(weights, min_size=3, max_size=3).filter(any))
    columns = [
        data.draw(st.lists(weights, min_size=3, max_size=3).filter(any)) for _ in range(data.draw(st.integers(1, 2)))
    ]
    kernels = {name: np.outer(column, row) / 8 for name, column in zip("KL", columns, strict=False)}
    compiled = compile_kernels(kernels, SCAMP5, most_nodes=200, time_limit_s=600)
    amplitude = largest_amplitude(compiled)
    for name, response in impulse_response(compiled, amplitude).items():
        assert np.array_equal(response, expected_response(kernels[name], amplitude)), name


@pytest.mark.parametrize(
    ("kernel", "shared"),
    [
        ([[2, 4, 2], [1, 2, 1]], ({(0, -1): 1, (0, 0): 2, (0, 1): 1}, [{(0, 0): 2, (1, 0): 1}])),
        ([[0.5, 0], [0, 0.5]], None),
        ([[1, 2, 1]], None),
        ([[3]], None),
    ],
)
def test_factors_of_kernels(kernel, shared):
    assert factors([taps_of(np.array(kernel))], axis=1) == shared


@st.composite
def kernel_sets(draw):
    """One or two kernels of 3x3 with a few weights in quarters."""
    kernels = {}
    for name in "KL"[: draw(st.integers(1, 2))]:
        weights = st.sampled_from([0, 0, 0, 1, -1, 2, 3, -4])
        kernel = draw(st.lists(weights, min_size=9, max_size=9).filter(any))
        kernels[name] = np.reshape(kernel, (3, 3)) / 4
    return kernels


@settings(max_examples=6, derandomize=True)
@given(kernel_sets())
def test_any_kernels_are_answered_exactly(kernels):
    compiled = compile_kernels(kernels, SCAMP5, most_nodes=200, time_limit_s=600)
    amplitude = largest_amplitude(compiled)
    for name, response in impulse_response(compiled, amplitude).items():
        assert np.array_equal(response, expected_response(kernels[name], amplitude)), name


def test_images_are_convolved_as_by_a_correlation():
    """With a border of zeros; values of which no sum exceeds the range."""
    compiled = compile_kernels(SOBEL, SCAMP5, most_nodes=100)
    simulator = Simulator(small_sensor(9, 11))
    most = int(127 / compiled.gain)
    image = np.random.default_rng(0).integers(-most, most + 1, (9, 11))
    put(simulator, A=image)
    simulator.run(compiled.program)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, 1), (3, 3))
    inner = np.s_[2:-2, 2:-2]  # further out the array has lost what was pushed over its border
    expected = (windows * SOBEL["sobel"]).sum((2, 3))
    assert np.array_equal(simulator.read(compiled.results["sobel"])[inner], expected[inner])


def test_division_rounds_halves_to_even():
    compiled = compile_kernels({"half": np.array([[0.5]])}, SCAMP5, division="divq")
    assert [str(instruction) for instruction in compiled.instructions] == ["divq(B, A)"]
    for amplitude, half in ((1, 0), (3, 2), (5, 2), (7, 4), (6, 3)):
        assert impulse_response(compiled, amplitude)["half"].max() == half


def test_a_search_is_alike_on_every_machine():
    runs = [compile_kernels(SOBEL, SCAMP5, most_nodes=60, seed=seed).instructions for seed in (1, 1, 2)]
    assert runs[0] == runs[1]


@pytest.mark.parametrize("names", [("A", "B", "C"), ("C", "F")])
def test_few_registers_are_kept_to(names):
    kernels = SOBEL if len(names) > 2 else {"box": np.ones((1, 2))}
    compiled = compile_kernels(kernels, with_registers(*names), most_nodes=300)
    used = {operand for instruction in compiled.instructions for operand in instruction.operands}
    assert used <= {*names, "north", "south", "west", "east"}
    assert compiled.input_register == names[0]


def test_the_image_may_be_wanted_too():
    compiled = compile_kernels({"same": np.array([[1.0]]), **SOBEL}, SCAMP5, input_register="C", most_nodes=300)
    for name, response in impulse_response(compiled, 60).items():
        assert np.array_equal(response, expected_response({"same": np.array([[1.0]]), **SOBEL}[name], 60))


def test_the_program_is_plain_assembly():
    compiled = compile_kernels(SOBEL, SCAMP5, most_nodes=60)
    assert assemble(disassemble(compiled.program), Simulator(SCAMP5).instruction_set) == compiled.program
    assert compiled.to_dict()["icw"] == compiled.icw


@pytest.mark.parametrize(
    ("kernels", "options", "fault"),
    [
        ({}, {}, "no kernel"),
        ({"dark": np.zeros((3, 3))}, {}, "'dark' has no weight but 0"),
        ({"line": np.ones(3)}, {}, "'line' has 1 dimension"),
        ({"fine": np.array([[0.3]])}, {}, "'fine' has the weight 0.3"),
        ({"large": np.full((3, 3), 20)}, {}, "'large' add up beyond"),
        ({"broken": np.array([[np.nan]])}, {}, "'broken' holds a weight that is not finite"),
        (SOBEL, {"input_register": "NEWS"}, "NEWS does not store"),
        (SOBEL, {"division": "half"}, "no division 'half'; choose from div, divq"),
        (SOBEL, {"most_nodes": 2}, "No program was found for sobel in 6 registers within 2 states"),
    ],
)
def test_bad_requests_are_refused_by_name(kernels, options, fault):
    with pytest.raises(KernelError, match=fault):
        compile_kernels(kernels, SCAMP5, **options)


def test_the_search_tells_its_passes():
    lines: list[str] = []
    compiled = compile_kernels(SOBEL, SCAMP5, most_nodes=200, progress=lines.append)
    assert lines[0].startswith("searching ") and f"{compiled.icw} instruction words so far" in lines[-1]
