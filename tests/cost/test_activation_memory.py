"""Peak memory of the values between operations."""

from hypothesis import given

from larq_focal.cost import peak_activation_bytes, value_bytes
from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Add, Input
from tests.cost.graphs import affine, conv, sign, two_layer_network
from tests.cost.strategies import graphs


def chain(make_ops, *, channels=40, outputs=None):
    image = Input(name="image", shape=(4, 4, channels))
    ops = [image]
    for make in make_ops:
        ops.append(make(ops[-1]))
    return QuantGraph("chain", ops, outputs or [ops[-1].name])


def test_two_layer_network_by_hand():
    # Worst where the second convolution's 6x6x32 floats are read and the pool writes its 3x3x32.
    assert peak_activation_bytes(two_layer_network()) == 4 * (6 * 6 * 32 + 3 * 3 * 32)


def test_bits_and_words_of_a_binary_value():
    graph = chain([lambda op: sign("sign", op)])
    assert value_bytes(graph, graph["sign"]) == 4 * 4 * 40 // 8
    assert value_bytes(graph, graph["sign"], packed=True) == 4 * 4 * 2 * 4
    assert value_bytes(graph, graph["image"], packed=True) == 4 * 4 * 40 * 4


def test_element_wise_operations_work_in_place():
    graph = chain([lambda op: conv("conv", op, 8, 1, size=1), lambda op: affine("norm", op), lambda op: sign("s", op)])
    image, floats, bits = 4 * 4 * 40 * 4, 4 * 4 * 8 * 4, 4 * 4 * 8 // 8
    assert peak_activation_bytes(graph) == image + bits
    assert peak_activation_bytes(graph, fused=False) == image + floats


def test_a_value_with_two_readers_stays_until_the_last():
    image = Input(name="image", shape=(4, 4, 8))
    norm, shortcut = affine("norm", image), affine("shortcut", image)
    narrow = conv("narrow", norm, 1, 32, size=1)
    wide = conv("wide", narrow, 8, 32, size=1)
    total = Add(name="sum", inputs=("wide", "shortcut"), shape=image.shape)
    graph = QuantGraph("residual", [image, norm, shortcut, narrow, wide, total], ["sum"])
    assert peak_activation_bytes(graph) == 3 * value_bytes(graph, image)


def test_outputs_stay_to_the_end():
    ops = [lambda op: affine("norm", op), lambda op: conv("a", op, 1, 32, size=1), lambda op: conv("b", op, 40, 32, 1)]
    image = 4 * 4 * 40 * 4
    assert peak_activation_bytes(chain(ops)) == 2 * image
    assert peak_activation_bytes(chain(ops, outputs=["norm", "b"])) == 2 * image + 4 * 4 * 1 * 4


@given(graphs())
def test_peak_holds_every_operation_with_its_inputs(graph):
    peak = peak_activation_bytes(graph, fused=False)
    for op in graph:
        at_once = {op.name, *op.inputs}
        assert peak >= sum(value_bytes(graph, graph[name]) for name in at_once)
    assert peak <= sum(value_bytes(graph, op) for op in graph)


@given(graphs())
def test_fusing_saves_and_packing_costs(graph):
    assert peak_activation_bytes(graph) <= peak_activation_bytes(graph, fused=False)
    assert peak_activation_bytes(graph) <= peak_activation_bytes(graph, packed=True)
    kept = [graph[name] for name in graph.outputs] + list(graph.inputs)
    assert peak_activation_bytes(graph) >= max(value_bytes(graph, op) for op in kept)
