"""What makes or breaks a timing is read from a board's files and its firmware, and said in sentences."""

from __future__ import annotations

from dataclasses import replace

import pytest

from larq_focal.deploy import state
from larq_focal.deploy.state import State, disturbances, read_state
from tests.deploy.boards import RASPBERRY_PI_4, RASPBERRY_PI_5, written

CALM = State(clock_mhz=1500.0, governor="performance", temperature_c=50.0, throttled=0, load=0.1)


def test_a_raspberry_pi_4(tmp_path):
    read = read_state(written(tmp_path, RASPBERRY_PI_4))
    assert replace(read, load=0) == State(1500.0, "ondemand", 51.6, 0x50000, 0)


def test_a_raspberry_pi_5(tmp_path):
    read = read_state(written(tmp_path, RASPBERRY_PI_5))
    assert replace(read, load=0) == State(2400.0, "performance", 60.6, 0, 0)


def test_a_processor_that_counts_its_clock(tmp_path):
    assert read_state(written(tmp_path, {"proc/cpuinfo": "cpu MHz\t\t: 2450.126\n"})).clock_mhz == 2450.1


def test_a_machine_that_tells_nothing(tmp_path):
    assert replace(read_state(tmp_path), load=0) == State()


@pytest.mark.parametrize("answer", ["", "what?\n", "1500000x\n"])
def test_odd_contents_are_passed_over(answer, tmp_path):
    odd = {name: answer for name in RASPBERRY_PI_4 if not name.endswith("governor")}
    assert replace(read_state(written(tmp_path, odd)), load=0) == State()


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
    assert disturbances(CALM, replace(CALM, clock_mhz=1510.0, temperature_c=54.0, load=1.0), 1, 4) == []


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
    "other work": ({"load": 3.8}, {}, "Other work competes for the 4 cores (load 3.8"),
}


@pytest.mark.parametrize("name", DISTURBANCES)
def test_disturbances_are_noted(name):
    before, after, note = DISTURBANCES[name]
    (told,) = disturbances(replace(CALM, **before), replace(CALM, **after), 1, 4)
    assert note in told


def test_every_flag_of_the_firmware_has_its_sentence():
    notes = disturbances(CALM, replace(CALM, throttled=0xF000F), 1, 4)
    assert len(notes) == 4
    assert state.HOT_C == 80
