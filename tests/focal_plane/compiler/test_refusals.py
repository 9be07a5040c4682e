"""Networks that the array cannot run: one clear error that names the layer and the fix."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from larq_focal.focal_plane.compiler import UnsupportedError, compile_network
from larq_focal.network import QuantGraph, ops
from tests.focal_plane.compiler.random_layers import small
from tests.focal_plane.graphs import chain, conv, dense, sign

IMAGE = ops.Input(name="image", shape=(8, 8, 1))
BITS = sign("bits", IMAGE)


def refused(message: str, *operations: ops.Op) -> None:
    with pytest.raises(UnsupportedError, match=message):
        compile_network(chain("network", *operations), small("scamp5"))


@pytest.mark.parametrize("bits", [8, 32])
def test_weights_of_several_bits(bits):
    layer = conv("wide", BITS, 4, bits)
    if bits == 8:
        layer.kernel.codes[0] = 5
    refused(f"'wide' has weights of {bits} bits; the array multiplies 1-bit and ternary ones", IMAGE, BITS, layer)


def test_inputs_of_several_bits():
    refused("'conv' reads 'image' of 32 bits; the array multiplies 1-bit inputs", IMAGE, conv("conv", IMAGE, 4))
    first = conv("first", BITS, 4)
    refused(
        "'second' reads 'first' of 32 bits; the array multiplies 1-bit inputs",
        IMAGE,
        BITS,
        first,
        conv("second", first, 4),
    )


def test_convolutions_behind_the_controller():
    first = sign("signs", conv("first", BITS, 4))
    average = ops.Pool2D(
        name="average", inputs=("signs",), shape=(4, 4, 4), kind="average", size=(2, 2), strides=(2, 2)
    )
    again = sign("again", average)
    second = conv("second", again, 4)
    refused(
        "'second' follows 'again', which runs on the controller from 'average' on",
        IMAGE,
        BITS,
        conv("first", BITS, 4),
        first,
        average,
        again,
        second,
    )


def test_bits_that_are_no_signs():
    levels, boundaries = np.array([0, 1], np.float32), np.array([0], np.float32)
    bits = ops.Quantize(name="bits", inputs=("image",), shape=IMAGE.shape, levels=levels, boundaries=boundaries)
    refused("'bits' gives 0 and 1; the array takes -1 and 1: use a sign", IMAGE, bits, conv("conv", bits, 4))


def test_padding_with_other_values():
    refused("'conv' pads with 0.5", IMAGE, BITS, conv("conv", BITS, 4, pad_value=0.5))


def test_what_is_not_understood():
    refused(
        "'odd': a Lambda layer is not understood, and was not judged",
        IMAGE,
        BITS,
        ops.Unknown(name="odd", inputs=("bits",), shape=(8, 8, 1), kind="a Lambda layer"),
    )


def test_signs_that_no_threshold_gives():
    layer = conv("conv", BITS, 4)
    square = ops.Activation(name="square", inputs=("conv",), shape=layer.shape, kind="square")
    refused(
        "'next' follows 'sign', which runs on the controller",
        IMAGE,
        BITS,
        layer,
        square,
        sign("sign", square, 20.0),
        conv("next", sign("sign", square), 4),
    )


def test_images_larger_than_the_array():
    image = ops.Input(name="image", shape=(65, 20, 1))
    bits = sign("bits", image)
    refused(
        "'conv' reads maps of 65x20 pixels, and the array of scamp5 has 64x64: take a smaller image",
        image,
        bits,
        conv("conv", bits, 4),
    )


def test_networks_without_maps():
    image = ops.Input(name="image", shape=(4, 4, 1))
    refused("'network' has no one-bit maps", image, *dense("dense", image, 4))


def test_a_classifier_of_real_values_is_left_to_the_controller():
    layer = conv("conv", BITS, 4)
    signs = sign("sign", layer)
    network = chain("network", IMAGE, BITS, layer, signs, *dense("dense", signs, 3))
    compiled = compile_network(network, small("scamp5"))
    assert compiled.tail == ("dense_flat", "dense")
    assert compiled.run(np.zeros((2, 8, 8, 1)))["dense"].shape == (2, 3)


def test_sums_that_go_on_are_read_bit_by_bit():
    layer = replace(conv("conv", BITS, 4), padding="same", pad_value=0.0)
    network = chain("network", IMAGE, BITS, layer)
    compiled = compile_network(network, small("scamp5"))
    assert compiled.array.outputs[0].plane_count == 4  # counts up to 9
    sums = compiled.run(np.ones((1, 8, 8, 1)))["conv"]
    assert sums[0, :2, :2, 0].tolist() == [[4, 6], [6, 9]]  # all weights are one


def test_a_network_without_inputs():
    with pytest.raises(UnsupportedError, match="'empty' has no input"):
        compile_network(QuantGraph("empty", [], []))
