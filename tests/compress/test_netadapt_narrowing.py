"""Channels of a Keras graph: which belong together, and that removing those that give nothing changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from larq_focal.compress.netadapt.channels import channels_of
from larq_focal.compress.netadapt.narrowing import least_important, narrowed
from larq_focal.layers import QuantConv2D
from larq_focal.nn import keras
from larq_focal.quantizers import HysteresisSign, RSign
from tests.compress.netadapt_networks import branched, whole_images

layers = keras.layers


@pytest.fixture(scope="module")
def model():
    return branched()


@pytest.fixture(scope="module")
def channels(model):
    return channels_of(model)


def test_added_channels_are_one_block_and_concatenated_ones_stay_apart(channels):
    found = {name: (block.layers, block.width, block.step) for name, block in channels.blocks.items()}
    assert found == {
        "stem": (("stem", "back"), 16, 8),
        "inner": (("inner",), 24, 8),
        "side": (("side",), 8, 8),
        "dense": (("dense",), 16, 8),
    }


def silent(model, channels, gone):
    """A copy of the model in which the channels ``gone`` are 0 wherever they are read."""
    copy = keras.models.clone_model(model)
    for old, new in zip(model.layers, copy.layers, strict=True):
        values = old.get_weights()
        layer = channels.layers.get(old.name)
        if layer is not None:
            cut = np.isin(layer.outputs, gone)
            if isinstance(old, layers.BatchNormalization):
                values[1][cut], values[2][cut] = 0, 0  # offset and mean
            elif not isinstance(old, layers.DepthwiseConv2D) and values:
                values[0][..., cut], values[1][cut] = 0, 0
            elif values:
                values[1][cut] = 0
        new.set_weights(values)
    return copy


@pytest.mark.parametrize("seed", range(3))
def test_removing_channels_of_zeros_leaves_every_bit_of_the_outputs(model, channels, seed):
    random = np.random.default_rng(seed)
    gone = [
        channel
        for block in channels.blocks.values()
        for channel in random.permutation(block.channels)[: random.integers(1, block.width)].tolist()
    ]
    quiet = silent(model, channels, gone)
    narrow = narrowed(quiet, channels, gone)
    assert narrow.count_params() < model.count_params()
    expected = quiet.predict(whole_images(), verbose=0)
    assert np.ptp(expected) > 0
    np.testing.assert_array_equal(narrow.predict(whole_images(), verbose=0), expected)


def test_the_filters_of_least_norm_over_all_layers_that_give_a_channel_go_first(model, channels):
    block = channels.blocks["stem"]
    squares = sum(np.square(model.get_layer(name).get_weights()[0]).sum((0, 1, 2)) for name in ("stem", "back"))
    order = channels.layers["stem"].outputs[np.argsort(squares, kind="stable")]
    assert {*least_important(model, channels, block, 5)} == {*order[:5].tolist()}
    first = least_important(model, channels, block, 2)
    rest = least_important(narrowed(model, channels, first), channels, block, 3, gone=first)
    assert {*first, *rest} == {*order[:5].tolist()}


def test_a_block_keeps_at_least_one_channel(model, channels):
    with pytest.raises(ValueError, match=r"The block 'side' would have no channels left"):
        narrowed(model, channels, channels.blocks["side"].channels.tolist())


def test_steps_are_those_that_are_asked_for_and_no_others(model):
    assert channels_of(model, {"inner": 4}).blocks["inner"].step == 4
    with pytest.raises(ValueError, match=r"no block 'outer' of channels: choose one of stem, inner, side, dense"):
        channels_of(model, {"outer": 4})


def binary():
    image = layers.Input((5, 5, 2), name="image")
    x = layers.BatchNormalization(name="norm")(layers.Conv2D(64, 3, name="stem", use_bias=False)(image))
    quantized = {"input_quantizer": RSign(), "kernel_quantizer": HysteresisSign(), "kernel_constraint": "weight_clip"}
    x = QuantConv2D(96, 1, use_bias=False, name="packed", **quantized)(x)
    model = keras.Model(image, layers.Dense(3, name="logits")(layers.GlobalAveragePooling2D(name="mean")(x)))
    random = np.random.default_rng(2)
    for layer in model.layers:
        layer.set_weights([random.uniform(0.1, 1, weight.shape) for weight in layer.get_weights()])
    return model


def test_channels_that_a_binary_layer_reads_go_by_words_of_32_and_its_quantizers_are_narrowed_too():
    model = binary()
    channels = channels_of(model)
    assert {name: block.step for name, block in channels.blocks.items()} == {"stem": 32, "packed": 8}
    gone = channels.blocks["stem"].channels[10:42].tolist() + channels.blocks["packed"].channels[:8].tolist()
    narrow = narrowed(model, channels, gone)
    before, after = model.get_layer("packed"), narrow.get_layer("packed")
    kept = np.r_[0:10, 42:64]
    for old, new in zip(before.get_weights(), after.get_weights(), strict=True):
        of_channels = {1: (kept,), 4: (slice(None), slice(None), kept, slice(8, None))}
        expected = old[of_channels[np.ndim(old)]] if np.ndim(old) else old
        np.testing.assert_array_equal(new, expected)
    inner = [keras.Model(each.inputs, each.get_layer("norm").output) for each in (model, narrow)]
    images = np.random.default_rng(3).normal(size=(2, 5, 5, 2)).astype(np.float32)
    wide, thin = (each.predict(images, verbose=0) for each in inner)
    np.testing.assert_allclose(thin, wide[..., kept], rtol=1e-6, atol=1e-6)


def test_what_is_bound_to_the_inputs_outputs_or_fixed_shapes_stays():
    image = layers.Input((4, 4, 8), name="image")
    x = layers.Add(name="sum")([image, layers.Conv2D(8, 1, name="tied")(image)])
    x = layers.Reshape((16, 8), name="rows")(layers.Conv2D(8, 1, name="fixed")(x))
    x = layers.Flatten(name="flat")(x)
    model = keras.Model(image, layers.Dense(8, activation="softmax", name="classes")(x))
    assert channels_of(model).blocks == {}
