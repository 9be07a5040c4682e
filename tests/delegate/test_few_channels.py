"""Convolutions of few channels, whose windows the delegate gathers in a few words or looks up whole."""

from __future__ import annotations

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, load_delegate

from larq_focal import delegate
from larq_focal.network.packing import pack_bits
from tests.delegate import blocks, cases
from tests.delegate.engines import WithDelegate, assert_same, lce_outputs
from tests.support.lce_file import LceFile
from tests.support.stacks import LCE

KERNELS = delegate.kernels()


def draw_thin_residual_block(rng):
    return cases.draw_residual_block(rng, cases.few_channels(rng))


def draw_thin_gated_block(rng):
    return blocks.draw_gated_block(rng, depth=cases.few_channels(rng))


@LCE
@pytest.mark.parametrize("seed", range(150))
def test_convolutions_equal_those_of_lce(seed):
    case = cases.draw_few_channels(np.random.default_rng(seed))
    expected = lce_outputs(case.content, *case.inputs)
    for kernel in KERNELS:
        assert_same(WithDelegate(case.content, kernel=kernel).run(*case.inputs), expected, f"{kernel}: {case.text}")


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("draw", [cases.draw_few_channels, draw_thin_residual_block, draw_thin_gated_block])
def test_all_kernels_give_the_same_to_the_last_bit(draw, seed):
    """Alone and in two threads; "reference" works on the image as it lies."""
    case = draw(np.random.default_rng(1000 + seed))
    expected = WithDelegate(case.content, xnnpack=False, kernel="reference").run(*case.inputs)
    for kernel in KERNELS:
        for threads in (1, 2):
            outputs = WithDelegate(case.content, threads=threads, xnnpack=False, kernel=kernel).run(*case.inputs)
            for output, wanted in zip(outputs, expected, strict=True):
                np.testing.assert_array_equal(output, wanted, err_msg=f"{kernel}, {threads} threads: {case.text}")


@LCE
@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("draw", [draw_thin_residual_block, draw_thin_gated_block])
def test_blocks_equal_those_of_lce(draw, seed):
    case = draw(np.random.default_rng(seed))
    expected = lce_outputs(case.content, *case.inputs)
    for kernel in KERNELS:
        outputs = WithDelegate(case.content, xnnpack=False, kernel=kernel).run(*case.inputs)
        assert_same(outputs, expected, f"{kernel}: {case.text}")


@pytest.mark.parametrize("pad_values", [0, 1])
@pytest.mark.parametrize("channels", [1, 5, 40])
def test_an_image_of_another_size_gets_what_a_new_interpreter_gives_it(channels, pad_values):
    """Strides of 2 pad images of odd sizes alone: what an earlier size was padded with must be forgotten."""
    rng = np.random.default_rng(channels)
    filters = cases.signs(rng, (7, 2, 2, channels))
    strides = {"stride_height": 2, "stride_width": 2, "pad_values": pad_values}
    content = cases.convolution_file((1, 5, 5, channels), filters, **strides)
    for kernel in KERNELS:
        library = load_delegate(str(delegate.library_path()), {"kernel": kernel})
        interpreter = Interpreter(model_content=content, experimental_delegates=[library])
        (given,), (made,) = interpreter.get_input_details(), interpreter.get_output_details()
        for side in (5, 12, 3, 8, 5):
            image = cases.signs(rng, (2, side, side, channels))
            interpreter.resize_tensor_input(given["index"], image.shape)
            interpreter.allocate_tensors()
            interpreter.set_tensor(given["index"], image)
            interpreter.invoke()
            alone = WithDelegate(content, resize_to=image.shape, kernel="reference").run(image)[0]
            np.testing.assert_array_equal(
                interpreter.get_tensor(made["index"]), alone, err_msg=f"{kernel}: {channels} channels, side {side}"
            )


@pytest.mark.parametrize("channels", [1, 2, 5, 16])
def test_what_words_have_behind_the_last_channel_is_left_out(channels):
    """Packed values that come from outside may hold anything there; windows are the indices of tables."""
    rng = np.random.default_rng(channels)
    image, filters = cases.signs(rng, (1, 6, 6, channels)), cases.signs(rng, (9, 3, 3, channels))
    file = LceFile()
    words = file.input((1, 6, 6, 1), np.int32)
    constants = [file.constant(values) for values in (pack_bits(filters), np.ones(9, np.float32))]
    options = cases.convolution_options(channels)
    output = file.custom("LceBconv2d", [words, *constants, -1, -1], (1, 6, 6, 9), np.float32, options)
    content = file.finished(output)
    packed = pack_bits(image)
    noise = rng.integers(-(2**31), 2**31, packed.shape).astype(np.int32) & ~np.int32((1 << channels) - 1)
    for kernel in KERNELS:
        runner = WithDelegate(content, kernel=kernel)
        expected = runner.run(packed)[0]
        if kernel != "reference":
            np.testing.assert_array_equal(runner.run(packed | noise)[0], expected, err_msg=kernel)
