"""The audit's verdict where what lies between or behind binary convolutions decides how they convert."""

from __future__ import annotations

import numpy as np
import pytest

from larq_focal.deploy.conversion.keras_models import convert_by_lce as convert
from larq_focal.keras import keras, larq, tf
from larq_focal.network.tflite.flatbuffer import read_flatbuffer
from tests.deploy.networks import IMAGE, convolution, layers, off_ties, quantizer, random_kernel

THRESHOLD = np.linspace(-1, 1, 32).astype(np.float32)
THRESHOLDS = {
    "minus": quantizer(lambda x: larq.math.sign(x - THRESHOLD)),
    "ge": quantizer(lambda x: tf.where(x >= THRESHOLD, 1.0, -1.0)),
}


def between(kind: str, pad: int, x):
    y = convolution(padding="same", pad_values=pad, use_bias=False, name="first")(x)
    if kind == "relu":
        y = layers.ReLU()(y)
    y = layers.BatchNormalization(beta_initializer=keras.initializers.RandomNormal(seed=2))(y)
    if kind == "residual":
        y = layers.Add()([y, x])
    return layers.MaxPool2D(2)(y) if kind == "pool" else y


@pytest.mark.parametrize("threshold", THRESHOLDS)
@pytest.mark.parametrize(
    ("kind", "pad", "operations"),
    [
        ("norm", 1, {"LceQuantize": 1, "LceBconv2d": 2}),
        ("relu", 1, {"LceQuantize": 1, "LceBconv2d": 2}),
        ("norm", 0, {"LceQuantize": 2, "LceBconv2d": 2}),
        ("residual", 1, {"LceQuantize": 2, "LceBconv2d": 2, "ADD": 1, "SUB": 1}),
        ("pool", 1, {"LceQuantize": 2, "LceBconv2d": 2, "MAX_POOL_2D": 1, "SUB": 1}),
    ],
)
def test_thresholds_between_convolutions_are_packed(kind, pad, operations, threshold, tmp_path):
    x = layers.Input(IMAGE)
    y = convolution(
        THRESHOLDS[threshold], kernel_initializer=random_kernel(3), padding="same", pad_values=1, name="second"
    )(between(kind, pad, x))
    path = tmp_path / "model.tflite"
    model = keras.Model(x, y)
    audit = convert(model, path, data=off_ties(model)).audit
    assert [(row.layer, row.became, row.reason) for row in audit.layers] == [
        ("first", "packed", ""),
        ("second", "packed", ""),
    ]
    assert audit.passed and audit.agreement.same_class == audit.agreement.samples
    names = [operator.kind for operator in read_flatbuffer(path).operators]
    assert {name: names.count(name) for name in operations} == operations and len(names) == sum(operations.values())


@keras.utils.register_keras_serializable("tests")
class _Remembering(layers.Layer):
    """The sign of ``x + 0.3 * previous``: hysteresis with its memory outside the network."""

    def call(self, inputs):
        x, previous = inputs
        return tf.where(x + 0.3 * previous >= 0, 1.0, -1.0)


def test_hysteresis_with_its_state_as_input_and_output_is_packed(tmp_path):
    x, previous = layers.Input(IMAGE, name="x"), layers.Input(IMAGE, name="previous")
    state = _Remembering()([x, previous])
    model = keras.Model([x, previous], [convolution(None, name="layer")(state), state])
    (row,) = convert(model, tmp_path / "model.tflite").audit.layers
    assert row.became == "packed"


def test_a_scale_map_behind_the_convolution_leaves_it_packed(tmp_path):
    """XNOR-Net's map: the box-filtered mean magnitude of the input (Rastegari et al., ECCV 2016)."""
    x = layers.Input(IMAGE)
    magnitude = tf.reduce_mean(tf.abs(x), -1, keepdims=True)
    scale = layers.AveragePooling2D(3, strides=1)(magnitude)
    model = keras.Model(x, layers.Multiply()([convolution()(x), scale]))
    audit = convert(model, tmp_path / "model.tflite").audit
    assert audit.passed and [row.became for row in audit.layers] == ["packed"]
