"""Whole networks: the delegate in stock LiteRT gives what LCE's interpreter gives."""

from __future__ import annotations

import larq_zoo as lqz
import numpy as np
import pytest

from benchmarks.zoo_equality import TOLERANCE, difference, operation_differences
from larq_focal import Runtime, delegate
from larq_focal.keras import keras
from larq_focal.network.tflite.flatbuffer import read_flatbuffer
from tests.delegate import cases
from tests.delegate.engines import WithDelegate, lce_outputs
from tests.support.lce import converted, randomise_batch_norms

NETWORKS = [
    lqz.sota.QuickNetSmall,
    lqz.literature.BiRealNet,
    lqz.literature.BinaryDenseNet28,
    lqz.literature.RealToBinaryNet,
    lqz.literature.MeliusNet22,
]


@pytest.mark.slow
@pytest.mark.usefixtures("forgets_models")
@pytest.mark.filterwarnings(
    "ignore:The `keras.initializers.serialize",  # QuickNet's initializer is a function,
    "ignore:Saved-model conversion failed",  # which keeps it from being saved
)
@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.__name__)
def test_networks_of_the_zoo_equal_those_of_lce(network):
    """Up to the logits. Without XNNPACK, whose sums differ from LCE's in the last bit, which flips signs. The images
    are large enough for the last layers to see 3x3 pixels: LCE's zero padding is wrong on fewer (see below)."""
    # RealToBinaryNet's gates, floats of LiteRT, differ from LCE's in the last bit: with some weights that turns a sign.
    keras.utils.set_random_seed(0)
    model = network(weights=None, input_shape=(96, 96, 3))
    randomise_batch_norms(model)
    content = converted(keras.Model(model.inputs, model.layers[-2].output))
    image = np.random.default_rng(0).normal(size=(1, 96, 96, 3)).astype(np.float32)
    expected = lce_outputs(content, image)[0]
    assert expected.std() > 0.1, "the outputs tell nothing"
    for kernel in delegate.kernels():
        for fuse in "01":
            output = WithDelegate(content, xnnpack=False, kernel=kernel, fuse=fuse).run(image)[0]
            limit = 1e-5 * np.abs(expected).max()
            np.testing.assert_allclose(output, expected, rtol=1e-5, atol=limit, err_msg=kernel)
    alone = list(operation_differences(read_flatbuffer(content), image))
    assert len(alone) >= 30, "binary operations, each on what it gets in the network"
    assert max(alone) <= TOLERANCE
    if network is lqz.sota.QuickNetSmall:  # as users run it, with XNNPACK
        outputs, expected = (Runtime(content, engine=engine).run(image) for engine in ("delegate", "lce"))
        assert difference(outputs, expected) <= TOLERANCE


@pytest.mark.parametrize("kernel", delegate.kernels())
def test_inputs_are_resized(kernel):
    """The same weights on another batch and another image size."""
    rng = np.random.default_rng(0)
    filters = cases.signs(rng, (40, 3, 3, 20))
    for pad_values in (0, 1):
        content = cases.convolution_file((1, 5, 6, 20), filters, pad_values=pad_values)
        wanted_shape = (3, 9, 4, 20)
        image = rng.normal(size=wanted_shape).astype(np.float32)
        resized = WithDelegate(content, resize_to=wanted_shape, kernel=kernel).run(image)[0]
        made = WithDelegate(cases.convolution_file(wanted_shape, filters, pad_values=pad_values), kernel=kernel)
        np.testing.assert_array_equal(resized, made.run(image)[0])


@pytest.mark.parametrize("kernel", delegate.kernels())
@pytest.mark.parametrize("side", [1, 2, 12])
def test_zero_padding_is_exact(kernel, side):
    """Integers, at the edge too; and on images smaller than the filter, which LCE's correction takes not to exist
    (larq/compute-engine, core/bconv2d/zero_padding_correction.h) and gets wrong."""
    rng = np.random.default_rng(0)
    shape, filters = (1, side, side, 64), cases.signs(rng, (32, 3, 3, 64))
    image = cases.signs(rng, shape)
    output = WithDelegate(cases.convolution_file(shape, filters, pad_values=0), kernel=kernel).run(image)[0]
    padded = np.pad(image, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (1, 2))
    np.testing.assert_array_equal(output, np.einsum("nyxcij,oijc->nyxo", windows, filters))
