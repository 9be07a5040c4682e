"""A converted file counts as its Keras model does: shared weights once, sequences, thresholds, unknown operators."""

import numpy as np
import pytest

import larq_focal as lqf
from larq_focal.cost import summary
from larq_focal.keras import keras, tf
from larq_focal.keras import larq as lq
from larq_focal.network import interpret, ops
from larq_focal.network.tflite.read.from_tflite import from_tflite
from tests.network.models import model_of, randomised

layers = keras.layers
KERNEL_SIGNS = {"kernel_quantizer": "ste_sign", "kernel_constraint": "weight_clip"}
SIGNS = {"input_quantizer": "ste_sign", "use_bias": False, **KERNEL_SIGNS}


def converted(model):
    return tf.lite.TFLiteConverter.from_keras_model(model).convert()


def agrees(model, graph, *inputs):
    results = interpret(graph, dict(zip((op.name for op in graph.inputs), inputs, strict=True)), graph.outputs)
    expected = model(inputs[0] if len(inputs) == 1 else list(inputs), training=False)
    np.testing.assert_allclose(results[graph.outputs[0]], expected, rtol=0, atol=1e-4)
    return graph


def test_a_shared_layer_by_hand(tmp_path):
    a, b = keras.Input((8, 8, 32), name="a"), keras.Input((8, 8, 32), name="b")
    shared = lq.layers.QuantConv2D(32, 3, **SIGNS)
    model = keras.Model([a, b], layers.Add()([shared(a), shared(b)]))
    path = tmp_path / "model.tflite"
    lqf.convert(model, path)
    for source in (path, converted(model)):
        costs = summary(from_tflite(source))
        assert (costs.weights, costs.parameter_bytes, costs.float32_bytes) == (9216, 1152, 36 * 1024)
        assert costs.macs_by_bits == {(1, 1): 2 * 6 * 6 * 9216}


def test_a_waveform_network_by_hand():
    model = model_of(
        (4096, 1),
        lq.layers.QuantConv1D(32, 9, **SIGNS),
        layers.BatchNormalization(),
        layers.Flatten(),
        layers.Dense(2),
    )
    costs = summary(from_tflite(converted(model)))
    assert costs.macs_by_bits == summary(model).macs_by_bits == {(1, 1): 1_177_344, (32, 32): 4088 * 32 * 2}
    assert costs.weights == summary(model).weights


@pytest.mark.parametrize(
    ("shape", "layer", "kind"),
    [
        ((5, 6, 3), lambda: layers.Conv2DTranspose(4, 3, strides=2, padding="same"), ops.Conv2DTranspose),
        ((5, 6, 3), lambda: layers.Conv2DTranspose(4, (2, 3), strides=(3, 2)), ops.Conv2DTranspose),
        ((4, 5, 6, 3), lambda: layers.Conv3D(4, 2, padding="same"), ops.Conv3D),
    ],
)
def test_layers_with_operations_of_their_own(shape, layer, kind):
    model = model_of(shape, layer())
    x = np.random.default_rng(0).normal(size=(1, *shape)).astype(np.float32)
    graph = agrees(model, from_tflite(converted(model)), x)
    assert [type(op) for op in graph.other_layers] == [kind]
    assert summary(graph).macs == summary(model).macs
    assert summary(graph).weights == summary(model).weights


def test_words_are_looked_up():
    words = keras.Input((6,), dtype="int32")
    model = randomised(keras.Model(words, layers.Embedding(10, 4)(words)))
    graph = agrees(model, from_tflite(converted(model)), np.arange(6)[None])
    assert summary(graph).parameter_bytes == 4 * 40


def test_learned_thresholds_count_once_each():
    """As from Keras: the threshold of each channel, not a scale beside it."""
    image = keras.Input((6, 6, 8))
    model = randomised(keras.Model(image, lqf.quantizers.RSign()(image)))
    assert summary(from_tflite(converted(model))).parameter_bytes == summary(model).parameter_bytes == 4 * 8


def test_what_is_not_understood_counts_what_it_stores():
    model = keras.Sequential([keras.Input((6, 5), batch_size=1), layers.LSTM(4)])  # one operator, with a fixed batch
    costs = summary(from_tflite(converted(model)))
    assert costs.uncounted and costs.to_dict()["totals"]["at_least"] is True
    assert costs.parameter_bytes >= 4 * 4 * (4 * 5 + 4 * 4)  # the biases may be integers of another form
    elu = summary(from_tflite(converted(model_of((6, 6, 3), layers.ELU()))))
    assert not elu.uncounted and len(elu.undescribed) == 1
