from typing import ClassVar

import numpy as np
import pytest

from larq_focal.deploy.runtime import Runtime
from larq_focal.keras import keras
from larq_focal.keras import larq as lq
from larq_focal.layers import BinarySumConv2D, LogGradient
from larq_focal.network.keras.from_keras import from_keras
from larq_focal.quantizers import TernarySign
from tests.support.lce import converted, lce_outputs, operators
from tests.support.quantizer_contract import FORMATS
from tests.support.rewrite_contract import RewriteContract

HEAVISIDE = {"input_quantizer": "ste_heaviside", "kernel_quantizer": "ste_sign"}
TERNARY_INPUTS = {"input_quantizer": TernarySign(threshold=2), "kernel_quantizer": "ste_sign"}
TERNARY_KERNEL = {"input_quantizer": "ste_sign", "kernel_quantizer": lq.quantizers.SteTern(0.2)}
TERNARY = {"input_quantizer": TernarySign(threshold=2), "kernel_quantizer": lq.quantizers.SteTern(0.2)}


class BinarySumContract(RewriteContract):
    rewritten = BinarySumConv2D


class TestZeroAndOne(BinarySumContract):
    config: ClassVar = {"filters": 6, "kernel_size": 3, "padding": "same", **HEAVISIDE}
    own_config: ClassVar = {"input_levels": (0, 1)}
    intended = "binary"
    products = 1


class TestZeroAndOneWithStrides(BinarySumContract):
    config: ClassVar = {"filters": 6, "kernel_size": 3, "padding": "same", "strides": 2, **HEAVISIDE}
    own_config: ClassVar = {"input_levels": (0, 1)}
    intended = "binary"
    products = 1


class TestZeroAndOneWithoutPadding(BinarySumContract):
    config: ClassVar = {"filters": 6, "kernel_size": (2, 3), "dilation_rate": 2, **HEAVISIDE}
    own_config: ClassVar = {"input_levels": (0, 1)}
    intended = "binary"
    products = 1


class TestTernaryInputs(BinarySumContract):
    config: ClassVar = {"filters": 6, "kernel_size": 3, "padding": "same", **TERNARY_INPUTS}
    own_config: ClassVar = {"input_levels": (-1, 0, 1)}
    products = 2


class TestTernaryKernel(BinarySumContract):
    config: ClassVar = {"filters": 6, "kernel_size": 3, "padding": "same", "pad_values": 1, **TERNARY_KERNEL}
    own_config: ClassVar = {"kernel_levels": (-1, 0, 1)}
    products = 2

    def network(self, layer):
        """One channel of the kernel is all 0."""
        model = super().network(layer)
        kernel, *others = model.get_weights()
        kernel[..., 2] = 0
        model.set_weights([kernel, *others])
        return model


class TestTernaryInputsAndKernel(BinarySumContract):
    formats = tuple(FORMATS)
    config: ClassVar = {"filters": 6, "kernel_size": 3, "padding": "same", **TERNARY}
    own_config: ClassVar = {"input_levels": (-1, 0, 1), "kernel_levels": (-1, 0, 1)}
    products = 4


class TestZeroAndOneInGroups(BinarySumContract):
    shape = (5, 5, 64)
    config: ClassVar = {"filters": 6, "kernel_size": 3, "groups": 2, **HEAVISIDE}
    own_config: ClassVar = {"input_levels": (0, 1)}
    intended = "binary"
    products = 1

    def file_outputs(self, flatbuffer):
        return Runtime(flatbuffer).run(self.inputs())  # the other interpreter takes no groups


def test_two_bit_inputs_are_three_binary_convolutions():
    config = {"filters": 4, "kernel_size": 3, "padding": "same", "input_quantizer": lq.quantizers.DoReFa(2)}
    layer = BinarySumConv2D(**config, kernel_quantizer="ste_sign", input_levels=np.arange(4) / 3)
    direct = lq.layers.QuantConv2D(**config, kernel_quantizer="ste_sign")
    x = np.random.default_rng(0).uniform(-0.2, 1.2, (2, 6, 6, 4)).astype(np.float32)
    model = keras.Sequential([keras.Input((6, 6, 4)), layer])
    direct.build(x.shape)
    direct.set_weights(layer.get_weights())
    np.testing.assert_allclose(model(x), direct(x), atol=1e-5)
    flatbuffer = converted(model)
    assert operators(flatbuffer)["LceBconv2d"] == 3
    np.testing.assert_allclose(lce_outputs(flatbuffer, x), model(x), atol=1e-5)


def test_log_gradients_reach_binary_convolutions():
    conv = BinarySumConv2D(4, 3, input_levels=(-1, 0, 1), kernel_quantizer="ste_sign")
    model = keras.Sequential([keras.Input((8, 8, 3)), LogGradient(), conv])
    image = np.random.default_rng(0).uniform(0.01, 1, (2, 8, 8, 3)).astype(np.float32)
    flatbuffer = converted(model)
    assert operators(flatbuffer)["LceBconv2d"] == 2
    np.testing.assert_array_equal(lce_outputs(flatbuffer, image), model(image))
    assert from_keras(model).input_bits(from_keras(model)[conv.name]) == 2


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"input_levels": (1, 0)}, r"input_levels must be two or more rising numbers, but is \(1.0, 0.0\)"),
        ({"kernel_levels": (0, 1)}, "kernel_levels must hold each level with both signs"),
        ({"padding": "same"}, r"pads with pad_values=0, which is none of the input_levels .*: use padding='valid'"),
        ({"data_format": "channels_first"}, "data_format must be 'channels_last'"),
    ],
)
def test_binary_sum_refuses_bad_arguments(config, message):
    with pytest.raises(ValueError, match=message):
        BinarySumConv2D(4, 3, **config)
