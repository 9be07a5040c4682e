"""A fit that compiles the network too, and tells what its program does."""

import json

import pytest
from click.testing import CliRunner

from larq_focal.cli import main
from larq_focal.focal_plane import fit
from larq_focal.network import save_graph
from tests.focal_plane.graphs import two_layer_network
from tests.support.printing import printed

NETWORK = two_layer_network(side=16, maps=4)


def test_program_is_told_beside_the_verdict():
    report = fit(NETWORK, with_program=True)
    assert report.verdict == "FIT" and report.program.exactness[0].is_exact
    assert report.program.total_icw == report.icw and report.program.calls == report.calls
    assert report.program.store_icw == report.store_icw and report.program.estimates == report.estimates
    assert report.program.live_ranges.peak("analog") <= 7
    assert "The compiled program" in printed(report)
    plain = report.to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["program"]["store_icw"] <= 1024 and "stepping" not in plain["program"]


def test_without_asking_no_frame_is_run():
    report = fit(NETWORK)
    assert report.program is None and report.to_dict()["program"] is None


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (two_layer_network(side=16, maps=4, bits=32), "weights of 32 bits"),
        (two_layer_network(side=300, maps=4), "300x300 pixels"),
    ],
)
def test_why_there_is_no_program_is_said(network, reason):
    report = fit(network, with_program=True)
    assert report.verdict == "NO FIT" and report.program is None
    assert any(reason in note for note in report.layers[0].notes)


def test_command(tmp_path):
    path = save_graph(NETWORK, tmp_path / "two.qgraph")
    result = CliRunner().invoke(main, ["fit", "--from-graph", str(path), "--program"])
    assert result.exit_code == 0 and "words in the store" in result.output
