"""Models of every form are read; models that cannot be are refused, with what to change."""

import numpy as np
import pytest

from larq_focal.cost import summary
from larq_focal.keras import keras, tf
from larq_focal.keras import larq as lq
from larq_focal.layers import RPReLU
from larq_focal.network import interpret, ops, save_graph
from larq_focal.network.keras.from_keras import from_keras
from larq_focal.quantizers import RSign
from tests.network.models import assert_read, model_of, randomised

layers = keras.layers
KERNEL_SIGNS = {"kernel_quantizer": "ste_sign", "kernel_constraint": "weight_clip"}
SIGNS = {"input_quantizer": "ste_sign", "kernel_quantizer": "ste_sign", "kernel_constraint": "weight_clip"}


def block(shape, name="block"):
    """A model with a residual, to be nested."""
    image = keras.Input(shape)
    x = lq.layers.QuantConv2D(shape[-1], 3, padding="same", pad_values=1.0, name="conv", **SIGNS)(image)
    x = layers.BatchNormalization(name="norm")(x)
    return keras.Model(image, layers.Add(name="add")([x, image]), name=name)


def two_layers():
    return model_of(
        (8, 8, 1),
        lq.layers.QuantConv2D(16, 3, padding="same", kernel_quantizer="ste_sign", kernel_constraint="weight_clip"),
        layers.BatchNormalization(),
        lq.layers.QuantConv2D(32, 3, padding="same", pad_values=1.0, use_bias=False, **SIGNS),
        layers.MaxPooling2D(),
        layers.BatchNormalization(),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    )


def test_a_sequential_network():
    graph = assert_read(two_layers())
    assert [type(op).__name__ for op in graph] == [
        *("Input", "Conv2D", "Affine", "Binarize", "Conv2D", "Pool2D", "Affine", "Reshape", "Dense", "Activation")
    ]
    assert [graph.is_binary(op) for op in graph.layers] == [False, True, False]
    assert [op.declared_bits for op in graph.layers] == [(None, 1), (1, 1), (None, None)]


def test_a_sequential_network_built_by_its_shape():
    model = keras.Sequential([layers.Conv2D(4, 3), layers.ReLU()])
    model.build((None, 6, 6, 3))
    assert_read(model)


def test_nested_models_are_written_out():
    model = model_of((6, 6, 4), block((6, 6, 4)), keras.Sequential([layers.ReLU(name="relu")], name="tail"))
    graph = assert_read(model)
    assert [op.origin for op in graph][1:] == ["block/conv", "block/conv", "block/norm", "block/add", "tail/relu"]
    assert graph["block/conv"].inputs == ("block/conv/input_quantizer",)


def test_nested_models_take_the_size_they_are_called_with():
    inner = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(4, 3), layers.MaxPooling2D()], name="inner")
    graph = assert_read(model_of((9, 11, 3), inner))
    assert graph["inner/" + inner.layers[1].name].shape == (3, 4, 4)


def test_shared_layers_are_read_once_per_call():
    shared, inner = layers.Conv2D(4, 3, padding="same", name="shared"), block((6, 6, 4), name="inner")
    image = keras.Input((6, 6, 4))
    model = keras.Model(image, inner(shared(inner(shared(image)))))
    graph = assert_read(randomised(model))
    convolutions = [op for op in graph if isinstance(op, ops.Conv2D)]
    assert [op.name for op in convolutions] == ["shared", "inner/conv", "shared#2", "inner/conv#2"]
    assert [op.origin for op in convolutions] == ["shared", "inner/conv"] * 2


def test_several_inputs_and_outputs():
    a, b = keras.Input((6, 6, 2), name="a"), keras.Input((6, 6, 2), name="b")
    mixed = layers.Concatenate()([b, a])
    graph = assert_read(randomised(keras.Model([a, b], [layers.Conv2D(3, 3)(mixed), mixed, a])))
    assert [op.name for op in graph.inputs] == ["a", "b"]
    assert graph.outputs[2] == "a"


def test_inputs_and_outputs_by_name():
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    inner = keras.Model({"x": a, "y": b}, {"sum": layers.Add()([a, b]), "difference": layers.Subtract()([a, b])})
    outer_a, outer_b = keras.Input((3,), name="outer_a"), keras.Input((3,), name="outer_b")
    results = inner({"y": outer_b, "x": outer_a})
    assert_read(keras.Model([outer_a, outer_b], [results["sum"], results["difference"]]))


def test_a_model_within_a_model_of_its_layers():
    """A part of a trained network, as for transfer learning."""
    whole = two_layers()
    graph = assert_read(keras.Model(whole.inputs, whole.layers[3].output))
    assert [type(op).__name__ for op in graph][-2:] == ["Conv2D", "Pool2D"]


def test_weights_are_read_as_they_are_now():
    model = two_layers()
    before = from_keras(model)
    randomised(model, seed=1)
    after = assert_read(model)
    assert (before.layers[1].kernel.codes != after.layers[1].kernel.codes).any()


class Subclassed(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(3)

    def call(self, x):
        return self.dense(x)


def test_a_saved_model_of_an_unknown_class_says_what_to_do(tmp_path):
    model = Subclassed(name="m")
    model(np.ones((2, 3), np.float32))
    model.save(tmp_path / "saved", save_format="tf")
    loaded = keras.models.load_model(tmp_path / "saved", compile=False)
    with pytest.raises(ValueError, match=r"class of the model 'm' is not known here.*Import the module"):
        from_keras(loaded)
    known = keras.models.load_model(tmp_path / "saved", compile=False, custom_objects={"Subclassed": Subclassed})
    assert len(from_keras(known).layers) == 1


class Stubborn(keras.Model):
    """Needs numbers, which symbolic inputs do not have."""

    def call(self, x):
        return tf.constant(x.numpy())


def called(model):
    model(np.ones((2, 3), np.float32))
    return model


def without_inputs():
    return keras.Model([], [], name="m")


def channels_first():
    image = keras.Input((3, 6, 6))
    return keras.Model(image, layers.MaxPooling2D(data_format="channels_first", name="pool")(image), name="m")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: Subclassed(name="m"), r"inputs of the model 'm', a subclass of keras.Model, are not known: call it"),
        (without_inputs, "model 'm' has no inputs"),
        (
            lambda: called(Stubborn(name="m")),
            r"'m', a subclass of keras.Model, cannot be followed: .*numpy.*functional",
        ),
        (lambda: keras.Sequential([layers.Dense(3)], name="m"), "'m' is not built: .*`input_shape`"),
        (channels_first, "layer 'pool' has its channels first.*channels_last"),
        (
            lambda: keras.Sequential([keras.Input((None, None, 3), name="image"), layers.ReLU()]),
            r"input 'image' has the shape \(None, None, 3\): .*fixed input size",
        ),
        (lambda: layers.Dense(3), "Expected a Keras model, not Dense"),
    ],
)
def test_models_that_cannot_be_read_are_refused(model, message):
    with pytest.raises(ValueError, match=message):
        from_keras(model())


def test_a_subclassed_model_inside_is_written_out():
    graph = assert_read(model_of((3,), Subclassed(name="inner"), layers.ReLU()))
    (dense,) = graph.layers
    assert dense.origin.startswith("inner/dense")


class Residual(keras.Model):
    """Layers called twice, operations between them, a list as input and a dictionary as output."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.conv = lq.layers.QuantConv2D(4, 3, padding="same", pad_values=1.0, use_bias=False, name="conv", **SIGNS)
        self.norm = layers.BatchNormalization(name="norm")
        self.drop = layers.Dropout(0.5)
        self.head = Subclassed(name="head")

    def call(self, inputs, training=None):
        a, b = inputs
        x = self.norm(self.conv(a), training=training) + b
        x = self.drop(self.conv(x), training=training)
        return {"map": x, "scores": self.head(tf.reduce_mean(x, [1, 2]))}


def test_a_subclassed_model_that_was_called_is_read():
    model = Residual(name="residual")
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=(2, 6, 6, 4)).astype(np.float32) for _ in range(2)]
    model(inputs)
    randomised(model)
    expected = model(inputs)
    calls = [len(layer._inbound_nodes) for layer in model.layers]
    graph = from_keras(model)
    assert [len(layer._inbound_nodes) for layer in model.layers] == calls  # reading leaves no trace in the layers
    assert not graph.unknown
    results = interpret(graph, dict(zip((op.name for op in graph.inputs), inputs, strict=True)), graph.outputs)
    for name, key in zip(graph.outputs, ("map", "scores"), strict=True):
        np.testing.assert_allclose(results[name], expected[key], rtol=0, atol=1e-5)
    convolutions = [op for op in graph.layers if isinstance(op, ops.Conv2D)]
    assert [op.name for op in convolutions] == ["conv", "conv#2"]
    assert all(map(graph.is_binary, convolutions))
    assert convolutions[0].kernel.codes is convolutions[1].kernel.codes


def test_a_subclassed_model_that_was_fitted_is_read():
    model = Subclassed(name="m")
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 5)), np.ones((4, 3)), verbose=0)
    graph = from_keras(model)
    assert [op.shape for op in graph.inputs] == [(5,)]
    x = np.random.default_rng(0).normal(size=(2, 5)).astype(np.float32)
    np.testing.assert_allclose(interpret(graph, x)[graph.outputs[0]], model(x), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "layer",
    [
        pytest.param(lambda: layers.PReLU(shared_axes=[1, 2]), id="prelu"),
        pytest.param(lambda: RPReLU(), id="rprelu"),
        pytest.param(lambda: layers.BatchNormalization(), id="batch norm"),
        pytest.param(lambda: layers.LayerNormalization(), id="layer norm"),
        pytest.param(lambda: layers.SeparableConv2D(4, 3, padding="same"), id="separable"),
        pytest.param(lambda: layers.Conv2DTranspose(4, 3, padding="same"), id="transposed"),
        pytest.param(lambda: lq.layers.QuantConv2D(4, 1, input_quantizer="rsign", **KERNEL_SIGNS), id="rsign"),
        pytest.param(lambda: lq.layers.QuantConv2D(4, 1, kernel_quantizer="magnitude_aware_sign"), id="scales"),
        pytest.param(lambda: layers.ConvLSTM2D(4, 3, padding="same"), id="not described"),
    ],
)
def test_a_layer_called_twice_stores_its_weights_once(layer, tmp_path):
    """The same layer twice stores as much as once, two such layers twice as much; also behind a graph file."""
    shape = (2, 6, 6, 4) if isinstance(layer(), layers.ConvLSTM2D) else (6, 6, 4)
    a, b = keras.Input(shape, name="a"), keras.Input(shape, name="b")
    shared = layer()
    once, twice = keras.Model(a, shared(a)), keras.Model([a, b], [shared(a), shared(b)])
    apart = randomised(keras.Model([a, b], [layer()(a), layer()(b)]))
    randomised(once)
    one, both = summary(once), summary(twice)
    assert one.parameter_bytes > 0
    assert (both.parameter_bytes, both.float32_bytes) == (one.parameter_bytes, one.float32_bytes)
    assert both.macs == 2 * one.macs
    assert (summary(apart).parameter_bytes, summary(apart).macs) == (2 * one.parameter_bytes, 2 * one.macs)
    assert summary(save_graph(from_keras(twice), tmp_path / "net.qgraph")).to_dict() == both.to_dict()


def test_one_quantizer_in_two_layers_stores_its_thresholds_once():
    image = keras.Input((6, 6, 4))
    quantizer = RSign()
    x = lq.layers.QuantConv2D(4, 1, input_quantizer=quantizer, use_bias=False, **KERNEL_SIGNS)(image)
    x = lq.layers.QuantConv2D(4, 1, input_quantizer=quantizer, use_bias=False, **KERNEL_SIGNS)(x)
    assert summary(keras.Model(image, x)).parameter_bytes == 2 * 16 / 8 + 4 * 4


def test_shared_weights_by_hand():
    """One 3x3 convolution of 32 maps on two inputs of 32: 9,216 weights, 1,152 B, 36 KiB in float32."""
    a, b = keras.Input((8, 8, 32)), keras.Input((8, 8, 32))
    shared = lq.layers.QuantConv2D(32, 3, use_bias=False, **SIGNS)
    costs = summary(keras.Model([a, b], layers.Add()([shared(a), shared(b)])))
    assert (costs.weights, costs.parameter_bytes, costs.float32_bytes) == (9216, 1152, 36 * 1024)
    assert costs.macs_by_bits == {(1, 1): 2 * 6 * 6 * 9216}
