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
from tests.cost.graphs import conv, kernel, sign, two_layer_network, uniform_network
from tests.cost.strategies import graphs
from tests.network.networks import every_op

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
        "shares_weights": False,
        "is_counted": True,
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


@pytest.mark.parametrize("count", [0, 1, 4])
@pytest.mark.parametrize("scale", [np.ones(4), np.full(4, 0.1), np.arange(1, 5)])
def test_scales_count_by_what_the_kernel_is_not_by_their_values(count, scale):
    image = Input(name="image", shape=(4, 4, 2))
    plain = conv("conv", image, 4, 1)
    scaled = replace(plain.kernel, scale=scale.astype(np.float32), stored_scales=count)
    costs = summary(QuantGraph("net", [image, replace(plain, kernel=scaled)], ["conv"]))
    assert costs.parameter_bytes == 4 * 2 * 9 / 8 + 4 * count
    assert costs.other_ops == ({"multiply": 2 * 2 * 4} if count else {})


def test_shared_weights_count_once_and_products_each_time():
    image = Input(name="image", shape=(6, 6, 2))
    first = conv("first", image, 4, 1, bias=np.ones(4, np.float32))
    second = replace(first, name="second")
    other = replace(first, name="other", kernel=replace(first.kernel, codes=first.kernel.codes.copy()))
    costs = summary(QuantGraph("net", [image, first, second, other], ["first", "second", "other"]))
    assert [layer.weights for layer in costs.layers] == [72, 0, 72]
    assert [layer.shares_weights for layer in costs.layers] == [False, True, True]  # the third one the bias alone
    assert costs.parameter_bytes == 2 * 72 / 8 + 4 * 4
    assert costs.float32_bytes == 4 * (2 * 72 + 4)
    assert costs.macs == 3 * 4 * 4 * 72


def test_every_operation_is_counted():
    costs = summary(every_op())
    layers = {layer.name: layer for layer in costs.layers}
    assert layers["transposed"].macs == 8 * 8 * 2 * (3 * 3 * 4)
    assert layers["conv3d"].macs == 3 * 2 * 1 * 2 * (2 * 1 * 2 * 4)
    assert layers["local"].macs == layers["local"].weights == 3 * 3 * (2 * 2 * 4) * 2
    assert layers["scores"].macs == 4 * 4 * 4 * 4
    assert layers["rows"].weights == 8 and layers["rows"].macs == 0
    assert (layers["counted"].weights, layers["counted"].macs, layers["counted"].parameter_bits) == (6, 24, 6)
    assert layers["counted"].shares_weights  # with "rows"
    assert (layers["counted"].kind, layers["mystery"].kind) == ("LSTM", "Unknown: Mystery")
    assert costs.uncounted == ("mystery",)
    assert costs.undescribed == ("mystery", "counted")


def rendered(costs) -> str:
    console = Console(width=200, file=StringIO())
    console.print(costs)
    return console.file.getvalue()


def test_totals_say_that_they_are_least_values():
    image = Input(name="image", shape=(4, 4, 2))
    strange = Unknown(name="strange", inputs=("image",), shape=(4, 4, 2), kind="Attention")
    lstm = replace(strange, name="lstm", kind="LSTM", weights=(kernel((2, 3), 32),), macs_by_bits=((32, 32, 6),))
    weighted = conv("conv", image, 4, 1)
    known = summary(QuantGraph("net", [image, weighted], ["conv"]))
    assert known.to_dict()["totals"]["at_least"] is known.to_dict()["totals"]["activations_at_least"] is False
    assert "least" not in rendered(known)
    counted = summary(QuantGraph("net", [image, weighted, lstm], ["lstm"]))
    assert counted.to_dict()["totals"]["at_least"] is False
    assert counted.to_dict()["totals"]["activations_at_least"] is True
    assert counted.parameter_bytes == known.parameter_bytes + 4 * 6
    unknown = summary(QuantGraph("net", [image, weighted, strange], ["strange"]))
    assert unknown.to_dict()["totals"]["at_least"] is True
    assert unknown.to_dict()["uncounted"] == ["strange"]
    text = rendered(unknown)
    assert f"at least {known.parameter_bytes} B" in text
    assert f"at least {known.macs} of 1x32 bits" in text
    assert "not counted is what strange stores and multiplies" in text
