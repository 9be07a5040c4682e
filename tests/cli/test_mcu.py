"""The command export-c, as a user types it."""

import json

import pytest
from click.testing import CliRunner

from larq_focal.cli import main
from larq_focal.network import save_graph
from tests.mcu.networks import image_network


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
    assert told["cost"]["ram_bytes"] == 204
    assert (tmp_path / "c" / "network.h").read_text().count("digits_run") == 1


def test_more_ram_than_allowed_is_an_error(file, tmp_path):
    assert "'conv_1' uses 204 bytes" in run(file, "-o", tmp_path / "c", "--max-ram", 190, status=1)
    assert not (tmp_path / "c").exists()
