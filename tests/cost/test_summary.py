"""Costs of small networks, counted by hand, and what must hold for any network."""

import json
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from larq_focal.cost import ace, macs_by_bits, summary
from larq_focal.network.graph import QuantGraph
from larq_focal.network.graph_file import save_graph
from larq_focal.network.ops import Input, Unknown
from tests.cost.graphs import conv, sign, two_layer_network, uniform_network
from tests.cost.strategies import graphs

WIDTHS = st.sampled_from([1, 2, 4, 8, 16, 32])


def test_two_layer_network_by_hand():
    totals = summary(two_layer_network()).to_dict()["totals"]
    first, second, dense = 6 * 6 * 16 * 9, 6 * 6 * 32 * 9 * 16, 288 * 10
    assert totals["macs_by_bits"] == {"32x32": first + dense, "1x1": second}
    assert totals["ace"] == (first + dense) * 32 * 32 + second
    floats = 9 * 16 + 2 * 16 + 2 * 32 + 288 * 10 + 10
    binary = 9 * 16 * 32
    assert totals["parameter_bytes_by_bits"] == {"1": binary / 8, "32": floats * 4}
    assert totals["float32_bytes"] == 4 * (floats + binary)
    assert totals["weights"] == 9 * 16 + binary + 288 * 10
    assert totals["other_ops"] == {
        "multiply": 576 + 288,  # the two batch normalisations
        "add": 576 + 288 + 10,  # and the bias
        "compare": 576 + 3 * 288,  # the sign, and the maximum of four
        "softmax": 10,
    }


def test_layers_by_hand():
    layers = {layer["name"]: layer for layer in summary(two_layer_network()).to_dict()["layers"]}
    assert list(layers) == ["conv1", "norm1", "sign1", "conv2", "pool", "norm2", "dense", "probabilities"]
    assert layers["conv2"] == {
        "name": "conv2",
        "kind": "Conv2D",
        "shape": [6, 6, 32],
        "weights": 4608,
        "weight_bits": 1,
        "input_bits": 1,
        "parameter_bits": 4608,
        "macs": 165888,
        "ace": 165888,
        "other_ops": {},
    }
    assert layers["norm1"]["parameter_bits"] == 2 * 16 * 32
    assert layers["norm1"]["weight_bits"] is None


@pytest.mark.parametrize(("bits", "effort"), [(1, 1), (4, 16), (8, 64), (16, 256), (32, 1024)])
def test_ace_of_one_multiply_accumulate(bits, effort):
    """The costs of binary, int4, int8, bfloat16 and float32 in Zhang, Zhang and Lew, "PokeBNN", CVPR 2022."""
    costs = summary(uniform_network(bits, bits))
    assert costs.ace == effort * costs.macs
    assert costs.macs == 8 * 8 * 8 * 27 + 7 * 7 * 8 * 2


@given(bits=WIDTHS, input_bits=WIDTHS)
def test_ace_is_linear_in_each_width(bits, input_bits):
    effort = ace(macs_by_bits(uniform_network(bits, input_bits)))
    assert effort == bits * input_bits * ace(macs_by_bits(uniform_network(1, 1)))


@given(graphs())
def test_totals_are_sums_over_the_layers(graph):
    costs = summary(graph)
    layers, totals = costs.to_dict()["layers"], costs.to_dict()["totals"]
    for quantity in ("weights", "macs", "ace"):
        assert totals[quantity] == sum(layer[quantity] for layer in layers)
    bits = sum(layer["parameter_bits"] for layer in layers)
    rounded_up = len(totals["parameter_bytes_by_bits"])
    assert bits / 8 <= totals["parameter_bytes"] < bits / 8 + max(rounded_up, 1)
    assert totals["macs"] == sum(totals["macs_by_bits"].values())
    for kind, count in totals["other_ops"].items():
        assert count == sum(layer["other_ops"].get(kind, 0) for layer in layers)


@given(graphs())
def test_few_bits_never_cost_more_than_float32(graph):
    """But for one scale per output channel, which a float kernel holds in its weights."""
    costs = summary(graph)
    scales = sum(op.kernel.shape[-1] for op in graph.layers)
    assert costs.parameter_bytes <= costs.float32_bytes + 4 * scales
    assert costs.ace <= 1024 * costs.macs


@given(graphs())
def test_summary_is_json_and_text(graph):
    costs = summary(graph)
    assert json.loads(json.dumps(costs.to_dict())) == costs.to_dict()
    console = Console(width=200, file=StringIO())
    console.print(costs)
    for layer in costs.layers:
        assert layer.name in console.file.getvalue()


def test_unknown_operations_are_listed():
    image = Input(name="image", shape=(4, 4, 2))
    strange = Unknown(name="strange", inputs=("image",), shape=(4, 4, 2), kind="Attention")
    costs = summary(QuantGraph("net", [image, strange], ["strange"]))
    assert [layer.kind for layer in costs.layers] == ["Unknown: Attention"]
    assert costs.other_ops == {"unknown Attention": 32}


def test_names_are_not_taken_for_markup():
    image = Input(name="image", shape=(4, 4, 2))
    costs = summary(QuantGraph("[red]", [image, sign("[bold]sign[/bold]", image)], ["[bold]sign[/bold]"]))
    console = Console(width=200, file=StringIO())
    console.print(costs)
    text = console.file.getvalue()
    assert "[bold]sign[/bold]" in text and "[red]" in text


def test_summary_of_a_file(tmp_path):
    graph = two_layer_network()
    path = save_graph(graph, tmp_path / "net.qgraph")
    assert summary(path).to_dict() == summary(str(path)).to_dict() == summary(graph).to_dict()


def test_scale_of_a_kernel_counts_where_it_is_needed():
    image = Input(name="image", shape=(4, 4, 2))
    plain = conv("conv", image, 4, 1)
    for scale, stored in [(np.ones(4), 0), (np.full(4, 0.1), 1), (np.arange(1, 5), 4)]:
        scaled = replace(plain, kernel=replace(plain.kernel, scale=scale.astype(np.float32)))
        costs = summary(QuantGraph("net", [image, scaled], ["conv"]))
        assert costs.parameter_bytes == 4 * 2 * 9 / 8 + 4 * stored
        assert costs.other_ops == ({"multiply": 2 * 2 * 4} if stored else {})
