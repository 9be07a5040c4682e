import numpy as np
import pytest

from larq_focal.keras import keras
from larq_focal.keras import larq as lq


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("quantizer", ["input_quantizer", "kernel_quantizer"])
def test_a_layer_that_fails_leaves_no_trace(error, quantizer):
    fails = False

    def may_fail(x):
        if fails:
            raise error("on purpose")
        return x

    layer = lq.layers.QuantConv2D(2, 3, padding="same", pad_values=1, **{quantizer: may_fail})
    images = np.random.default_rng(0).normal(size=(1, 5, 5, 2)).astype(np.float32)
    before = layer(images).numpy()
    fails = True
    with pytest.raises(error):
        layer(images)
    fails = False
    assert not lq.context.should_quantize()
    np.testing.assert_array_equal(layer(images), before)


def test_scopes_nest():
    with lq.context.quantized_scope(True):
        with lq.context.quantized_scope(False):
            assert not lq.context.should_quantize()
        assert lq.context.should_quantize()
    assert not lq.context.should_quantize()


def test_after_an_error_the_weights_are_the_latent_ones():
    layer = lq.layers.QuantDense(3, kernel_quantizer="ste_sign")
    model = keras.Sequential([keras.Input((4,)), layer])
    latent = model.get_weights()
    layer.kernel_quantizer.call = None
    with pytest.raises(TypeError):
        model(np.ones((1, 4), np.float32))
    for weight, before in zip(model.get_weights(), latent, strict=True):
        np.testing.assert_array_equal(weight, before)
