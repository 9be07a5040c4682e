"""The command export-c, as a user types it."""

import json

import pytest
from click.testing import CliRunner

from larq_focal.cli import main
from larq_focal.network import save_graph
from tests.mcu.networks import image_network
from tests.support.microcontroller import emulated


@pytest.fixture
def file(tmp_path):
    return save_graph(image_network(), tmp_path / "net.qgraph")


def run(*arguments, status: int = 0) -> str:
    result = CliRunner().invoke(main, ["export-c", *map(str, arguments)])
    assert result.exit_code == status, result.output
    return result.output


def test_a_folder_is_written_and_told_of(file, tmp_path):
    told = json.loads(run(file, "-o", tmp_path / "c", "--name", "digits", "--target", "cortex-m4", "--json"))
    assert told["audit"]["passed"]
    assert told["cost"]["ram_bytes"] == 128
    assert (tmp_path / "c" / "network.h").read_text().count("digits_run") == 1


def test_more_ram_than_allowed_is_an_error(file, tmp_path):
    assert "'conv_2' uses 128 bytes" in run(file, "-o", tmp_path / "c", "--max-ram", 120, status=1)
    assert not (tmp_path / "c").exists()


def test_instructions_are_counted_and_time_and_energy_estimated(file, tmp_path):
    emulated("cortex-m4")
    options = ("--target", "cortex-m4", "--clock-mhz", 80, "--power-mw", 10)
    told = json.loads(run(file, "-o", tmp_path / "c", *options, "--json"))["run"]
    assert told["estimated_latency_ms"] == pytest.approx(told["instructions"] / 80e3)
    assert told["estimated_energy_uj"] == pytest.approx(10 * told["estimated_latency_ms"])
    assert f"{told['instructions']:,}" in run(file, "-o", tmp_path / "c", *options)


def test_a_target_without_an_emulator_is_an_error_and_nothing_is_written(file, tmp_path):
    assert "for one of cortex-m4" in run(file, "-o", tmp_path / "c", "--clock-mhz", 80, status=1)
    assert "--power-mw needs --clock-mhz" in run(file, "-o", tmp_path / "c", "--power-mw", 80, status=2)
    assert not (tmp_path / "c").exists()
