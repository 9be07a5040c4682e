"""Converted models are read as what their interpreters compute, to the last bit where all is integer."""

from __future__ import annotations

import numpy as np
import pytest

from larq_focal.deploy.runtime import Runtime
from larq_focal.keras import keras, tf
from larq_focal.keras import larq as lq
from larq_focal.network import ops
from larq_focal.network.graph_file import load_graph, save_graph
from larq_focal.network.interpret import interpret
from larq_focal.network.tflite.flatbuffer import FlatbufferError, read_flatbuffer
from larq_focal.network.tflite.read.from_tflite import from_tflite
from larq_focal.network.tflite.read.layers import sum_thresholds
from tests.network.models import model_of, randomised
from tests.support.flatbuffers import CallSpec, TensorSpec, tflite
from tests.support.lce import converted
from tests.support.stock import int8_converted, stock_converted

layers = keras.layers
IMAGE = (9, 8, 32)
SIGNS = {"input_quantizer": "ste_sign", "kernel_quantizer": "ste_sign", "use_bias": False}


def binary(filters=32, size=3, **options):
    return lq.layers.QuantConv2D(filters, size, **(SIGNS | options))


def reference(content: bytes) -> Runtime:
    """The interpreter whose operators the graph describes."""
    return Runtime(content, engine="lce" if read_flatbuffer(content).binary_operations else "litert")


def assert_read(content: bytes, *, tolerance: float = 0.0, samples: int = 3, grid: float = 0.0):
    """The graph of a file computes what its interpreter does.

    Args:
        tolerance: largest difference, relative to the largest output.
        samples: random inputs to try.
        grid: inputs are multiples of this, so that they meet thresholds; 0 for any number.
    """
    graph, runtime = from_tflite(content), reference(content)
    assert [op.kind for op in graph.unknown] == []
    rng = np.random.default_rng(0)
    feeds = {op.name: rng.normal(0, 2, (samples, *op.shape)).astype(np.float32) for op in graph.inputs}
    if grid:
        feeds = {name: np.rint(feed / grid).astype(np.float32) * np.float32(grid) for name, feed in feeds.items()}
    values, expected = interpret(graph, feeds, graph.outputs), runtime.run(feeds)
    expected = expected if isinstance(expected, tuple) else (expected,)
    for name, output in zip(graph.outputs, expected, strict=True):
        assert graph[name].shape == output.shape[1:]
        assert np.ptp(output) > 0
        np.testing.assert_allclose(values[name], output, rtol=0, atol=tolerance * np.abs(output).max())
    return graph


def kinds(graph) -> list[str]:
    return [type(op).__name__ for op in graph]


BINARY_NETWORKS = {
    "same padding with ones": [binary(padding="same", pad_values=1)],
    "same padding with zeros": [binary(padding="same", pad_values=0)],
    "no padding": [binary()],
    "strides": [binary(size=(3, 2), strides=(2, 1), padding="same", pad_values=1)],
    "strides without padding": [binary(size=2, strides=(1, 3))],
    "dilation": [binary(dilation_rate=(2, 3), padding="same", pad_values=1)],
    "one by one": [binary(7, 1)],
    "groups": [binary(64, 1), binary(6, groups=2)],
    "channels that fill no word": [binary(33, 1), binary(40, padding="same", pad_values=1), binary(5)],
    "packed output": [binary(40, padding="same", pad_values=1), layers.BatchNormalization(), binary()],
    "packed output after relu": [binary(), layers.ReLU(), layers.BatchNormalization(), binary()],
    "packed output of strides": [binary(70, strides=2), layers.BatchNormalization(), binary(3, 2)],
    "pooling of bits": [layers.MaxPool2D(3, 2, padding="same"), binary()],
    "pooling of packed output": [binary(48), layers.MaxPool2D(2), binary(3, 2)],
}


@pytest.mark.parametrize("name", BINARY_NETWORKS)
def test_binary_networks_are_read_exactly(name):
    stack = [type(layer).from_config(layer.get_config()) for layer in BINARY_NETWORKS[name]]
    content = converted(model_of(IMAGE, *stack))
    graph = assert_read(content)
    assert all(graph.is_binary(layer) for layer in graph.layers)
    packed = [operator.kind for operator in read_flatbuffer(content).operators if operator.kind == "LceBconv2d"]
    assert len(packed) == len(graph.layers) == sum(isinstance(layer, lq.layers.QuantConv2D) for layer in stack)


def test_packed_outputs_become_thresholds_on_the_sum():
    graph = assert_read(converted(model_of(IMAGE, *(binary(40), layers.BatchNormalization(), binary(3)))))
    assert kinds(graph) == ["Input", "Binarize", "Conv2D", "Binarize", "Conv2D"]
    threshold = graph.ops[3].threshold
    assert threshold.shape == (40,)
    assert np.array_equal(threshold, np.rint(threshold))


def test_channels_of_constant_sign_have_infinite_thresholds():
    norm = layers.BatchNormalization()
    model = model_of(IMAGE, binary(4), norm, binary(3))
    norm.gamma.assign([0, 0, 1, 1])
    norm.beta.assign([-1, 1, 0, 0])
    graph = assert_read(converted(model))
    assert graph.ops[3].threshold[:2].tolist() == [np.inf, -np.inf]
    assert np.all(np.isfinite(graph.ops[3].threshold[2:]))


def test_thresholds_on_the_sum_are_those_on_the_count():
    fan_in, tau = 9, np.array([-1, 0, 3, 4, 9, np.iinfo(np.int32).max, np.iinfo(np.int32).min], np.int32)
    count = np.arange(fan_in + 1)[:, None]
    assert np.array_equal(fan_in - 2 * count >= sum_thresholds(tau, fan_in), ~(count > tau))


def test_multiplier_and_bias_follow_the_activation():
    stack = [binary(), layers.ReLU(), layers.BatchNormalization()]
    graph = assert_read(converted(model_of(IMAGE, *stack)), tolerance=1e-6)
    assert kinds(graph) == ["Input", "Binarize", "Conv2D", "Activation", "Affine"]
    assert graph.ops[2].kernel.scale.tolist() == [1] * 32


def test_scaled_binary_kernels_and_residuals():
    image = keras.Input(IMAGE)
    x = binary(padding="same", kernel_quantizer="magnitude_aware_sign", pad_values=1)(image)
    x = layers.Add()([layers.BatchNormalization()(x), image])
    x = layers.PReLU(shared_axes=[1, 2])(binary(padding="same")(x))
    graph = assert_read(converted(randomised(keras.Model(image, layers.Concatenate()([x, image])))), tolerance=1e-5)
    assert [graph.is_binary(layer) for layer in graph.layers] == [True, True]


def test_binary_inputs_of_layers_that_stay_float():
    stack = [layers.Flatten(), lq.layers.QuantDense(5, input_quantizer="ste_sign", kernel_quantizer="ste_sign")]
    graph = assert_read(converted(model_of((3, 3, 8), *stack)), tolerance=1e-6)
    assert kinds(graph) == ["Input", "Reshape", "Binarize", "Dense"]
    assert graph.is_binary(graph.layers[0])  # as its values stand; the file holds floats


CONDITIONS = {
    "at least": lambda x: x >= 0.5,
    "more": lambda x: x > 1,
    "less": lambda x: x < 1,
    "at most": lambda x: x <= 1,
    "a number at least": lambda x: x <= 1,
    "per channel": lambda x: x >= np.linspace(-1, 1, 4, dtype=np.float32),
    "per pixel": lambda x: x >= np.linspace(-1, 1, 16, dtype=np.float32).reshape(2, 2, 4),
    "of two values": lambda x: x >= x[..., ::-1],
    "not": lambda x: tf.logical_not(x >= 1),
    "hysteresis": lambda x: (x >= 1) | ((x >= -1) & (x[..., ::-1] >= 0)),
}


@pytest.mark.parametrize("convert", [converted, stock_converted])
def test_conditions_become_signs(convert):
    image = keras.Input((2, 2, 4))
    outputs = [tf.where(condition(image), 1.0, -1.0) for condition in CONDITIONS.values()]
    outputs += [tf.where(image >= 0.5, 3.0, 1.0), tf.where(image >= 0.5, 1.0, 3.0), tf.cast(image > 0, tf.float32)]
    assert_read(convert(keras.Model(image, outputs)), samples=50, grid=0.5)


STEPPED = {
    "ste_sign": ("ste_sign", 2),
    "ste_tern": ("ste_tern", 3),
    "ste_heaviside": ("ste_heaviside", 2),
    "dorefa of 1 bit": (lq.quantizers.DoReFa(1), 2),
    "dorefa of 2 bits": (lq.quantizers.DoReFa(2), 4),
    "dorefa of 4 bits": (lq.quantizers.DoReFa(4), 16),
}


@pytest.mark.parametrize("name", STEPPED)
def test_quantizers_spelled_in_arithmetic_are_one_step_function(name):
    quantizer, levels = STEPPED[name]
    layer = lq.layers.QuantConv2D(3, 3, input_quantizer=quantizer, kernel_quantizer="ste_sign", use_bias=False)
    graph = assert_read(stock_converted(model_of((5, 5, 4), layer)), tolerance=1e-6, samples=20, grid=1 / 6)
    assert len(graph) == 3
    step = graph.ops[1]
    if isinstance(step, ops.Binarize):
        assert (levels, float(step.threshold.item())) == (2, 0.0)
    else:
        assert len(step.levels) == levels


FAMILIES = {
    "activations": [
        *(layers.Activation(kind) for kind in ("relu", "tanh", "sigmoid", "hard_sigmoid", "swish")),
        layers.ReLU(6.0),
        layers.LeakyReLU(0.2),
        layers.PReLU(shared_axes=[1, 2]),
        layers.PReLU(),
        layers.Softmax(),
        layers.Lambda(lambda x: tf.clip_by_value(x, -1.0, 1.0)),
        layers.Lambda(lambda x: tf.clip_by_value(x, -0.5, 2.0)),
        layers.Lambda(lambda x: x * tf.nn.relu6(x + 3) / 6),
        layers.Lambda(tf.abs),
        layers.Lambda(tf.square),
    ],
    "arithmetic": [
        layers.BatchNormalization(),
        layers.Lambda(lambda x: 1 - x / 3),
        layers.Lambda(lambda x: tf.nn.relu(2 * x + 1)),
        layers.Lambda(lambda x: -x),
        layers.Lambda(lambda x: x + np.linspace(-1, 1, 8 * 6 * 4, dtype=np.float32).reshape(8, 6, 4)),
        layers.Lambda(lambda x: x - x[..., ::-1]),
        layers.Lambda(lambda x: x * tf.nn.sigmoid(x[:, :1, :1])),
        layers.Lambda(lambda x: tf.reshape(tf.reduce_mean(x, (1, 2)), (-1, 1, 1, 4)) * x),
        layers.Lambda(lambda x: x - tf.reshape(tf.reduce_mean(x, (1, 2)), (-1, 1, 1, 4))),
    ],
    "layers": [
        layers.Conv2D(5, 3, activation="relu"),
        layers.Conv2D(5, (3, 2), strides=2, padding="same"),
        layers.Conv2D(5, 2, dilation_rate=2, padding="same"),
        layers.Conv2D(6, 3, groups=2),
        layers.DepthwiseConv2D(3, padding="same"),
        layers.DepthwiseConv2D((2, 3), strides=2, depth_multiplier=2),
        layers.SeparableConv2D(5, 3),
        layers.Dense(5),
        keras.Sequential([layers.Flatten(), layers.Dense(5)]),
    ],
    "pools": [
        layers.MaxPool2D(2),
        layers.MaxPool2D(3, 2, padding="same"),
        layers.AveragePooling2D((2, 3)),
        layers.AveragePooling2D(3, 2, padding="same"),
        layers.AveragePooling2D((8, 6)),
        layers.GlobalAveragePooling2D(),
        layers.GlobalAveragePooling2D(keepdims=True),
        layers.GlobalMaxPool2D(),
    ],
    "shapes": [
        layers.ZeroPadding2D(((1, 2), (0, 3))),
        layers.Cropping2D(((1, 2), (0, 3))),
        layers.Flatten(),
        layers.Reshape((2, 4, 24)),
        layers.Lambda(lambda x: x[:, 1::3, ::-2, -3:]),
        layers.Lambda(lambda x: x[:, 2, :, 1]),
        layers.Lambda(lambda x: tf.pad(x, [[0, 0], [0, 1], [0, 0], [2, 1]], constant_values=3.0)),
        layers.Lambda(lambda x: tf.concat(tf.split(x, 2, axis=-1)[::-1], 1)),
        layers.Lambda(lambda x: tf.concat(tf.split(x, [1, 5], axis=2)[::-1], 2)),
    ],
}


def family(name: str) -> keras.Model:
    """One model with the output of each member of a family."""
    image = keras.Input((8, 6, 4))
    return randomised(keras.Model(image, [layer(image) for layer in FAMILIES[name]]))


@pytest.mark.parametrize("name", FAMILIES)
def test_float_operators(name):
    assert_read(stock_converted(family(name)), tolerance=2e-6)


def test_half_precision_weights():
    assert_read(stock_converted(family("layers"), half_precision=True), tolerance=2e-6)


@pytest.mark.parametrize("io", [tf.float32, tf.int8])
def test_int8_networks_agree_within_a_few_steps(io):
    image = keras.Input((8, 8, 4))
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(8, 3, padding="same", use_bias=False)(image)))
    x = layers.Concatenate()([layers.MaxPool2D()(x), layers.AveragePooling2D()(x)])
    x = layers.Add()([layers.DepthwiseConv2D(3, padding="same")(x), x])
    model = randomised(keras.Model(image, layers.Dense(5)(layers.Flatten()(x))))
    samples = np.random.default_rng(1).normal(0, 2, (20, 8, 8, 4)).astype(np.float32)
    content = int8_converted(model, samples, io=io)
    graph, runtime = from_tflite(content), reference(content)
    assert not graph.unknown
    (output,) = (runtime.run(samples),)
    step = 0.0
    values = interpret(graph, samples, graph.outputs)[graph.outputs[0]]
    step = graph[graph.outputs[0]].scale
    assert np.abs(values - output).max() <= 3 * step
    assert {layer.kernel.bits for layer in graph.layers} == {8}
    assert all(graph.input_bits(layer) == 8 for layer in graph.layers)


def test_unknown_operators_are_named_and_the_rest_is_read():
    image = keras.Input((4, 4, 3))
    model = keras.Model(image, [tf.nn.space_to_depth(image, 2), layers.ReLU()(image), tf.reduce_mean(image, -1)])
    graph = from_tflite(stock_converted(model))
    assert sorted(op.kind for op in graph.unknown) == ["MEAN over the axes [3] of 4", "SPACE_TO_DEPTH"]
    assert sum(isinstance(op, ops.Activation) for op in graph) == 1


def test_several_inputs_keep_their_names():
    first, second = keras.Input((4, 4, 3), name="first"), keras.Input((4, 4, 3), name="second")
    graph = assert_read(stock_converted(keras.Model([first, second], layers.Multiply()([first, second]))))
    assert sorted(op.name for op in graph.inputs) == ["first", "second"]


def test_graphs_of_converted_networks_can_be_kept(tmp_path):
    content = converted(model_of(IMAGE, binary(40), layers.BatchNormalization(), binary(), layers.ReLU()))
    graph = from_tflite(content)
    kept = load_graph(save_graph(graph, tmp_path / "network.qgraph"))
    samples = np.random.default_rng(0).normal(size=(2, *IMAGE)).astype(np.float32)
    for name, value in interpret(graph, samples).items():
        assert np.array_equal(interpret(kept, samples, [name])[name], value)


def test_contradictions_name_the_operator():
    model = read_flatbuffer(converted(model_of(IMAGE, binary())))
    (convolution,) = (operator for operator in model.operators if operator.kind == "LceBconv2d")
    convolution.options["channels_in"] = 1000
    with pytest.raises(FlatbufferError, match=r"Operator 1 \(LceBconv2d\).*channels_in is 1000.*32 channels"):
        from_tflite(model)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The `keras.initializers.serialize")  # of larq-zoo's blurpool_initializer
def test_a_zoo_model():
    """In a deep binary network a sum that is rounded across zero changes what follows, but not beyond reason."""
    import larq_zoo as zoo

    model = randomised(zoo.sota.QuickNetSmall(input_shape=(64, 64, 3), weights=None, num_classes=10))
    content = converted(keras.Model(model.input, model.layers[-2].output))  # without softmax
    graph = from_tflite(content)
    assert graph.unknown == ()
    assert sum(graph.is_binary(layer) for layer in graph.layers) == sum(
        isinstance(layer, lq.layers.QuantConv2D) and layer.input_quantizer is not None for layer in model.layers
    )
    samples = np.random.default_rng(0).normal(size=(4, 64, 64, 3)).astype(np.float32)
    logits = interpret(graph, samples, graph.outputs)[graph.outputs[0]]
    assert np.corrcoef(logits.ravel(), reference(content).run(samples).ravel())[0, 1] > 0.99


FLOATS = TensorSpec((1, 4, 4, 32))
ONES = TensorSpec((32,), data=np.ones(32, np.float32))
BCONV = {
    **{"channels_in": 32, "stride_height": 1, "stride_width": 1, "padding": 0, "pad_values": 1},
    **{"dilation_height_factor": 1, "dilation_width_factor": 1, "fused_activation_function": 0},
}


@pytest.mark.parametrize("pools", [0, 1])
def test_an_unknown_binarizer_is_named_itself(pools):
    """Larq Compute Engine 0.1 called it Bsign; what reads its packed bits is understood."""
    packed = TensorSpec((1, 4, 4, 1), "int32")
    kernel = TensorSpec((32, 3, 3, 1), "int32", data=np.zeros((32, 3, 3, 1), np.int32))
    pool = {"filter_height": 1, "filter_width": 1, "stride_height": 1, "stride_width": 1, "padding": 0}
    calls = [
        CallSpec("Bsign", ["x"], ["bits"]),
        *[CallSpec("LceBMaxPool2d", ["bits"], ["pooled"], options=pool)] * pools,
        CallSpec("LceBconv2d", ["pooled" if pools else "bits", "k", "m", "b", ""], ["y"], options=BCONV),
    ]
    tensors = {"x": FLOATS, "bits": packed, "pooled": packed, "k": kernel, "m": ONES, "b": ONES, "y": FLOATS}
    graph = from_tflite(tflite(tensors, calls, ["x"], ["y"]))
    assert [op.kind for op in graph.unknown] == ["Bsign", *["LceBMaxPool2d of Bsign"] * pools]
    (layer,) = graph.layers
    assert layer.kernel.shape == (3, 3, 32, 32)


@pytest.mark.parametrize("kind", ["ADD", "SUB", "MUL", "DIV", "MAXIMUM", "GREATER", "PRELU"])
@pytest.mark.parametrize("constant", [None, "a", "b"])
def test_operands_of_any_shapes_that_fit_are_read(kind, constant):
    """At the least as an unknown operation, never as a damaged file."""
    shapes = {"a": (2, 2, 1), "b": (1, 17)}
    data = {name: np.ones(shape, np.float32) if name == constant else None for name, shape in shapes.items()}
    tensors = {name: TensorSpec(shape, data=data[name]) for name, shape in shapes.items()}
    inputs = [name for name in shapes if name != constant]
    content = tflite(tensors | {"y": TensorSpec((2, 2, 17))}, [CallSpec(kind, ["a", "b"], ["y"])], inputs, ["y"])
    graph = from_tflite(content)
    assert graph[graph.outputs[0]].shape == (2, 17)


def test_a_sparse_constant_is_an_unknown_operation():
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    weights = TensorSpec((3, 4), data=np.ones((3, 4), np.float32))
    floats = TensorSpec((1, 4))
    call = CallSpec("FULLY_CONNECTED", ["x", "w", ""], ["y"], "FullyConnectedOptions")
    model = schema.ModelT.InitFromObj(
        schema.Model.GetRootAs(tflite({"x": floats, "w": weights, "y": TensorSpec((1, 3))}, [call], ["x"], ["y"]))
    )
    tensor = model.subgraphs[0].tensors[1]
    tensor.sparsity = schema.SparsityParametersT()
    model.buffers[tensor.buffer].data = model.buffers[tensor.buffer].data[:20]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    graph = from_tflite(bytes(builder.Output()))
    assert [op.kind for op in graph.unknown] == ["FULLY_CONNECTED with a constant of type float32"]
