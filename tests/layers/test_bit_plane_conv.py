from typing import ClassVar

import numpy as np
import pytest

from larq_focal.deploy.audit import audit
from larq_focal.deploy.runtime import Runtime
from larq_focal.keras import keras, tf
from larq_focal.keras import larq as lq
from larq_focal.layers import BitPlaneConv2D
from larq_focal.network.keras.from_keras import from_keras
from larq_focal.quantizers import PACT
from tests.support.lce import converted
from tests.support.quantizer_contract import FORMATS
from tests.support.rewrite_contract import RewriteContract, integers

BINARY_KERNEL = {"filters": 6, "kernel_size": 3, "kernel_quantizer": "ste_sign"}


class TestIntegers(RewriteContract):
    rewritten = BitPlaneConv2D
    config: ClassVar = {**BINARY_KERNEL, "padding": "same"}
    products = 8

    def inputs(self):
        return integers(self.shape, 0, 256)

    def test_graph_declares_the_bits_of_the_inputs(self):
        *_, conv = from_keras(self.rewritten_network())
        assert conv.declared_bits == (8, 1)


class TestFeatureMaps(RewriteContract):
    """Binary weights on feature maps of 8 bits, in a learned range."""

    rewritten = BitPlaneConv2D
    config: ClassVar = {**BINARY_KERNEL, "padding": "same", "input_quantizer": PACT(8, clip=1.7)}
    products = 8
    formats = tuple(FORMATS)
    tolerance = 1e-6

    def inputs(self):
        return np.random.default_rng(1).normal(0.5, 1, (4, *self.shape)).astype(np.float32)


class TestTwoBitsInGroups(TestFeatureMaps):
    shape = (6, 7, 64)
    config: ClassVar = {
        "filters": 4,
        "kernel_size": (2, 3),
        "strides": 2,
        "groups": 2,
        "kernel_quantizer": "xnor_sign",
        "input_quantizer": lq.quantizers.DoReFa(2),
    }
    own_config: ClassVar = {"bits": 2}
    products = 2
    formats = ("keras",)

    def file_outputs(self, flatbuffer):
        return Runtime(flatbuffer).run(self.inputs())  # the other interpreter takes no groups


def test_audit_of_a_float_convolution_of_feature_maps_names_it():
    conv = lq.layers.QuantConv2D(4, 3, input_quantizer=PACT(8), kernel_quantizer="ste_sign")
    model = keras.Sequential([keras.Input((6, 6, 2)), conv])
    (row,) = audit(model, converted(model)).layers
    assert (row.intended, row.became) == ("few-bit", "float")
    assert "use signs, or a BitPlaneConv2D with bits=8 and this input quantizer" in row.fix


def test_takes_integer_types():
    layer, pixels = BitPlaneConv2D(3, 2, kernel_quantizer="ste_sign"), integers((4, 4, 1), 0, 256)
    np.testing.assert_array_equal(layer(pixels.astype(np.uint8)), layer(pixels))


def test_training_moves_kernel_and_range():
    layer = BitPlaneConv2D(3, 3, input_quantizer=PACT(8, clip=1.0), kernel_quantizer="ste_sign")
    model = keras.Sequential([keras.Input((5, 5, 2)), layer])
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(np.random.default_rng(0).normal(1, 1, (8, 5, 5, 2)), np.ones((8, 3, 3, 3)), verbose=0)
    assert all(np.any(first != second) for first, second in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"bits": 17}, "bits must be from 1 to 16, but is 17"),
        (
            {"input_quantizer": "ste_sign"},
            "must be None for integers, a DoReFa, or a PACT of activations, but is",
        ),
        ({"input_quantizer": PACT(2)}, "the input_quantizer has 2 bits, but bits is 8: make them the same"),
        ({"padding": "same", "pad_values": 1.0}, "pad_values must be 0, but is 1.0"),
        ({"data_format": "channels_first"}, "data_format must be 'channels_last'"),
    ],
)
def test_refuses_bad_arguments(config, message):
    with pytest.raises(ValueError, match=message):
        BitPlaneConv2D(4, 3, **config)


def test_refuses_channels_that_do_not_divide():
    with pytest.raises(ValueError, match="groups"):
        BitPlaneConv2D(6, 3, groups=3)(tf.ones((1, 5, 5, 4)))
