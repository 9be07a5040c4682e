"""The row of a network in C: instructions are counted, time and energy estimated from the clock that is given."""

from __future__ import annotations

import pytest

from larq_focal.mcu.export import export_c
from larq_focal.mcu.graph_report import Board, report_graph
from larq_focal.mcu.run_report import NotCounted, report_run
from larq_focal.network import ops
from tests.mcu.networks import Chain, image_network
from tests.support.microcontroller import emulated


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    return export_c(image_network(0, 4, 1.0), tmp_path_factory.mktemp("c") / "net", target="cortex-m4")


def test_time_and_energy_follow_from_instructions(export):
    emulated("cortex-m4")
    report = report_run(export, 80e6, power_mw=12)
    assert report.microcontroller == "cortex-m4"
    assert 50_000 < report.instructions < 2_000_000
    assert report.latency_ms == pytest.approx(report.instructions / 80e3)
    assert report.energy_uj == pytest.approx(12 * report.latency_ms)
    assert report.flash_bytes > export.cost.table_bytes
    assert report.ram_bytes == export.cost.ram_bytes
    text = str(report)
    assert text.count("estimated") == 2
    assert "Estimated for 80 MHz, cycles an instruction: 1; without wait states" in text
    slower = report_run(export, 40e6, cycles_per_instruction=1.5)
    assert slower.latency_ms == pytest.approx(3 * report.latency_ms)
    assert slower.energy_uj is None
    assert report_run(export, 80e6, microcontroller="cortex-m7").instructions != report.instructions


def test_without_an_emulator_it_says_what_to_install(export, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(NotCounted, match="apt-get install gcc-arm-none-eabi qemu-system-arm"):
        report_run(export, 80e6)


def test_wrong_arguments(export, tmp_path):
    with pytest.raises(ValueError, match="must be above 0"):
        report_run(export, 0)
    with pytest.raises(ValueError, match="There is no microcontroller 'z80'; choose from cortex-m4"):
        report_run(export, 1e6, microcontroller="z80")
    generic = export_c(image_network(0, 1, 1.0), tmp_path / "net")
    with pytest.raises(ValueError, match="for one of cortex-m4, cortex-m7, rv32"):
        report_run(generic, 1e6)


def test_a_network_on_a_board():
    emulated("cortex-m4")
    board = Board(clock_hz=80e6, power_mw=12)
    report = report_graph(image_network(0, 4, 1.0), board, pixels="centred")
    assert report.to_dict()["notes"] == []
    assert report.flash_bytes > 0 and report.ram_bytes > 0 and report.energy_uj == 12 * report.latency_ms
    slower = report_graph(image_network(0, 4, 1.0), Board("rv32i"))
    assert slower.instructions > report.instructions
    assert slower.latency_ms is slower.energy_uj is None
    assert "unknown" in str(slower) and "Estimated" not in str(slower)


def test_what_cannot_be_told_of_a_board_is_absent_with_the_reason(monkeypatch):
    strange = Chain("strange", (4, 4, 2)).sign("s", 127.5).add(ops.Activation, "gate", kind="sigmoid").graph()
    report = report_graph(strange, Board())
    assert report.ram_bytes is report.flash_bytes is report.instructions is None
    assert report.notes[0].startswith("Not written in C: 'strange' cannot be written in C: 'gate' is a sigmoid")
    monkeypatch.setenv("PATH", "/nonexistent")
    report = report_graph(image_network(0, 4, 1.0), Board(clock_hz=1e6))
    assert report.ram_bytes > 0 and report.instructions is report.latency_ms is None
    assert report.notes == (
        "To count instructions on cortex-m4, on Debian: apt-get install gcc-arm-none-eabi qemu-system-arm",
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"clock_hz": 0}, "must be above 0"),
        ({"power_mw": -1}, "must be above 0"),
        ({"microcontroller": "z80"}, "'z80'"),
    ],
)
def test_boards_that_make_no_sense(given, message):
    with pytest.raises(ValueError, match=message):
        Board(**given)
