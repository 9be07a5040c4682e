"""The command graph, as a user types it: it prints a network, or what passes make of it, or writes it."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from larq_focal.cli import main
from larq_focal.focal_plane.compiler.array_form import PASSES as ARRAY_PASSES
from larq_focal.focal_plane.compiler.array_form import array_form
from larq_focal.network import load_graph, ops, save_graph
from larq_focal.network.passes import PASSES, lower
from tests.focal_plane.graphs import chain, conv, sign


def network():
    image = ops.Input(name="image", shape=(8, 8, 32))
    bits = sign("bits", image)
    layer = conv("layer", bits, 32)
    zero, one = np.zeros(32, np.float32), np.ones(32, np.float32)
    norm = ops.Affine(name="norm", inputs=("layer",), shape=layer.shape, mean=zero, scale=one, bias=zero)
    return chain("net", image, bits, layer, norm, sign("out", norm))


@pytest.fixture
def file(tmp_path):
    return save_graph(network(), tmp_path / "net.qgraph")


def run(*arguments, status: int = 0) -> str:
    result = CliRunner().invoke(main, ["graph", *map(str, arguments)])
    assert result.exit_code == status, result.output
    return result.output


def operations(*arguments) -> list[str]:
    return [row["operation"] for row in json.loads(run(*arguments, "--json"))["operations"]]


def test_the_network_is_printed(file):
    output = run(file)
    assert output.splitlines()[0].strip() == "net, 5 operations"
    assert "3x3x32x32, 1 bit" in output and "Binarize" in output


def test_the_network_is_written(file, tmp_path):
    assert "5 operations" in run(file, "-o", tmp_path / "copy.qgraph")
    assert [op.name for op in load_graph(tmp_path / "copy.qgraph")] == [op.name for op in network()]


@pytest.mark.parametrize(("passes", "whole"), [(PASSES, lower), (ARRAY_PASSES, array_form)], ids=["files", "array"])
def test_after_the_last_pass_of_each_list(file, passes, whole):
    last = [*passes][-1]
    assert operations(file, "--after", last) == [op.name for op in whole(network())]
    assert f"after '{last}'" in " ".join(run(file, "--after", last).split())


@pytest.mark.parametrize("name", [*PASSES, *ARRAY_PASSES])
def test_after_any_pass(file, name):
    stages = {}
    (lower if name in PASSES else array_form)(network(), after=stages.__setitem__)
    assert operations(file, "--after", name) == [op.name for op in stages[name]]


def test_a_stage_is_written_too(file, tmp_path):
    run(file, "--after", [*ARRAY_PASSES][-1], "-o", tmp_path / "stage.qgraph")
    assert "norm" not in load_graph(tmp_path / "stage.qgraph")


def test_an_unknown_pass_is_one_error_that_names_all(tmp_path):
    output = run(tmp_path / "not even there.qgraph", "--after", "magic", status=2)
    assert "there is no pass 'magic'" in output and "Traceback" not in output
    assert all(f"\n  {name}\n" in output for name in (*PASSES, *ARRAY_PASSES))
