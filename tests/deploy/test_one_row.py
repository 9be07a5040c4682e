"""Binary 1-D convolutions are packed as 2-D ones of one row, with the numbers that Keras computes."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from larq_focal.deploy.audit import Audit
from larq_focal.deploy.conversion.freeze import freeze
from larq_focal.deploy.conversion.keras_models import convert_by_lce as convert
from larq_focal.deploy.conversion.one_row import with_one_row
from larq_focal.keras import keras, larq, tf
from larq_focal.network.tflite.flatbuffer import read_flatbuffer
from tests.deploy.networks import Times, convolution, network, positive, quantizer, random_kernel
from tests.support.lce import randomise_batch_norms

layers = keras.layers
LENGTH, CHANNELS = 16, 32


def row(filters: int = 32, size: int = 3, **options) -> layers.Layer:
    options = {
        "input_quantizer": "ste_sign",
        "kernel_quantizer": "ste_sign",
        "kernel_initializer": random_kernel(),
    } | options
    return larq.layers.QuantConv1D(filters, size, **options)


def sequence(*stack: layers.Layer, length: int = LENGTH, channels: int = CHANNELS) -> keras.Model:
    model = network(*stack, shape=(length, channels))
    randomise_batch_norms(model)
    return model


def packed(model: keras.Model, path) -> Audit:
    """Converts a model whose quantized layers must all be packed, and agree with Keras to rounding."""
    result = convert(model, path, strict=True).audit
    assert result.agreement.max_abs_difference <= 1e-5 * max(1, result.agreement.max_abs_output)
    assert not result.findings
    return result


def operations(path) -> list[str]:
    return [operator.kind for operator in read_flatbuffer(path).operators]


OPTIONS = {
    "valid": {},
    "same": {"padding": "same"},
    "same_ones": {"padding": "same", "pad_values": 1},
    "even_size": {"padding": "same", "size": 4},
    "causal": {"padding": "causal"},
    "strided": {"padding": "same", "strides": 2},
    "strided_causal": {"padding": "causal", "strides": 2, "size": 5},
    "dilated": {"dilation_rate": 3},
    "dilated_same": {"padding": "same", "dilation_rate": 2},
    "dilated_same_ones": {"padding": "same", "dilation_rate": 3, "pad_values": 1},
    "dilated_causal": {"padding": "causal", "dilation_rate": 4},
    "one_tap": {"size": 1},
    "odd_channels": {"filters": 7, "padding": "causal"},
    "no_bias": {"use_bias": False},
    "scaled": {"kernel_quantizer": "magnitude_aware_sign", "padding": "causal"},
    "other_sign": {"input_quantizer": "approx_sign", "padding": "causal"},
    "threshold": {
        "input_quantizer": quantizer(lambda x: tf.where(x >= 0.25, tf.ones_like(x), -tf.ones_like(x))),
        "padding": "causal",
    },
    "learned_threshold": {"input_quantizer": "rsign", "padding": "causal"},
}


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("length", [LENGTH, 17])
def test_it_is_packed_and_exact(name, length, tmp_path):
    (found,) = packed(sequence(row(**OPTIONS[name]), length=length), tmp_path / "model.tflite").layers
    assert (found.intended, found.became, found.operation) == ("binary", "packed", "LceBconv2d")


@pytest.mark.parametrize("length", [1, 2, 3, 4])
@pytest.mark.parametrize("padding", ["same", "causal"])
def test_sequences_shorter_than_the_filter(length, padding, tmp_path):
    """Larq Compute Engine's kernel would miscount zeros on both sides of a window."""
    packed(sequence(row(size=5, padding=padding), length=length), tmp_path / "model.tflite")


def test_groups(tmp_path):
    result = convert(sequence(row(64, groups=2, padding="causal"), channels=64), tmp_path / "model.tflite").audit
    assert result.all_packed and result.agreement.max_abs_difference < 1e-4


def test_it_is_the_2_d_convolution_with_a_kernel_of_one_row(tmp_path):
    """The same operations, numbers and bytes for the kernel."""
    one = sequence(row(padding="same", pad_values=1), layers.BatchNormalization())
    two = network(
        convolution(kernel_size=(1, 3), padding="same", pad_values=1),
        layers.BatchNormalization(),
        shape=(1, LENGTH, CHANNELS),
    )
    kernel, *others = one.get_weights()
    two.set_weights([kernel[np.newaxis], *others])
    of_one, of_two = packed(one, tmp_path / "one.tflite"), packed(two, tmp_path / "two.tflite")
    assert of_one.layers[0].bytes == of_two.layers[0].bytes == 32 * 3 * 4
    assert [kind for kind in operations(tmp_path / "one.tflite") if kind != "RESHAPE"] == operations(
        tmp_path / "two.tflite"
    )
    x = np.random.default_rng(0).normal(size=(2, LENGTH, CHANNELS)).astype(np.float32)
    np.testing.assert_allclose(one(x), tf.squeeze(two(x[:, np.newaxis]), 1), atol=1e-4)


class TestNetworks:
    ONES: ClassVar = {"padding": "same", "pad_values": 1, "use_bias": False}

    def test_what_stands_between_stays_packed(self, tmp_path):
        """Normalisations and pools are fused as in two dimensions: nothing but packed operations in the middle."""
        stack = row(**self.ONES), layers.BatchNormalization(), row(**self.ONES), layers.MaxPooling1D(2)
        model = sequence(
            *stack, layers.BatchNormalization(), row(**self.ONES), layers.ReLU(), layers.GlobalMaxPooling1D()
        )
        packed(model, tmp_path / "model.tflite")
        found = operations(tmp_path / "model.tflite")
        assert found.count("LceBconv2d") == 3 and found.count("RESHAPE") <= 2

    def test_residuals(self, tmp_path):
        image = layers.Input((LENGTH, CHANNELS))
        x = layers.BatchNormalization()(row(**self.ONES)(image))
        for options in ({"padding": "causal"}, self.ONES, {"padding": "same", "dilation_rate": 2}):
            x = layers.Add()([x, layers.BatchNormalization()(row(**options)(x))])
        x = layers.Concatenate()([x, layers.PReLU(shared_axes=[1])(row(8, 1)(x))])
        model = keras.Model(image, layers.Dense(4)(layers.GlobalAveragePooling1D()(x)))
        randomise_batch_norms(model)
        packed(model, tmp_path / "model.tflite")

    def test_float_stem_and_recurrent_head(self, tmp_path):
        stack = layers.Conv1D(32, 5, strides=2), layers.BatchNormalization(), row(), layers.BatchNormalization()
        packed(sequence(*stack, layers.Flatten(), layers.Dense(4), channels=3), tmp_path / "model.tflite")

    @pytest.mark.parametrize("shape", [(14, 32), (1, 14, 32), (14, 1), (1, 32), (1, 1, 1), (32,)])
    @pytest.mark.parametrize("end", [(), ("leaky",), ("leaky", "row")])
    def test_constants_of_any_shape_behind_it(self, shape, end, tmp_path):
        """The converter would fuse those of several axes, and crash or write a file that does not load."""
        more = {"leaky": layers.LeakyReLU, "row": row}
        packed(sequence(row(), Times(positive(*shape)), *(more[name]() for name in end)), tmp_path / "model.tflite")

    @settings(max_examples=8, deadline=None, derandomize=True, phases=[Phase.generate])
    @given(names=st.lists(st.sampled_from(sorted(OPTIONS)), min_size=1, max_size=3), length=st.sampled_from([24, 31]))
    def test_random_stacks(self, names, length, tmp_path_factory):
        stack = [
            item for name in names for item in (row(**{"filters": 32} | OPTIONS[name]), layers.BatchNormalization())
        ]
        model = sequence(*stack, layers.GlobalAveragePooling1D(), length=length)
        result = convert(model, tmp_path_factory.mktemp("row") / "model.tflite", strict=True).audit
        assert result.agreement.same_class >= 15 and len(result.agreement.differing) <= 1


class TestOthers:
    def test_what_is_no_binary_convolution_is_left_alone(self):
        stack = layers.Conv1D(8, 3), layers.MaxPooling1D(2), row(kernel_quantizer=None), row(input_quantizer=None)
        frozen = freeze(sequence(*stack, length=32))
        assert with_one_row(frozen) is frozen

    @pytest.mark.parametrize(
        ("options", "reason"),
        [
            ({"padding": "same", "pad_values": -1}, "a border of -1 is put around its input"),
            (
                {"input_quantizer": "ste_heaviside", "dilation_rate": 2, "padding": "causal"},
                "its input quantizer ste_heaviside gives 0 and 1",
            ),
            (
                {"kernel_quantizer": "ste_tern", "dilation_rate": 2},
                "its kernel quantizer ste_tern gives zeros (ternary)",
            ),
        ],
    )
    def test_what_stays_float_has_its_true_reason_alone(self, options, reason, tmp_path):
        (found,) = convert(sequence(row(**options)), tmp_path / "model.tflite").audit.layers
        assert found.became == "float" and found.reason.startswith(reason) and ";" not in found.reason

    def test_the_2_d_convolution_beside_it_is_as_before(self, tmp_path):
        image, line = layers.Input((8, 8, 32)), layers.Input((LENGTH, CHANNELS))
        outputs = [layers.GlobalMaxPooling2D()(convolution()(image)), layers.GlobalMaxPooling1D()(row()(line))]
        packed(keras.Model([image, line], layers.Add()(outputs)), tmp_path / "model.tflite")
