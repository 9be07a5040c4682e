"""MoBiNet: MobileNet's counts at K = 1, a full convolution at K = all channels, closed forms between, its shortcuts."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from larq_focal.keras import keras
from larq_focal.network import ops
from larq_focal.network.keras.from_keras import from_keras
from larq_focal.zoo import mobinet
from larq_focal.zoo.structure import count

CHANNELS = (1, 2, 4, 4, 8, 8, 16, 16, 16, 16, 16, 16, 32, 32)
"""Of the stem and of each block, in units of the stem's."""
SIZES = (32, 16, 16, 8, 8, 4, 4, 4, 4, 4, 4, 2, 2)
"""Sides of the map after each block's 3x3 convolution, for an image of 64 pixels."""
SMALL = {"input_shape": (64, 64, 3), "num_classes": 10, "filters": 8}


@pytest.mark.slow
@pytest.mark.parametrize("k", [1, 4, 32, 10_000])
def test_weights_and_products_follow_from_k(k):
    network = mobinet(**SMALL, k=k)
    channels = [8 * width for width in CHANNELS]
    weights = [9 * min(k, before) * before + before * after for before, after in pairwise(channels)]
    stem, classifier = 9 * 3 * 8, 256 * 10
    assert count(network, "weights") == stem + sum(weights) + classifier
    products = sum(size**2 * each for size, each in zip(SIZES, weights, strict=True))
    assert count(network, "macs") == 32**2 * stem + products + classifier


@pytest.mark.slow
def test_each_output_sees_k_inputs_up_to_all_of_them():
    for k, groups in ((4, [2, 4, 8]), (10_000, [1, 1, 1])):
        found = [op for op in from_keras(mobinet(**SMALL, k=k)).layers if op.name.endswith("conv_3x3")]
        assert [op.groups for op in found[:3]] == groups
        assert all(op.kernel.codes.shape[2] == min(k, op.shape[-1]) for op in found)


@pytest.mark.slow
def test_depthwise_it_has_the_parameters_of_mobilenet():
    assert mobinet(k=1).count_params() == keras.applications.MobileNet(weights=None).count_params()


@pytest.mark.parametrize(("shortcut", "passing"), [("pre", 0), ("mid", 1), ("post", 1)])
def test_shortcuts_pass_the_image_by_the_binary_convolutions(shortcut, passing):
    """With every normalisation of a block at 0 only shortcuts are left: from end to end, or not."""
    model = mobinet(**SMALL, shortcut=shortcut, include_top=False)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization) and layer.name.startswith("block"):
            layer.gamma.assign(np.zeros(layer.gamma.shape))
    outputs = model(np.random.default_rng(0).uniform(-0.5, 0.5, (1, 64, 64, 3)).astype(np.float32)).numpy()
    assert bool(outputs.any()) is bool(passing)
    adds = sum(isinstance(op, ops.Add) for op in from_keras(model))
    assert adds == {"pre": 13, "mid": 26, "post": 13}[shortcut]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 3}, "k = 3 does not divide the 8 channels of 'block_1'"),
        ({"k": 0}, "k = 0 does not divide"),
        ({"shortcut": "none"}, "No shortcut 'none' in MoBiNet: choose one of pre, mid, post"),
    ],
)
def test_bad_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        mobinet(**SMALL, **options)
