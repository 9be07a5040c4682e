"""What makes or breaks a timing is read from a board's files and its firmware, and said in sentences."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import chain
from time import sleep

import pytest

from larq_focal.deploy import state
from larq_focal.deploy.state import OtherWork, State, disturbances, read_state
from tests.deploy.boards import RASPBERRY_PI_4, RASPBERRY_PI_5, written

CALM = State(clock_mhz=1500.0, governor="performance", temperature_c=50.0, throttled=0)


def test_a_raspberry_pi_4(tmp_path):
    read = read_state(written(tmp_path, RASPBERRY_PI_4))
    assert read == State(1500.0, "ondemand", 51.6, 0x50000)


def test_a_raspberry_pi_5(tmp_path):
    read = read_state(written(tmp_path, RASPBERRY_PI_5))
    assert read == State(2400.0, "performance", 60.6, 0)


def test_a_processor_that_counts_its_clock(tmp_path):
    assert read_state(written(tmp_path, {"proc/cpuinfo": "cpu MHz\t\t: 2450.126\n"})).clock_mhz == 2450.1


def test_a_machine_that_tells_nothing(tmp_path):
    assert read_state(tmp_path) == State()


@pytest.mark.parametrize("answer", ["", "what?\n", "1500000x\n"])
def test_odd_contents_are_passed_over(answer, tmp_path):
    odd = {name: answer for name in RASPBERRY_PI_4 if not name.endswith("governor")}
    assert read_state(written(tmp_path, odd)) == State()


@pytest.mark.parametrize(
    ("throttled", "clock", "expected"),
    [("0x0", "1500345728", (0, 1500.3)), ("0x50005", "600000000", (0x50005, 600.0)), ("what?", "?", (None, None))],
)
def test_the_firmware_of_a_raspberry_pi_is_asked_first(throttled, clock, expected, tmp_path, monkeypatch):
    command = tmp_path / "vcgencmd"
    command.write_text(
        "#!/bin/sh\n"
        f'[ "$*" = get_throttled ] && echo "throttled={throttled}"\n'
        f'[ "$*" = "measure_clock arm" ] && echo "frequency(48)={clock}"\nexit 0\n'
    )
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    read = read_state()
    assert read.throttled == expected[0]
    if expected[1]:
        assert read.clock_mhz == expected[1]


def test_a_firmware_that_does_not_answer_is_none(tmp_path, monkeypatch):
    (tmp_path / "vcgencmd").write_text("#!/bin/sh\nexit 255\n")
    (tmp_path / "vcgencmd").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert read_state().throttled is None


def test_a_calm_machine_needs_no_note():
    assert disturbances(CALM, replace(CALM, clock_mhz=1510.0, temperature_c=54.0), 1, 4, others=2.9) == []


def test_a_machine_that_tells_nothing_needs_no_note():
    assert disturbances(State(), State(), 4, 4) == []


DISTURBANCES = {
    "a governor": ({"governor": "ondemand"}, {"governor": "ondemand"}, "governor 'ondemand'"),
    "the clock": ({}, {"clock_mhz": 1000.0}, "The clock moved from 1500 to 1000 MHz"),
    "warmth": ({}, {"temperature_c": 58.0}, "warmed from 50 to 58 °C"),
    "heat": ({"temperature_c": 84.0}, {"temperature_c": 84.2}, "at 84 °C, where it may slow down"),
    "throttling now": ({}, {"throttled": 0x40004}, "During the timing, the processor is throttled"),
    "throttling at the start": ({"throttled": 0x40004}, {"throttled": 0x40000}, "During the timing, the processor was"),
    "throttling in between": ({}, {"throttled": 0x10000}, "During the timing, the supply voltage was too low"),
    "throttling before": (
        {"throttled": 0x20000},
        {"throttled": 0x20000},
        "Since it was switched on, the clock was capped",
    ),
}


@pytest.mark.parametrize("name", DISTURBANCES)
def test_disturbances_are_noted(name):
    before, after, note = DISTURBANCES[name]
    (told,) = disturbances(replace(CALM, **before), replace(CALM, **after), 1, 4)
    assert note in told


def test_other_work_is_noted_where_it_competes():
    (note,) = disturbances(CALM, CALM, 2, 4, others=2.3)
    assert note == "Other work kept 2.3 of the 4 cores busy meanwhile."


def test_other_work_is_what_all_did_less_what_this_process_did(tmp_path, monkeypatch):
    times = iter([10.0, 12.0])
    monkeypatch.setattr(state, "monotonic", lambda: next(times))
    monkeypatch.setattr(state, "process_time", chain([1.0, 2.5]).__next__)
    tick = os.sysconf("SC_CLK_TCK")
    written(tmp_path, {"proc/stat": f"cpu  {5 * tick} 0 {tick} 900 30 0 0 0 0 0\ncpu0 1 1 1\n"})
    work = OtherWork(tmp_path)
    written(tmp_path, {"proc/stat": f"cpu  {7 * tick} {tick} {tick} 990 30 {tick} {tick} {tick} 50 0\n"})
    assert work.cores() == pytest.approx((6 - 1.5) / 2)


def test_other_work_on_this_machine():
    work = OtherWork()
    assert work.cores() is None, "too early to tell"
    sleep(0.25)
    assert 0 <= work.cores() <= os.cpu_count() + 0.2


@pytest.mark.parametrize("stat", ["", "cpu 1 2 3\n", "cpu a b c d e f g h\n", "cores 1 2 3 4 5 6 7 8\n"])
def test_other_work_where_the_machine_does_not_tell(stat, tmp_path, monkeypatch):
    monkeypatch.setattr(state, "_SHORTEST_SECONDS", 0)
    assert OtherWork(written(tmp_path, {"proc/stat": stat})).cores() is None


def test_every_flag_of_the_firmware_has_its_sentence():
    notes = disturbances(CALM, replace(CALM, throttled=0xF000F), 1, 4)
    assert len(notes) == 4
    assert state.HOT_C == 80
