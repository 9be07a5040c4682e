"""Written networks compute on microcontrollers what the interpreter computes, within known numbers of instructions."""

from __future__ import annotations

import numpy as np
import pytest

from larq_focal.datasets import load_dataset
from larq_focal.mcu.emulator import MICROCONTROLLERS
from larq_focal.mcu.pixel_input import with_pixel_input
from larq_focal.network import QuantGraph, interpret
from larq_focal.network.load import as_graph
from tests.mcu.emulated_program import emulate
from tests.mcu.networks import Chain, image_network, samples


def convolution(size=16, channels=32, filters=32) -> QuantGraph:
    """Signs of pixels, then a 3x3 convolution of signs to signs, padded with +1."""
    chain = Chain("convolution", (size, size, channels)).sign("sign", 127.5)
    return chain.conv("conv", filters, padding="same", pad_value=1.0).sign("out").graph()


@pytest.mark.parametrize("name", MICROCONTROLLERS)
@pytest.mark.parametrize("pad_value", [0.0, 1.0])
def test_outputs_are_those_of_the_interpreter(name, pad_value, tmp_path):
    graph = image_network(5, 15, pad_value)
    inputs = samples(graph, 3)
    expected = interpret(graph, inputs, graph.outputs)["dense"]
    np.testing.assert_array_equal(emulate(graph, inputs, name, tmp_path / "c").output, expected)


def instructions_of_convolution(whole: QuantGraph, name, folder) -> int:
    """Those of all behind the first operation on the image."""
    rest = QuantGraph("rest", [*whole][:2], [[*whole][1].name])
    inputs = samples(whole, 1)
    got = emulate(whole, inputs, name, folder / "whole")
    np.testing.assert_array_equal(got.output, interpret(whole, inputs, whole.outputs)[whole.outputs[0]])
    return got.instructions - emulate(rest, inputs, name, folder / "rest").instructions


@pytest.fixture(scope="module")
def digits():
    """The network of signs that was trained on scikit-learn's digits, for 8-bit pixels, and 20 test images of these."""
    from larq_focal.zoo import two_layer

    graph = with_pixel_input(as_graph(two_layer("ste_sign", weights="digits")), "centred")
    return graph, {graph.inputs[0].name: load_dataset("digits").x_test[:20]}


@pytest.mark.parametrize("name", MICROCONTROLLERS)
def test_a_trained_network(name, digits, tmp_path):
    graph, images = digits
    expected = interpret(graph, images, graph.outputs)[graph.outputs[0]]
    got = emulate(graph, images, name, tmp_path / "c")
    np.testing.assert_array_equal(got.output, expected)
    assert np.count_nonzero(got.output.argmax(-1) == load_dataset("digits").y_test[:20]) >= 16


@pytest.mark.parametrize(("name", "bound"), [("cortex-m4", 0.26), ("cortex-m7", 0.27), ("rv32i", 0.32)])
def test_instructions_per_binary_multiply_accumulate(name, bound, tmp_path):
    instructions = instructions_of_convolution(convolution(), name, tmp_path)
    assert 0.1 < instructions / (16 * 16 * 9 * 32 * 32) <= bound


@pytest.mark.parametrize(("name", "bound"), [("cortex-m4", 1.25), ("rv32i", 1.45)])
def test_instructions_per_product_of_four_bits_with_a_sign(name, bound, tmp_path):
    """Two windows at a time; 81 pixels, so that one is left alone."""
    chain = Chain("few bits", (9, 9, 32)).levels("q", range(16), np.arange(1, 16) * 16 + 0.5)
    network = chain.conv("c", 32, padding="same").graph()
    assert 0.5 < instructions_of_convolution(network, name, tmp_path) / (9 * 9 * 9 * 32 * 32) <= bound
