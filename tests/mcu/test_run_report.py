"""The row of a network in C: instructions are counted, time and energy estimated from the clock that is given."""

from __future__ import annotations

import pytest

from larq_focal.mcu.export import export_c
from larq_focal.mcu.run_report import NotCounted, report_run
from tests.mcu.networks import image_network
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
