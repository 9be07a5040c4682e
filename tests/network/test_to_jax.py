"""A network as a function of JAX computes what the interpreter does, to the bit where no float sums are reordered."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings

from larq_focal.network import GraphError, Kernel, QuantGraph, interpret, ops
from larq_focal.network.graph import needed
from larq_focal.network.jax_function.to_jax import to_jax
from larq_focal.network.passes import lower
from tests.network.networks import chain, every_op
from tests.support.drawn_networks import drawn_inputs, networks

jax = pytest.importorskip("jax", reason="to_jax needs JAX: pip install 'larq_focal[jax]'")

RANDOM = np.random.default_rng(0)


def outputs(graph: QuantGraph, inputs) -> dict[str, np.ndarray]:
    given_ = inputs if isinstance(inputs, dict) and len(inputs) > 1 else next(iter(inputs.values()))
    result = jax.jit(to_jax(graph))(given_)
    result = result if isinstance(result, dict) else {graph.outputs[0]: result}
    return {name: np.asarray(value) for name, value in result.items()}


def assert_same_bits(graph: QuantGraph, inputs: dict[str, np.ndarray]) -> None:
    expected = interpret(graph, inputs, graph.outputs)
    for name, value in outputs(graph, inputs).items():
        assert value.dtype == np.float32
        np.testing.assert_array_equal(value, expected[name], err_msg=name)


@seed(0)
@settings(max_examples=20, database=None, deadline=None, suppress_health_check=list(HealthCheck))
@given(networks())
def test_drawn_networks_have_the_same_bits(graph):
    """Of numbers with which float arithmetic makes no errors; functions such as tanh differ in the last bit."""
    inputs = drawn_inputs(graph)
    expected = interpret(graph, inputs, graph.outputs)
    rounds = any(isinstance(op, ops.Activation) and op.kind in ("sigmoid", "tanh", "softmax", "sqrt") for op in graph)
    for name, value in outputs(graph, inputs).items():
        limit = 1e-5 * np.abs(expected[name]).max(initial=0) if rounds else 0
        np.testing.assert_allclose(value, expected[name], rtol=0, atol=limit, err_msg=name)


@pytest.mark.parametrize("name", [op.name for op in every_op() if not isinstance(op, ops.Unknown)])
def test_each_operation_gives_what_the_interpreter_gives(name):
    """Each alone, on the interpreter's values, so that no difference grows."""
    graph = every_op()
    wanted = needed(graph, [name])
    values = interpret(graph, RANDOM.normal(size=(3, 8, 8, 4)).astype(np.float32), wanted)
    op = graph[name]
    places = [ops.Input(name=source, shape=graph[source].shape) for source in dict.fromkeys(op.inputs)]
    alone = QuantGraph("alone", [*places, op] if places else [op], [name])
    inputs = {source.name: values[source.name] for source in alone.inputs}
    result = outputs(alone, inputs)[name]
    np.testing.assert_allclose(result, values[name], rtol=2e-6, atol=2e-6 * np.abs(values[name]).max())
    sums_floats = isinstance(op, ops.Weighted | ops.Einsum | ops.Standardize | ops.GlobalPool) and name != "conv"
    if not sums_floats:
        np.testing.assert_array_equal(result, values[name])


def binary_network(channels: int, pad_value: float, groups: int = 1, stride: int = 1) -> QuantGraph:
    """A sign, a convolution, a normalisation in numbers of any kind, a pooled sign and a dense layer."""
    codes = RANDOM.choice([-1, 1], (3, 3, channels // groups, 2 * channels)).astype(np.int8)
    side = -(-9 // stride)
    image, half, out = (9, 9, channels), (side, side, 2 * channels), (side // 2, side // 2, 2 * channels)
    flat = int(np.prod(out))
    dense = RANDOM.choice([-1, 1], (flat, 7)).astype(np.int8)

    def normalised(name, shape):
        numbers = RANDOM.normal(size=(3, shape[-1])).astype(np.float32)
        return ops.Affine(name=name, shape=shape, mean=numbers[0], scale=numbers[1], bias=numbers[2])

    thresholds = RANDOM.normal(size=2 * channels).astype(np.float32)
    return chain(
        ops.Input(name="x", shape=image),
        ops.Binarize(name="sign", shape=image, threshold=RANDOM.normal(size=channels)),
        ops.Conv2D(
            name="conv",
            shape=half,
            kernel=Kernel(codes, np.abs(RANDOM.normal(size=2 * channels)).astype(np.float32), 1),
            bias=RANDOM.normal(size=2 * channels).astype(np.float32),
            padding="same",
            pad_value=pad_value,
            groups=groups,
            strides=(stride, stride),
        ),
        normalised("norm", half),
        ops.Binarize(name="sign2", shape=half, threshold=thresholds, flip=thresholds > 0),
        ops.Pool2D(name="pool", shape=out, kind="max", size=(2, 2), strides=(2, 2)),
        ops.Reshape(name="flat", shape=(flat,)),
        ops.Dense(name="dense", shape=(7,), kernel=Kernel(dense, np.full(7, 0.3, np.float32), 1)),
        normalised("logits", (7,)),
    )


@pytest.mark.parametrize("pad_value", [-1, 0, 1])
@pytest.mark.parametrize(("channels", "groups", "stride"), [(1, 1, 1), (5, 1, 2), (32, 1, 1), (64, 2, 1), (40, 1, 2)])
def test_packed_networks_have_the_same_bits(channels, groups, stride, pad_value):
    graph = binary_network(channels, pad_value, groups, stride)
    inputs = {"x": RANDOM.normal(size=(4, 9, 9, channels)).astype(np.float32)}
    assert_same_bits(graph, inputs)
    assert_same_bits(lower(graph), inputs)


def test_binary_layers_are_exclusive_or_and_population_count():
    x = np.zeros((1, 9, 9, 32), np.float32)
    text = jax.jit(to_jax(binary_network(32, 1.0))).lower(x).as_text()
    assert "stablehlo.popcnt" in text and "stablehlo.xor" in text
    assert "stablehlo.convolution" not in text and "stablehlo.dot_general" not in text


def test_few_bits_are_sums_of_binary_layers_where_they_were_lowered():
    levels = np.arange(4, dtype=np.float32)
    codes = RANDOM.integers(-1, 2, (3, 3, 32, 4)).astype(np.int8)
    graph = chain(
        ops.Input(name="x", shape=(6, 6, 32)),
        ops.Quantize(name="steps", shape=(6, 6, 32), levels=levels, boundaries=levels[1:] - np.float32(0.5)),
        ops.Conv2D(name="conv", shape=(4, 4, 4), kernel=Kernel(codes, np.full(4, 0.7, np.float32), 2)),
    )
    inputs = {"x": RANDOM.uniform(-1, 8, (2, 6, 6, 32)).astype(np.float32)}
    assert_same_bits(graph, inputs)
    assert_same_bits(lower(graph), inputs)
    assert "stablehlo.popcnt" in jax.jit(to_jax(lower(graph))).lower(inputs["x"]).as_text()


def test_quantizers_take_every_number():
    graph = chain(
        ops.Input(name="x", shape=(5,)),
        ops.Quantize(
            name="steps",
            shape=(5,),
            levels=np.float32([-1, 0, 2]),
            boundaries=np.float32([-0.5, 1]),
        ),
    )
    x = np.float32([[np.nan, np.inf, -np.inf, 1, -0.5], [np.nextafter(np.float32(1), 0), 0, -0.0, -0.6, 5]])
    assert_same_bits(graph, {"x": x})


@pytest.mark.parametrize("threshold", [0.1, -0.1, 0.0, np.inf, -np.inf])
@pytest.mark.parametrize("flip", [False, True])
def test_thresholds_in_double_precision_divide_floats_as_they_are(threshold, flip):
    graph = chain(
        ops.Input(name="x", shape=(3,)),
        ops.Binarize(name="sign", shape=(3,), threshold=np.full(3, threshold), flip=np.array([flip, False, flip])),
    )
    near = np.float32(threshold)
    x = np.stack([np.full(3, value, np.float32) for value in (near, np.nextafter(near, 9), np.nextafter(near, -9), 0)])
    assert_same_bits(graph, {"x": x})


def test_the_smallest_floats_are_not_taken_for_zero():
    least = np.finfo(np.float32).smallest_subnormal
    steps = {"levels": np.float32([0, 1]), "boundaries": np.float32([least])}
    signs = {"threshold": np.float32([least, -least, 0.0, -0.0])}
    for op in (ops.Quantize(name="y", shape=(4,), **steps), ops.Binarize(name="y", shape=(4,), **signs)):
        x = np.float32([[0.0] * 4, [-0.0] * 4, [least] * 4, [-least] * 4])
        assert_same_bits(chain(ops.Input(name="x", shape=(4,)), op), {"x": x})


def test_inputs_that_do_not_fit_are_named():
    function = to_jax(binary_network(5, 1.0))
    with pytest.raises(ValueError, match=r"The input 'x' of 'chain' has the shape \[batch, 9, 9, 5\]"):
        function(np.zeros((1, 9, 9, 4), np.float32))
    with pytest.raises(ValueError, match=r"has the inputs .'x'., but was given .'y'."):
        function({"y": np.zeros((1, 9, 9, 5), np.float32)})


def test_an_operation_that_is_not_understood_is_named():
    graph = chain(ops.Input(name="x", shape=(3,)), ops.Unknown(name="mystery", shape=(3,), kind="LSTM"))
    with pytest.raises(GraphError, match="'mystery' has no function in JAX: LSTM is not understood"):
        to_jax(graph)(np.zeros((1, 3), np.float32))


def test_the_same_function_takes_any_batch():
    graph = binary_network(32, 0.0)
    function = jax.jit(to_jax(graph))
    images = RANDOM.normal(size=(5, 9, 9, 32)).astype(np.float32)
    together = np.asarray(function(images))
    for image, result in zip(images, together, strict=True):
        np.testing.assert_array_equal(np.asarray(function(image[None]))[0], result)
