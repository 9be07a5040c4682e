"""Looking into a program: counts, the recorded steps, and what a page needs of them."""

import base64
import json
import zlib

import numpy as np
import pytest

from larq_focal.focal_plane.inspection import Exactness, MapPlace, StepRecorder, inspect_network, inspect_program
from larq_focal.focal_plane.machine import Simulator, assemble
from tests.focal_plane.graphs import two_layer_network
from tests.focal_plane.machine.programs import launched, random_state, small_sensor
from tests.support.printing import printed

PROGRAM = launched("XORX(R6, R7, R8)", "DNEWS(R5, R6, east|north)", "add(A, B, C)", "movx(B, A, south)", "where(B)")


def replayed(stepping: dict, steps: int) -> dict[str, np.ndarray]:
    """The registers after some steps, from what a page holds; a slow twin of the page's own script."""
    height, width = stepping["height"], stepping["width"]
    data = memoryview(zlib.decompress(base64.b64decode(stepping["data"])))
    sizes = [-(-height * width // 8) if r["kind"] == "digital" else height * width for r in stepping["registers"]]
    contents, at = [], 0
    for size in sizes:
        contents.append(np.frombuffer(data[at : at + size], np.uint8).copy())
        at += size
    for _, _, _, changed in steps_of(stepping)[:steps]:
        for index in changed:
            contents[index] ^= np.frombuffer(data[at : at + sizes[index]], np.uint8)
            at += sizes[index]
    unpacked = {}
    for register, content in zip(stepping["registers"], contents, strict=True):
        is_digital = register["kind"] == "digital"
        values = np.unpackbits(content)[: height * width].astype(bool) if is_digital else content.view(np.int8)
        unpacked[register["name"]] = values.reshape(height, width)
    return unpacked


def steps_of(stepping: dict) -> list:
    """Kernel, text, words and changed registers of each step."""
    return json.loads(zlib.decompress(base64.b64decode(stepping["steps"])))


def recorded(simulator: Simulator, text: str, **options) -> dict:
    recorder = StepRecorder(simulator, **options)
    simulator.run(assemble(text, simulator.instruction_set), observe=recorder)
    return json.loads(json.dumps(recorder.to_dict()))


@pytest.mark.parametrize("region", [None, (1, 2, 3, 5)])
def test_steps_can_be_replayed(region):
    simulator, twin = (Simulator(small_sensor(5, 7)) for _ in range(2))
    random_state(simulator, seed=1)
    random_state(twin, seed=1)
    lines = PROGRAM.splitlines()[1:6]
    stepping = recorded(simulator, PROGRAM, region=region)
    first_row, first_column, last_row, last_column = region or (0, 0, 4, 6)
    for steps in range(len(lines) + 1):
        if steps:
            twin.run(assemble(launched(lines[steps - 1]), twin.instruction_set))
        for name, content in replayed(stepping, steps).items():
            expected = twin.read(name)[first_row : last_row + 1, first_column : last_column + 1]
            assert np.array_equal(content, expected), (steps, name)
    assert [stepping["texts"][text] for _, text, _, _ in steps_of(stepping)] == [
        "XORX(R6, R7, R8)",
        "DNEWS(R5, R6, east|north)",
        "add(A, B, C)",
        "movx(B, A, south)",
        "where(B)",
    ]


def test_large_arrays_show_their_middle():
    assert StepRecorder(Simulator(small_sensor(200, 40))).region == (68, 0, 131, 39)


def test_the_first_view_shows_where_a_network_lies():
    graph = two_layer_network(side=20, maps=4)
    steps = inspect_network(graph, "scamp5").stepping
    assert steps["region"] == [0, 0, 63, 63], "20 blocks of 2x2 pixels lie at the corner"
    assert StepRecorder(Simulator(small_sensor(200, 200)), extent=(180, 10)).region == (58, 0, 121, 63)


def test_size_is_kept_and_what_is_left_out_counted():
    simulator = Simulator(small_sensor(64, 64))
    random_state(simulator, seed=1)
    text = PROGRAM.replace("launch(only)", "repeat 400\nlaunch(only)\nend")
    stepping = recorded(simulator, text, most_bytes=100_000)
    assert len(stepping["data"]) < 190_000, "one chunk of the stream may come on top"
    assert stepping["step_count"] + stepping["left_out"] == 2000 and stepping["left_out"] > 0
    assert replayed(stepping, stepping["step_count"]).keys() >= {"R5", "A", "FLAG", "PIX"}


@pytest.mark.parametrize("region", [(0, 0, 5, 6), (-1, 0, 3, 3), (3, 0, 2, 6)])
def test_region_beyond_the_array_is_refused(region):
    with pytest.raises(ValueError, match=r"is not within the array of 5x7"):
        StepRecorder(Simulator(small_sensor(5, 7)), region)


def test_report_counts_as_the_simulator_does():
    simulator = Simulator(small_sensor(8, 8))
    program = assemble(PROGRAM.replace("launch(only)", "repeat 3\nlaunch(only)\nend"), simulator.instruction_set)
    place = MapPlace(name="map", kind="kernel", height=4, width=4, pitch=(2, 2), places=((0, 0, 0), (0, 1, 1)))
    report = inspect_program(
        program,
        simulator,
        name="mine",
        image=np.full((8, 8), 200),
        maps=[place],
        exactness=[Exactness("Keras", compared=64, mismatching=2)],
    )
    assert (report.store_icw, report.total_icw) == (6 + 3 + 2 + 2 + 1, 3 * 14)
    assert report.icw == {"digital": 24, "shift": 3, "analog": 15}
    assert report.calls == {"kernel_launch": 3} and report.instructions["add"] == 3
    assert report.live_ranges.steps == 15
    assert replayed(report.stepping, 0)["PIX"].max() == -127 + 100
    plain = report.to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    text = printed(report)
    assert "14 of 1,024" in text and "no: 2 of 64 values differ" in text and "calibrated" in text
