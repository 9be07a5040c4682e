"""Operations of few bits in the delegate: the sums of NumPy's integers, and the same on every kernel."""

from __future__ import annotations

import numpy as np
import pytest

from larq_focal import delegate
from larq_focal.network.few_bits import WeightCoding
from larq_focal.network.interpret import interpret
from larq_focal.network.tflite.read.from_tflite import from_tflite
from tests.delegate import blocks
from tests.delegate import few_bit_cases as cases
from tests.delegate.engines import WithDelegate
from tests.support.lce_file import LceFile

KERNELS = delegate.kernels()
RANGES = [(-np.inf, np.inf), (0, np.inf), (-1, 1), (0, 6)]
DRAWS = [cases.draw_convolution, cases.draw_depthwise, cases.draw_dense]


def outputs_of(drawn: cases.FewBitCase, **settings) -> dict[str, np.ndarray]:
    return {
        kernel: WithDelegate(drawn.case.content, kernel=kernel, **settings).run(*drawn.case.inputs)[0]
        for kernel in KERNELS
    }


@pytest.mark.parametrize("seed", range(80))
@pytest.mark.parametrize("draw", DRAWS)
def test_all_kernels_give_the_sums_of_integers(draw, seed):
    drawn = draw(np.random.default_rng(seed))
    outputs = outputs_of(drawn)
    reference = outputs["reference"]
    graph = from_tflite(drawn.case.content)
    grid = graph[graph.outputs[0]]
    activation = next((op.kind for op in graph if type(op).__name__ == "Activation"), None)
    low, high = RANGES[[None, "relu", "relu_n1_to_1", "relu6"].index(activation)]
    expected = np.clip(drawn.sums * drawn.factors.astype(np.float64) + drawn.bias, low, high)
    if reference.dtype == np.int8:
        reference, step = (reference.astype(np.float64) - grid.zero_point) * grid.scale, grid.scale
        expected = np.clip(expected, *((limit - grid.zero_point) * step for limit in (-128, 127)))
        assert np.abs(reference - expected).max() <= 0.5001 * step, drawn.case.text
    else:
        limit = 1e-5 * max(1.0, np.abs(expected).max())
        np.testing.assert_allclose(reference, expected, rtol=1e-5, atol=limit, err_msg=drawn.case.text)
    for kernel, output in outputs.items():
        np.testing.assert_array_equal(output, outputs["reference"], err_msg=f"{kernel}: {drawn.case.text}")


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("draw", DRAWS)
def test_the_quant_graph_computes_the_same(draw, seed):
    drawn = draw(np.random.default_rng(1000 + seed))
    graph, kernel = from_tflite(drawn.case.content), KERNELS[0]
    runner = WithDelegate(drawn.case.content, kernel=kernel)
    output = runner.run(*drawn.case.inputs)[0]
    rounding = next(op for op in graph if type(op).__name__ == "UniformQuantize")
    values = (drawn.case.inputs[0].astype(np.float32) - rounding.zero_point) * np.float32(rounding.scale)
    expected = interpret(graph, values)[graph.outputs[0]]
    if output.dtype == np.int8:  # ties
        steps = np.abs(runner.dequantized(output) - expected) / runner.scale
        assert steps.max() < 1.01 and (steps > 0.01).mean() < 0.01, drawn.case.text
    else:
        limit = 1e-5 * max(1.0, np.abs(expected).max())
        np.testing.assert_allclose(output, expected, rtol=1e-5, atol=limit, err_msg=drawn.case.text)


@pytest.mark.parametrize("seed", range(10))
def test_threads_change_nothing(seed):
    drawn = cases.draw_convolution(np.random.default_rng(2000 + seed))
    for kernel, together in outputs_of(drawn, threads=3).items():
        alone = WithDelegate(drawn.case.content, kernel=kernel).run(*drawn.case.inputs)[0]
        np.testing.assert_array_equal(together, alone, err_msg=f"{kernel}: {drawn.case.text}")


@pytest.mark.parametrize("seed", range(60))
def test_quantizers_give_the_number_of_thresholds_reached(seed):
    rng = np.random.default_rng(seed)
    levels, file = cases.draw_levels(rng), LceFile()
    shape = (int(rng.integers(1, 3)), *rng.integers(1, 6, 2), int(rng.integers(1, 80)))
    content = file.finished(levels.add(file, file.input(shape, np.float32), shape))
    ends = np.float32([-np.inf, np.inf, np.nan, -3e38, 3e38, 0.0, -0.0])
    around = [levels.thresholds, np.nextafter(levels.thresholds, np.float32(-np.inf)), ends]
    values = rng.choice(np.concatenate([*around, 2 * rng.normal(size=100)]).astype(np.float32), shape)
    expected = levels.codes(np.where(np.isnan(values), -np.inf, values))
    for kernel in KERNELS:
        for threads in (1, 2):
            output = WithDelegate(content, kernel=kernel, threads=threads).run(values)[0]
            np.testing.assert_array_equal(output, expected, err_msg=f"{kernel}: {levels}")


@pytest.mark.parametrize("seed", range(60))
def test_what_convolutions_take_in_changes_nothing(seed):
    """Without XNNPACK, whose results may differ in the last bit, which turns signs and codes."""
    case = blocks.draw_few_bit_block(np.random.default_rng(seed))
    expected = WithDelegate(case.content, kernel="reference", fuse="0", xnnpack=False).run(*case.inputs)
    for kernel in KERNELS:
        for threads in (1, 2):
            outputs = WithDelegate(case.content, kernel=kernel, threads=threads, xnnpack=False).run(*case.inputs)
            for output, wanted in zip(outputs, expected, strict=True):
                np.testing.assert_array_equal(output, wanted, err_msg=f"{kernel}: {case.text}")


@pytest.mark.parametrize(
    ("thresholds", "lowest", "message"),
    [
        ([0.0, -1.0], 0, "its thresholds do not ascend"),
        ([np.nan], 0, "its thresholds do not ascend"),
        (np.arange(200.0), 0, "its codes do not fit int8"),
        ([[0.0, 1.0]], 0, "its thresholds are not a constant row of floats"),
        ([0.0], 300, "its option 'lowest' is 300, and must lie in -128 .. 127"),
    ],
)
def test_quantizers_that_are_damaged_are_refused(thresholds, lowest, message):
    file, shape = LceFile(), (1, 2, 2, 8)
    inputs = [file.input(shape, np.float32), file.constant(np.float32(thresholds))]
    content = file.finished(file.custom("LqfQuantize", inputs, shape, np.int8, {"lowest": lowest}, 1.0, 0))
    with pytest.raises((RuntimeError, ValueError), match=message):
        WithDelegate(content)


@pytest.mark.parametrize("coding", cases.CODINGS, ids=str)
@pytest.mark.parametrize("outputs", [3, 160])
def test_the_largest_sums_do_not_overflow(coding: WeightCoding, outputs):
    """All bytes and weights at their limits, for more products than 16 bits hold."""
    weights = np.full((outputs, 3, 3, 400), coding.levels[np.abs(coding.levels).argmax()], np.int8)
    weights[1] = coding.levels[0]
    for byte, zero_point in ((127, -128), (-128, 127)):
        image = np.full((1, 3, 3, 400), byte, np.int8)
        content, expected = (
            cases.exact_file(image, zero_point, weights, coding),
            cases.whole_sums(image, zero_point, weights),
        )
        for kernel in KERNELS:
            output = WithDelegate(content, kernel=kernel).run(image)[0]
            np.testing.assert_array_equal(output, expected.astype(np.float32), err_msg=kernel)


@pytest.mark.parametrize("coding", cases.CODINGS, ids=str)
@pytest.mark.parametrize("side", [3, 5, 13])
def test_the_largest_depthwise_sums_do_not_overflow(coding: WeightCoding, side):
    """Sums of 16 bits take few of the largest products."""
    weights = np.full((1, side, side, 70), coding.levels[np.abs(coding.levels).argmax()], np.int8)
    weights[..., 1] = coding.levels[0]
    for byte, zero_point in ((127, -128), (-128, 127)):
        image = np.full((1, 8, 8, 70), byte, np.int8)
        content = cases.exact_file(image, zero_point, weights, coding, depth_multiplier=1)
        expected = cases.whole_sums(image, zero_point, weights, is_depthwise=True).astype(np.float32)
        for kernel in KERNELS:
            output = WithDelegate(content, kernel=kernel).run(image)[0]
            np.testing.assert_array_equal(output, expected, err_msg=kernel)


@pytest.mark.parametrize("channels", [1, 3, 8, 24, 48])
@pytest.mark.parametrize("multiplier", [1, 2])
def test_few_channels_of_a_row_are_computed_together(channels, multiplier):
    rng = np.random.default_rng(channels)
    image = rng.integers(-128, 128, (2, 5, 24, channels)).astype(np.int8)
    coding = WeightCoding(2, 1, -1)
    weights = cases.draw_weights(rng, coding, (1, 3, 3, channels * multiplier))
    content = cases.exact_file(image, 5, weights, coding, depth_multiplier=multiplier)
    expected = cases.whole_sums(image, 5, weights, is_depthwise=True).astype(np.float32)
    for kernel in KERNELS:
        output = WithDelegate(content, kernel=kernel, threads=2).run(image)[0]
        np.testing.assert_array_equal(output, expected, err_msg=kernel)


def test_a_large_image_is_computed_in_bands_of_rows():
    rng = np.random.default_rng(0)
    image = rng.integers(-128, 128, (2, 60, 40, 96)).astype(np.int8)
    coding = WeightCoding(1, -2, 1)
    weights = cases.draw_weights(rng, coding, (70, 3, 3, 96))
    content, expected = cases.exact_file(image, 5, weights, coding), cases.whole_sums(image, 5, weights)
    for kernel in KERNELS:
        output = WithDelegate(content, kernel=kernel).run(image)[0]
        np.testing.assert_array_equal(output, expected.astype(np.float32), err_msg=kernel)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weight_bits": 5}, "its option 'weight_bits' is 5, and must lie in 1 .. 4"),
        ({"weight_offset": 16}, "it has weights of 16"),
        ({"image_lowest": 0}, "its image has bytes that int8 does not have"),
        ({"channels_in": 64}, "does not hold 1 bits of 64 input channels"),
        ({"depth_multiplier": 2}, "does not hold 1 bits of 64 channels"),
        ({"depth_multiplier": 0}, "its option 'depth_multiplier' is 0, and must lie in 1 .. 33554432"),
    ],
)
def test_options_that_do_not_fit_are_refused(changes, message):
    coding, image = cases.CODINGS[0], np.zeros((1, 4, 4, 32), np.int8)
    content = cases.exact_file(image, 0, np.ones((8, 3, 3, 32), np.int8), coding, **changes)
    with pytest.raises((RuntimeError, ValueError), match=message):
        WithDelegate(content)
