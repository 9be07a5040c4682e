"""The command that gives a network weights of few bits."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from larq_focal.cli import main
from larq_focal.network import load_graph, save_graph
from tests.compress.networks import network


@pytest.fixture
def saved(tmp_path):
    save_graph(network(), tmp_path / "small.qgraph")
    return tmp_path / "small.qgraph"


def run(saved, *words: str):
    output = saved.with_name("compressed.qgraph")
    return CliRunner().invoke(main, ["compress", str(saved), "-o", str(output), *words]), output


def test_all_layers_one_by_its_name_and_one_kept(saved):
    result, output = run(saved, "--bits", "4", "--layer", "stem=8", "--keep", "dense", "--json")
    assert result.exit_code == 0, result.output
    bits = {op.name: op.kernel.bits for op in load_graph(output).layers}
    assert bits == {"stem": 8, "first": 4, "second": 4, "each": 8, "dense": 32, "last": 2}
    assert {layer["name"]: layer["bits"] for layer in json.loads(result.output)["layers"]} == bits


def test_layers_with_two_kernels(saved):
    result, output = run(saved, "--bits", "2", "--dual", "1")
    assert result.exit_code == 0, result.output
    assert "/second" in result.output
    assert len(load_graph(output).layers) == 7


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Give --bits for all layers, or --layer NAME=BITS for some."),
        (["--layer", "stem"], "'stem' is not NAME=BITS, such as conv_1=8."),
        (["--layer", "stem=9"], "Weights can have 1 to 8 bits, not 9."),
        (["--bits", "4", "--keep", "stam"], "'small' has no layer 'stam'; its layers are 'stem'"),
    ],
)
def test_bad_input_gets_one_error_and_writes_nothing(saved, words, message):
    result, output = run(saved, *words)
    assert result.exit_code != 0
    assert message in " ".join(result.output.split())
    assert not output.exists()
