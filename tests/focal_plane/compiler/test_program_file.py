"""Program files: what is written is read again and runs from the file alone; faults are named."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays

from larq_focal.focal_plane.compiler import compile_network, read_program, simulate, write_program
from larq_focal.focal_plane.compiler.plane_text import plane_lines, plane_of
from larq_focal.focal_plane.compiler.program_file import program_from_text, program_text
from larq_focal.focal_plane.machine import ProgramError
from larq_focal.network import interpret
from tests.focal_plane.compiler.random_layers import Draw, images, network, small

LAYERS = {
    "light": Draw(padding="same", out_channels=9),
    "planes": Draw(in_channels=3, pool="after"),
}


@pytest.fixture(params=list(LAYERS))
def compiled(request):
    return compile_network(network(LAYERS[request.param]), small("scamp5"))


def test_a_file_holds_all_that_a_run_needs(compiled, tmp_path):
    path = write_program(compiled.array, tmp_path / "layer.scamp")
    read = read_program(path)
    assert read.program == compiled.program and read.sensor == compiled.sensor
    inputs = images(compiled.graph, 2)
    expected = interpret(compiled.graph, inputs, compiled.graph.outputs)
    for image, *wanted in zip(inputs, *expected.values(), strict=True):
        values = simulate(path, image).values
        for value, here in zip(values.values(), wanted, strict=True):
            np.testing.assert_array_equal(value, here)


def test_grey_levels_are_light_as_they_are(tmp_path):
    compiled = compile_network(network(LAYERS["light"]), small("scamp5"))
    grey = np.random.default_rng(0).integers(0, 256, (8, 8, 1), np.uint8)
    values = simulate(compiled.array, grey).values
    expected = simulate(compiled.array, grey / 127.5 - 1).values
    assert all(np.array_equal(values[name], expected[name]) for name in values)


@settings(max_examples=50)
@given(arrays(bool, (9, 21)))
def test_planes_are_written_in_runs_and_read_again(bits):
    np.testing.assert_array_equal(plane_of(list(plane_lines(bits)), bits.shape), bits)


def test_periodic_planes_take_few_letters():
    bits = np.zeros((256, 256), bool)
    bits[1::4, 2::4] = True
    assert list(plane_lines(bits)) == ["0010*64 : 1-253/4"]


def faulty(change: tuple[str, str]) -> str:
    text = program_text(compile_network(network(LAYERS["light"]), small("scamp5")).array)
    assert change[0] in text
    return text.replace(*change, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("    NOR(", "    NOPE("), r"Line \d+: NOPE\(.*NOPE is not an instruction"),
        (("    SET(R0)", "    SET(R77)"), r"Line \d+: SET\(R77\): R77 is not a digital register that can be written"),
        (("larq_focal.scamp/1", "larq_focal.scamp/9"), "lacks 'format: larq_focal.scamp/1'"),
        (("#: array:", "#: arrow:"), "the header behind '#:' is at fault: KeyError: 'array'"),
        (("#: array: [64, 64]", "#: array: [640000, 64000]"), "the size .640000, 64000., which is out of bounds"),
        (("#: planes:\n", "#: planes: {a: ['01 : 0']}\n#: other:\n"), "a row of 2 bits in a plane"),
        (("#: sensor: scamp5", "#: sensor: scamp9"), "scamp9"),
        (("#: array: [64, 64]", "#: array: [1, 1]"), "places 'bits' outside of the array of 1x1"),
        (("#: array: [64, 64]", "#: array: [64.7, 64]"), "the header has 64.7 where a whole number must stand"),
        (("#: array: [64, 64]", "#: array: [64]"), "the header has a list where 2 sizes must stand"),
        (("  - [0, 0, 1]", "  - [9, 0, 1]"), "leaves planes without a channel"),
        (("  - [0, 0, 0]", "  - [0, 64, 0]"), "places 'bits' outside of the array of 64x64"),
        (("  - [0, 0, 1]", "  - [0, 0, 64]"), "outside of the array of 64x64"),
        (("  - [0, 0, 1]", "  - [0, 0, 1.5]"), "the header has 1.5 where a whole number must stand"),
        (("#: - name: bits", "#: - name: [bits, bits]"), "a value of type list where a text must stand"),
        (("pixel_range: [-1.0, 1.0]", "pixel_range: [.nan, 1.0]"), "pixel_range is .nan, 1.0.; give two different"),
        (("pixel_range: [-1.0, 1.0]", "pixel_range: [1.0, 1.0]"), "pixel_range is .1.0, 1.0.; give two different"),
        (("sign_0_0 = read_plane(", "other = read_plane("), "wants 'sign_0_0' of read_plane, but it comes of nothing"),
        (
            ("sign_0_0 = read_plane(", "sign_0_0 = global_or("),
            "'sign_0_0' of read_plane, but it comes of global_or",
        ),
        (("main\n", "main\n    load_plane(R5, secret)\n"), "loads the plane 'secret', which the header does not have"),
        (("#: planes:", "#: planes: {a: ['1*99999 : 0']}\n#: other:"), "a row of more than 64 bits in a plane"),
        (("#: - name: bits", "#: - name: [bits"), "is not YAML"),
    ],
)
def test_faults_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        program_from_text(faulty(change))


def test_files_that_are_no_programs_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file '.*absent\.scamp'"):
        read_program(tmp_path / "absent.scamp")
    (tmp_path / "binary.scamp").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ProgramError, match=r"binary\.scamp' is not the text of a program"):
        read_program(tmp_path / "binary.scamp")
    (tmp_path / "bare.scamp").write_text("main\nend\n")
    with pytest.raises(ProgramError, match=r"bare\.scamp': the header behind '#:' lacks"):
        read_program(tmp_path / "bare.scamp")


def test_images_of_another_size_are_refused():
    compiled = compile_network(network(LAYERS["light"]), small("scamp5"))
    with pytest.raises(ValueError, match=r"The image for 'image' is \[9, 8, 1\], but the network takes \[8, 8, 1\]"):
        simulate(compiled.array, np.zeros((9, 8, 1)))
    with pytest.raises(ValueError, match=r"'layer' takes images \[N, 8, 8, 1\], not \[1, 8, 9, 1\]"):
        compiled.run(np.zeros((1, 8, 9, 1)))


def test_empty_repeats_take_no_time_and_long_frames_are_refused():
    text = program_text(compile_network(network(LAYERS["light"]), small("scamp5")).array)
    image = np.zeros((8, 8, 1), np.uint8)
    expected = simulate(program_from_text(text), image).values
    empty = "    repeat 999999999999\n        repeat 999999999999\n        end\n    end\n"
    values = simulate(program_from_text(text.replace("main\n", f"main\n{empty}", 1)), image).values
    assert all(np.array_equal(values[name], expected[name]) for name in expected)
    long = "    repeat 999999999999\n        load_in(0)\n    end\n"
    with pytest.raises(
        ProgramError, match=r"One frame takes 1,\d+,\d+,\d+,\d+ instruction words and calls; at most 10,0"
    ):
        simulate(program_from_text(text.replace("main\n", f"main\n{long}", 1)), image)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.full((8, 8, 1), np.nan), "64 values that are not finite"),
        (np.full((8, 8, 1), np.inf), "64 values that are not finite"),
        (np.full((8, 8, 1), 1e30), "goes from 1e.30 to 1e.30; the light goes from -1 to 1"),
        (np.full((8, 8, 1), 300), "goes from 300 to 300; the light goes from 0 to 255"),
        (np.full((8, 8, 1), -1), "goes from -1 to -1; the light goes from 0 to 255"),
        (np.full((8, 8, 1), 1j), "values of type complex128"),
        (np.full((8, 8, 1), "a"), "values of type <U1"),
        (np.full((8, 8, 1), None), "values of type object"),
    ],
)
def test_images_that_are_no_light_are_refused(image, message):
    compiled = compile_network(network(LAYERS["light"]), small("scamp5"))
    with pytest.raises(ValueError, match=f"The image for 'image' .*{message}"):
        simulate(compiled.array, image)


def test_frames_of_no_image_are_refused():
    compiled = compile_network(network(LAYERS["light"]), small("scamp5"))
    with pytest.raises(ValueError, match=r"takes images \[N, 8, 8, 1\], not \[0, 8, 8, 1\]"):
        compiled.run(np.zeros((0, 8, 8, 1)))
    with pytest.raises(ValueError, match="64 values that are not finite"):
        compiled.run(np.full((1, 8, 8, 1), np.nan))


@pytest.mark.parametrize("pixel_range", [(float("nan"), 1), (1, 1), (0, float("inf")), (-1e308, 1e308), ("a", 1), (1,)])
def test_pixel_ranges_are_two_different_numbers(pixel_range):
    with pytest.raises(ValueError, match=r"pixel_range is .*; give two different finite numbers"):
        compile_network(network(LAYERS["light"]), small("scamp5"), pixel_range)
