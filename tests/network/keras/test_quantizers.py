"""Quantizers of activations become steps that lie exactly where the quantizer has them."""

import numpy as np
import pytest

from larq_focal import quantizers as focal
from larq_focal.keras import keras, tf
from larq_focal.keras import larq as lq
from larq_focal.layers import BinaryDense
from larq_focal.network import ops
from larq_focal.network.interpret import interpret
from larq_focal.network.keras.from_keras import from_keras
from tests.network.models import assert_read, model_of, randomised

IMAGE = (6, 6, 4)


def dorefa(bits):
    return pytest.param(lambda: lq.quantizers.DoReFa(bits), id=f"DoReFa {bits}")


BINARIES = [pytest.param(row.quantizer, id=row.alias) for row in focal.QUANTIZERS if row.reading == "sign"]
STEPS = [
    pytest.param(lq.quantizers.SteHeaviside, id="SteHeaviside"),
    *[
        pytest.param(lambda threshold=threshold: lq.quantizers.SteTern(threshold), id=f"SteTern {threshold}")
        for threshold in (0.05, 0.3, 0.0, -0.2)
    ],
    *map(dorefa, [1, 2, 3, 4, 8]),
    *[pytest.param(lambda bits=bits: focal.PACT(bits, clip=2.3), id=f"PACT {bits}") for bits in (1, 2, 4)],
    pytest.param(lambda: focal.PowerOfTwo(-6, 0), id="PowerOfTwo"),
    pytest.param(lambda: focal.TernarySign(threshold=0.3), id="TernarySign"),
    pytest.param(lambda: focal.LogQuant(3, full_scale=1), id="LogQuant"),
    pytest.param(focal.SigmoidStep, id="SigmoidStep"),
    pytest.param(lambda: focal.LSQ(3, step=0.3), id="LSQ"),
    pytest.param(lambda: focal.LSQ(4, signed=False, step=0.1), id="LSQ unsigned"),
]


def test_every_quantizer_of_steps_is_among_those_tested():
    tested = {type(param.values[0]()) for param in STEPS}
    assert {row.quantizer for row in focal.QUANTIZERS if row.reading == "steps"} == tested


def neighbours(points):
    """The points and the floats right below and above each."""
    points = np.asarray(points, np.float32)
    return np.concatenate([points, np.nextafter(points, -np.inf), np.nextafter(points, np.inf)])


def assert_same_steps(quantizer, x):
    x = np.resize(x, (len(x) // 4 + 1, 4)).astype(np.float32)
    graph = from_keras(keras.Sequential([keras.Input((4,)), quantizer]))
    np.testing.assert_array_equal(interpret(graph, x, graph.outputs)[graph.outputs[0]], quantizer(x).numpy())
    return graph[graph.outputs[0]]


@pytest.mark.parametrize("make", [*BINARIES, *STEPS])
def test_random_numbers_and_zeros(make):
    x = np.random.default_rng(0).normal(size=1000)
    assert_same_steps(make(), np.concatenate([x, x / 10, [0.0, -0.0, 1e30, -1e30, 1.0, -1.0, 0.5]]))


@pytest.mark.parametrize("make", BINARIES)
def test_signs_become_one_threshold_at_zero(make):
    op = assert_same_steps(make(), np.zeros(4))
    assert isinstance(op, ops.Binarize)
    assert (op.threshold, op.flip) == (0, None)


@pytest.mark.parametrize("make", STEPS)
def test_steps_are_where_they_are_to_the_last_bit(make):
    op = assert_same_steps(make(), [0.0])
    assert isinstance(op, ops.Quantize)
    normal = op.boundaries[np.abs(op.boundaries) > 1e-30]  # TensorFlow takes the smallest numbers for 0
    assert_same_steps(make(), neighbours([*normal, 0.0, 1.0]).clip(-1e30, 1e30))


@pytest.mark.parametrize(
    ("make", "levels"),
    [
        (lq.quantizers.SteHeaviside, [0, 1]),
        (lq.quantizers.SteTern, [-1, 0, 1]),
        (lambda: lq.quantizers.DoReFa(1), [0, 1]),
        (lambda: lq.quantizers.DoReFa(2), np.float32([0, 1, 2, 3]) / np.float32(3)),
    ],
)
def test_levels(make, levels):
    np.testing.assert_array_equal(assert_same_steps(make(), [0.0]).levels, np.float32(levels))


def test_ternary_thresholds_belong_to_the_outer_levels():
    lower, upper = assert_same_steps(lq.quantizers.SteTern(0.3), [0.0]).boundaries
    assert upper == np.float32(0.3)
    assert lower == np.nextafter(np.float32(-0.3), np.float32(0))


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("kernel_size", [3, (2, 5)])
def test_learnable_activation_binarizer_is_a_convolution_and_a_sign(kernel_size, use_bias):
    quantizer = focal.LearnableActivationBinarizer(kernel_size, use_bias=use_bias)
    conv = lq.layers.QuantConv2D(8, 3, name="conv", input_quantizer=quantizer, kernel_quantizer="ste_sign")
    graph = assert_read(model_of((7, 8, 4), conv))
    assert [op.name for op in graph][1:] == ["conv/input_quantizer/response", "conv/input_quantizer", "conv"]
    assert graph["conv/input_quantizer/response"].is_depthwise
    assert graph.is_binary(graph["conv"])
    assert graph["conv"].input_quantizer == "learnable_activation_binarizer"
    assert graph["conv"].declared_bits == (1, 1)


def test_a_dense_layer_gives_the_binarizer_its_features_as_one_pixel():
    quantizer = focal.LearnableActivationBinarizer(kernel_initializer="glorot_uniform")
    dense = BinaryDense(8, name="dense", input_quantizer=quantizer, kernel_quantizer="ste_sign")
    graph = assert_read(model_of((6,), dense))
    assert graph["dense/input_quantizer/response"].shape == (1, 1, 6)
    assert graph.is_binary(graph["dense"])


@pytest.mark.parametrize("quantizer", ["niblack_sign", "sauvola_sign"])
def test_local_thresholds_are_computed(quantizer):
    conv = lq.layers.QuantConv2D(8, 3, name="conv", input_quantizer=quantizer, kernel_quantizer="ste_sign")
    graph = assert_read(model_of(IMAGE, conv))
    assert graph.is_binary(graph["conv"])


@pytest.mark.parametrize("delta", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("shape", [(4,), (5, 4), IMAGE])
def test_ternary_thresholds_that_follow_each_sample(shape, delta):
    model = keras.Sequential([keras.Input(shape), focal.TernarySign(delta)])
    graph = from_keras(model)
    # Some samples on their threshold, exactly: of equal magnitudes the mean is each.
    x = np.random.default_rng(0).normal(size=(6, *shape)).astype(np.float32) * np.float32(
        [1, 8, 0.25, 1, 0, 1]
    ).reshape(-1, *[1] * len(shape))
    x[3] = np.sign(x[3])
    (output,) = graph.outputs
    np.testing.assert_array_equal(interpret(graph, x, [output])[output], model(x))
    assert graph.bits(output) == 2


def test_a_convolution_of_such_ternary_inputs_is_read():
    conv = lq.layers.QuantConv2D(8, 3, name="conv", input_quantizer="ternary_sign", kernel_quantizer="ste_sign")
    graph = assert_read(model_of(IMAGE, conv))
    assert graph["conv"].declared_bits == (2, 1) and graph.input_bits(graph["conv"]) == 2


def test_a_learned_step_is_that_of_the_levels():
    conv = lq.layers.QuantConv2D(8, 3, name="conv", input_quantizer=focal.LSQ(signed=False), kernel_quantizer="lsq")
    model = model_of(IMAGE, conv)
    conv.input_quantizer.step.assign(0.75)
    conv.kernel_quantizer.step.assign(0.5)
    graph = assert_read(model)
    np.testing.assert_array_equal(graph["conv/input_quantizer"].levels, [0, 0.75, 1.5, 2.25])
    assert graph["conv"].declared_bits == (2, 2) and graph["conv"].kernel.bits == 2


def test_a_step_that_is_not_measured_yet_is_not_guessed():
    conv = lq.layers.QuantConv2D(8, 3, input_quantizer="lsq", kernel_quantizer="ste_sign")
    (unknown,) = from_keras(keras.Sequential([keras.Input(IMAGE), conv])).unknown
    assert unknown.kind == "quantizer lsq (its step is measured in the first training step, and that has not been)"


def test_a_learned_clip_is_the_highest_level():
    conv = lq.layers.QuantConv2D(8, 3, name="conv", input_quantizer="pact", kernel_quantizer="ste_sign")
    model = model_of(IMAGE, conv)
    conv.input_quantizer.clip.assign(0.75)
    graph = from_keras(model)
    np.testing.assert_array_equal(graph["conv/input_quantizer"].levels, [0, 0.25, 0.5, 0.75])
    assert graph["conv"].declared_bits == (2, 1)


def test_learned_thresholds_are_thresholds():
    conv = lq.layers.QuantConv2D(8, 3, name="conv", input_quantizer="rsign", kernel_quantizer="ste_sign")
    graph = assert_read(model_of(IMAGE, conv), exact=True)
    np.testing.assert_array_equal(graph["conv/input_quantizer"].threshold, conv.input_quantizer.threshold)
    assert graph.is_binary(graph["conv"])


@pytest.mark.parametrize("quantizer", ["hysteresis_sign", "gumbel_sign"])
def test_kernels_are_read_as_in_inference(quantizer):
    conv = lq.layers.QuantConv2D(8, 3, input_quantizer="ste_sign", kernel_quantizer=quantizer)
    model = model_of(IMAGE, conv)
    if quantizer == "hysteresis_sign":  # what it remembers decides between the thresholds
        model.layers[0].kernel_quantizer.memory.assign(np.random.default_rng(0).choice([-1.0, 1.0], (3, 3, 4, 8)))
    graph = assert_read(model)
    assert graph.is_binary(graph.layers[0])
    assert graph.layers[0].kernel_quantizer == quantizer


class MySign(lq.quantizers.SteSign):
    def call(self, inputs):
        return super().call(inputs - 1.0)


def squeeze(x):
    return tf.sign(x)


squeeze.precision = 1


@pytest.mark.parametrize(
    ("quantizer", "kind", "bits"),
    [
        pytest.param(
            lambda: "magnitude_aware_sign", "magnitude_aware_sign (its scale depends on the data)", 1, id="magnitude"
        ),
        pytest.param(
            lambda: lq.quantizers.SteTern(ternary_weight_networks=True),
            "ste_tern (its threshold depends on the data)",
            2,
            id="TWN",
        ),
        pytest.param(
            lambda: lq.quantizers.DoReFa(3, mode="weights"),
            "dorefa_quantizer (for weights, its scale depends on the data)",
            3,
            id="DoReFa of weights",
        ),
        pytest.param(
            lambda: "sawb", "sawb (made for kernels: its levels would follow each batch)", 2, id="for kernels"
        ),
        pytest.param(MySign, "MySign (Sign)", 1, id="a subclass that computes something else"),
        pytest.param(lambda: squeeze, "squeeze (Sign)", 1, id="a function"),
    ],
)
def test_quantizers_that_are_not_understood_are_named(quantizer, kind, bits):
    conv = lq.layers.QuantConv2D(8, 3, input_quantizer=quantizer(), kernel_quantizer="ste_sign")
    graph = from_keras(model_of(IMAGE, conv))
    assert [op.kind for op in graph.unknown] == [f"quantizer {kind}"]
    assert graph.layers[0].declared_bits == (bits, 1)
    assert not graph.is_binary(graph.layers[0])


@pytest.mark.parametrize(
    "function", [tf.nn.tanh, keras.layers.Activation("relu"), lambda x: tf.clip_by_value(x, -1, 1)]
)
def test_other_functions_are_read_by_what_they_compute(function):
    conv = lq.layers.QuantConv2D(8, 3, input_quantizer=function, kernel_quantizer="ste_sign")
    graph = assert_read(model_of(IMAGE, conv))
    assert isinstance(graph[graph.layers[0].inputs[0]], ops.Activation)
    assert graph.layers[0].declared_bits == (None, 1)


def test_no_op_does_nothing_but_declare():
    conv = lq.layers.QuantConv2D(8, 3, input_quantizer=lq.quantizers.NoOp(1), kernel_quantizer=lq.quantizers.NoOp(1))
    graph = assert_read(model_of(IMAGE, conv))
    assert graph.layers[0].intended_binary
    assert not graph.is_binary(graph.layers[0])


def test_quantizers_stand_anywhere():
    """As a layer, as the activation of a layer, and as the activation of ``Activation``."""
    x = image = keras.Input(IMAGE)
    x = lq.quantizers.SteSign(name="first")(x)
    x = lq.layers.QuantConv2D(4, 3, name="conv", kernel_quantizer="ste_sign", activation=lq.quantizers.SteSign())(x)
    x = keras.layers.Activation(lq.quantizers.SteTern(), name="last")(x)
    graph = assert_read(randomised(keras.Model(image, x)))
    assert [(op.name, graph.bits(op.name)) for op in graph][1:] == [
        ("first", 1),
        ("conv", 32),
        ("conv/activation", 1),
        ("last", 2),
    ]


def test_reading_leaves_metrics_alone():
    with lq.context.metrics_scope(["flip_ratio"]):
        conv = lq.layers.QuantConv2D(4, 3, kernel_quantizer="ste_sign", input_quantizer=lq.quantizers.SteTern())
    model = model_of(IMAGE, conv)
    before = [weight.numpy() for weight in conv.kernel_quantizer.weights]
    from_keras(model)
    for old, new in zip(before, conv.kernel_quantizer.weights, strict=True):
        np.testing.assert_array_equal(old, new.numpy())
