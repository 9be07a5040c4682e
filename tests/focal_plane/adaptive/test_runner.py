"""What is recorded of an adaptive run, and what a report makes of it."""

import json
from dataclasses import replace

import numpy as np
import pytest

from larq_focal.focal_plane import load_sensor
from larq_focal.focal_plane.adaptive import Event, FrameRecord, Message, adaptive_report, moving_digits, watch
from larq_focal.focal_plane.machine import Simulator, assemble
from tests.focal_plane.machine.programs import launched, small_sensor
from tests.support.printing import printed

SENSOR = small_sensor(6, 8)
DIGITS = np.full((10, 8, 8), 16), np.arange(10)


def test_planes_live_on_and_one_frame_chooses_for_the_next():
    """Every frame turns R5 over; what it then holds decides whether a region is sent."""
    simulator = Simulator(SENSOR)
    turn = assemble(launched("NOT(R5)", "add(A, B, C)"), simulator.instruction_set)

    def policy(frame):
        frame.run("turn", turn)
        if simulator.read("R5").all():
            frame.send_register("R5", np.s_[1:3, 2:6])
            frame.send_register("A", np.s_[:1, :1])

    frames = watch(simulator, policy, np.zeros((4, 6, 8)))
    assert [frame.bits_sent for frame in frames] == [8 + SENSOR.adc_bits, 0, 8 + SENSOR.adc_bits, 0]
    assert frames[0].messages[0].content.shape == (2, 4) and frames[0].messages[0].content.all()
    assert frames[0].icw == {"digital": 2, "analog": 2}
    assert frames[0].calls == {"kernel_launch": 1, "read_plane": 1, "read_analog": 1}
    assert frames[1].calls == {"kernel_launch": 1}


def test_wrong_image_is_refused():
    with pytest.raises(ValueError, match=r"The image is \[5, 8\]"):
        watch(Simulator(SENSOR), lambda frame: None, np.zeros((1, 5, 8)))


def record(number: int, *values: str | None) -> FrameRecord:
    return FrameRecord(number, ("look",), {"digital": 10}, {}, tuple(Message(4, value=value) for value in values))


EVENTS = (Event(0, 3, "enters", "3"), Event(3, 5, "changes", "7"), Event(5, 8, "leaves", "nothing"))


def test_events_told_missed_and_mistaken():
    values = {1: "3", 3: "1", 6: "nothing"}
    frames = [record(number, *([values[number]] if number in values else [])) for number in range(8)]
    report = adaptive_report("mine", SENSOR, frames, EVENTS)
    assert [outcome.latency_frames for outcome in report.outcomes] == [1, None, 1]
    assert (report.missed_events, report.wrong_values, report.silent_frames) == (1, 1, 5)
    assert report.bits_per_frame == 1.5 and report.bits_sent == 12
    assert report.data_reduction() == 8 * 6 * 8 * 8 / 12 and report.data_reduction(1) == 8 * 6 * 8 / 12
    assert report.runs == {"look": 8}
    assert report.estimates[0].latency_us == pytest.approx(1), "of one frame"


def test_a_map_tells_whatever_is_there():
    report = adaptive_report("mine", SENSOR, [record(n, *([None] if n == 4 else [])) for n in range(8)], EVENTS)
    assert [outcome.told_in for outcome in report.outcomes] == [None, 4, None] and report.wrong_values == 0


@pytest.mark.parametrize("frames", [[record(n) for n in range(8)], [record(n, "3") for n in range(8)]])
def test_report_is_plain_json_and_prints(frames):
    report = adaptive_report("mine", SENSOR, frames, EVENTS)
    assert json.loads(json.dumps(report.to_dict(), allow_nan=False)) == report.to_dict()
    assert "events missed" in printed(report)


def test_sequence_is_drawn_from_its_seed():
    one, same, other = (moving_digits(40, 48, 64, seed, DIGITS) for seed in (1, 1, 2))
    assert np.array_equal(one.images, same.images) and one.events == same.events
    assert not np.array_equal(one.images, other.images)


def test_sequence_shows_what_its_events_say():
    sequence = moving_digits(300, 60, 70, 0, DIGITS, margin=3)
    assert {event.kind for event in sequence.events} == {"enters", "changes", "leaves"}
    frames = [frame for event in sequence.events for frame in range(event.frame, event.until)]
    assert frames == list(range(300)), "one event holds at any time"
    for event in sequence.events:
        for image in sequence.images[event.frame : event.until]:
            bright = np.argwhere(image > 128)
            assert len(bright) == (0 if event.label == "nothing" else 32 * 32)
            if len(bright):
                assert bright.min() >= 3 and bright[:, 0].max() < 57 and bright[:, 1].max() < 67


def test_sequence_without_room_is_refused():
    with pytest.raises(ValueError, match="30x60 with a margin of 2 leaves no room"):
        moving_digits(5, 30, 60, digits=DIGITS, margin=2)


def test_estimates_need_a_clock():
    sensor = replace(load_sensor("scamp7"), height=6, width=8)
    assert adaptive_report("mine", sensor, [record(0)], ()).estimates == ()
