"""The delegate computes what LCE's interpreter does, with every kernel that this processor has."""

from __future__ import annotations

import numpy as np
import pytest

from larq_focal import delegate
from larq_focal.network.interpret import interpret
from larq_focal.network.packing import pack_bits
from larq_focal.network.tflite.read.from_tflite import from_tflite
from tests.delegate import blocks, cases
from tests.delegate.engines import WithDelegate, assert_same, lce_outputs
from tests.support.stacks import LCE

KERNELS = delegate.kernels()


def assert_like_lce(case: cases.Case, **settings) -> None:
    expected = lce_outputs(case.content, *case.inputs)
    for kernel in KERNELS:
        outputs = WithDelegate(case.content, kernel=kernel, **settings).run(*case.inputs)
        assert_same(outputs, expected, f"{kernel}: {case.text}")


@LCE
@pytest.mark.parametrize("seed", range(400))
def test_convolutions_equal_those_of_lce(seed):
    assert_like_lce(cases.draw_convolution(np.random.default_rng(seed)))


@pytest.mark.parametrize("seed", range(100))
def test_convolutions_equal_those_of_the_quant_graph(seed):
    case = cases.draw_convolution(np.random.default_rng(seed))
    expected = list(interpret(from_tflite(case.content), case.inputs[0]).values())[-1]
    for kernel in KERNELS:
        runner = WithDelegate(case.content, kernel=kernel)
        output = runner.run(*case.inputs)[0]
        if output.dtype == np.int32:
            np.testing.assert_array_equal(output, pack_bits(expected), err_msg=f"{kernel}: {case.text}")
        elif output.dtype == np.int8:  # LCE folds the scale into the multiplier, which moves a few ties
            steps = np.abs(runner.dequantized(output) - expected) / runner.scale
            assert steps.max() < 1.01 and (steps > 0.01).mean() < 0.02, f"{kernel}: {case.text}"
        else:
            limit = 1e-5 * np.abs(expected).max()
            np.testing.assert_allclose(output, expected, rtol=1e-5, atol=limit, err_msg=f"{kernel}: {case.text}")


@LCE
@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("draw", [cases.draw_quantize, cases.draw_dequantize, cases.draw_max_pool])
def test_other_operations_equal_those_of_lce(draw, seed):
    assert_like_lce(draw(np.random.default_rng(seed)))


@LCE
@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("fuse", ["0", "1"])
def test_residual_blocks_equal_those_of_lce(seed, fuse):
    assert_like_lce(cases.draw_residual_block(np.random.default_rng(seed)), fuse=fuse)


@LCE
@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("draw", [blocks.draw_dense_block, blocks.draw_gated_block])
def test_blocks_of_networks_equal_those_of_lce(draw, seed):
    """Alone and in two threads. Without XNNPACK, whose means differ in the last bit, which flips signs."""
    case = draw(np.random.default_rng(seed))
    for settings in ({}, {"fuse": "0"}, {"threads": 2}):
        assert_like_lce(case, xnnpack=False, **settings)


def draw_gated_by_itself(rng):
    return blocks.draw_gated_block(rng, takes_gates=False)  # the interpreter takes one input


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("draw", [cases.draw_residual_block, blocks.draw_dense_block, draw_gated_by_itself])
def test_blocks_of_networks_equal_those_of_the_quant_graph(draw, seed):
    """The last value, of which a few signs may differ: the interpreter rounds the numbers before in another way."""
    case = draw(np.random.default_rng(seed))
    graph = from_tflite(case.content)
    expected = interpret(graph, case.inputs[0], graph.outputs)[graph.outputs[-1]]
    for kernel in KERNELS:
        output = WithDelegate(case.content, kernel=kernel, xnnpack=False).run(*case.inputs)[-1]
        if output.dtype == np.int32:
            differing = np.unpackbits((output ^ pack_bits(expected)).view(np.uint8)).sum() / expected.size
        else:
            differing = (np.abs(output - expected) > 1e-4 * np.abs(expected).max()).mean()
        assert differing < 0.01, f"{kernel}: {case.text}"


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("threads", [2, 5])
def test_threads_change_nothing(seed, threads):
    case = cases.draw_convolution(np.random.default_rng(seed))
    for kernel in KERNELS:
        alone = WithDelegate(case.content, kernel=kernel).run(*case.inputs)
        together = WithDelegate(case.content, threads=threads, kernel=kernel).run(*case.inputs)
        np.testing.assert_array_equal(together[0], alone[0], err_msg=f"{kernel}: {case.text}")


def test_sums_beyond_16_bits_are_counted():
    """A window of 66,248 products: more than a 16-bit sum holds."""
    rng = np.random.default_rng(0)
    image, filters = cases.signs(rng, (1, 7, 7, 1352)), cases.signs(rng, (3, 7, 7, 1352))
    filters[0] = image[0] * np.float32(-1)
    for kernel in KERNELS:
        output = WithDelegate(cases.convolution_file(image.shape, filters), kernel=kernel).run(image)[0]
        np.testing.assert_array_equal(output[0, 3, 3], (image * filters).sum((1, 2, 3)), err_msg=kernel)


@pytest.mark.parametrize("kernel", KERNELS)
def test_only_values_below_zero_pack_as_minus_one(kernel):
    smallest = np.finfo(np.float32).smallest_subnormal
    values = np.array([[-0.0, smallest, -smallest, np.nan, -np.inf] * 14], np.float32)
    words = WithDelegate(cases.quantize_file(values.shape), kernel=kernel).run(values)[0]
    np.testing.assert_array_equal(words, pack_bits(values))
