"""Weights and values whose scales are powers of two."""

from __future__ import annotations

import numpy as np
import pytest

from larq_focal import compress
from larq_focal.deploy.convert import convert
from larq_focal.network import Kernel
from larq_focal.network.tflite.flatbuffer import read_flatbuffer
from tests.compress.networks import float_kernel, network, normalised_network


def is_power_of_two(numbers: np.ndarray) -> bool:
    return bool(np.array_equal(np.exp2(np.rint(np.log2(numbers))), numbers))


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_no_other_power_of_two_has_a_smaller_error(bits):
    values = np.float32(float_kernel(40, 6).codes * np.float32([1, 0.3, 50, 1e-6, 7, 1]))
    found = compress.quantize_kernel(Kernel(values, None, 32), bits, scheme="fixed point")
    assert is_power_of_two(found.scale)
    errors = np.square(values - found.values()).sum(0)
    top = 2 ** (bits - 1) - 1
    for exponent in range(-40, 12):
        step = np.float32(2.0**exponent)
        others = np.square(values - step * np.clip(np.rint(values / step), -top, top)).sum(0)
        assert np.all(errors <= others * (1 + 1e-5))


def test_every_scale_of_the_file_is_a_power_of_two(tmp_path):
    """One batch calibrates; weights, values and the steps of the biases, which are the products of both."""
    batch = np.random.default_rng(0).normal(size=(8, 6, 6, 32)).astype(np.float32)
    fixed = compress.fixed_point_weights(normalised_network())
    path = tmp_path / "fixed.tflite"
    audit = convert(fixed.graph, path, rest="int8", representative=batch, calibration="fixed point").audit
    assert audit.passed and audit.int8.relative_difference < 0.02
    scales = [each.quantization.scale for each in read_flatbuffer(path).tensors if each.quantization is not None]
    assert len(scales) >= 4
    assert all(is_power_of_two(np.asarray(each)) for each in scales)


def test_signal_to_noise_by_layer():
    graph, samples = network(), np.random.default_rng(0).normal(size=(4, 6, 6, 3)).astype(np.float32)
    ratios = {
        bits: compress.signal_to_noise(graph, compress.quantize_weights(graph, bits).graph, samples) for bits in (4, 8)
    }
    assert list(ratios[8]) == ["stem", "first", "second", "each", "dense", "last"]
    assert all(ratios[8][name] > 30 for name in ratios[8])
    assert ratios[4]["stem"] == ratios[8]["stem"] > ratios[8]["first"] > ratios[4]["first"] + 15
    assert compress.signal_to_noise(graph, graph, samples)["last"] == np.inf
