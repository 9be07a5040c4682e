"""Values that compare two pixels, found by what they are."""

from __future__ import annotations

import numpy as np
import pytest

from larq_focal.focal_plane.compiler.input_stage.pixel_pairs import MOST_INEXACT, pair_comparisons
from larq_focal.network import QuantGraph, ops
from tests.focal_plane.compiler.gradients import ALONG_HEIGHT, ALONG_WIDTH, compared, gradient, image
from tests.focal_plane.graphs import sign

RANGE = (0.0, 1.0)


def found(graph: QuantGraph, name: str = "bits", pixel_range=RANGE):
    return pair_comparisons(graph, graph[name], pixel_range)


def test_gradients_along_both_axes():
    width, height = found(gradient())
    assert (width.larger, width.smaller) == ALONG_WIDTH and (height.larger, height.smaller) == ALONG_HEIGHT
    assert width.ratio == height.ratio and not width.inverted
    assert width.ratio.ratio == pytest.approx(1.105, abs=0.01) and 0 < width.inexact < MOST_INEXACT


def test_a_ratio_below_1_is_the_inverse_of_one_above():
    (comparison,) = found(gradient(ratio=0.5, pixels=[ALONG_WIDTH]))
    assert comparison.inverted and comparison.ratio.ratio == 2
    assert (comparison.larger, comparison.smaller) == ALONG_WIDTH[::-1]


def test_the_sign_of_a_difference_is_one_difference():
    for comparison in found(gradient(ratio=1)):
        assert (comparison.ratio.ratio, comparison.ratio.words, comparison.inexact) == (1, 3, 128)


def test_pixels_of_another_range_have_the_same_ratio():
    """Where black is 0 all values may be scaled; where it is not, an offset makes good for it."""
    graph = gradient(ratio=1.5)
    assert [c.ratio for c in found(graph, pixel_range=(0, 255))] == [c.ratio for c in found(graph)]
    shifted = found(graph, pixel_range=(0.2, 1))[0].ratio
    assert shifted.ratio == 1.5 and shifted.offset < found(graph)[0].ratio.offset


def test_inverted_signs_are_found_too():
    graph = gradient(pixels=[ALONG_WIDTH])
    flipped = ops.Binarize(
        name="flipped", inputs=("both",), shape=graph["both"].shape, threshold=np.float32(0), flip=np.array([True])
    )
    (there,), (back,) = found(graph), found(QuantGraph("flipped", [*graph.ops, flipped], ["flipped"]), "flipped")
    assert (back.larger, back.smaller) == (there.larger, there.smaller)
    assert back.inverted and not there.inverted


def test_both_signs_of_a_ternary_gradient():
    """(a - b) / 2 for the signs a and b of both directions, as LogGradient computes it, compared with -1/2 and 1/2."""
    shape = (6, 6, 1)
    zero, halves = np.zeros(1, np.float32), np.float32([0.5])
    minus = ops.Affine(name="minus", inputs=("b",), shape=shape, mean=zero, scale=np.float32([-1]), bias=zero)
    total = ops.Add(name="sum", inputs=("a", "minus"), shape=shape)
    half = ops.Affine(name="half", inputs=("sum",), shape=shape, mean=zero, scale=halves, bias=zero)
    both = ops.Concat(name="both", inputs=("half", "half"), shape=(6, 6, 2))
    bits = ops.Binarize(name="bits", inputs=("both",), shape=both.shape, threshold=np.float32([-0.5, 0.5]))
    signs = [*compared(8, *ALONG_WIDTH, 1.2, "a"), *compared(8, *ALONG_WIDTH[::-1], 1.2, "b")]
    low, high = found(QuantGraph("ternary", [image(8), *signs, minus, total, half, both, bits], ["bits"]))
    assert not high.inverted and (high.larger, high.smaller) == ALONG_WIDTH
    assert low.inverted and (low.larger, low.smaller) == ALONG_WIDTH[::-1]


def test_what_is_none_is_told():
    source = image(8)
    middle = ops.Slice(name="middle", inputs=("image",), shape=(6, 6, 1), begin=(1, 1, 0), strides=(1, 1, 1))
    shape = (6, 6, 1)
    many = [source, *compared(8, (0, 0), (2, 2), 1.5), middle]
    total = ops.Add(name="sum", inputs=("bits_difference", "middle"), shape=shape)
    squares = ops.Activation(name="square", inputs=("bits_difference",), shape=shape, kind="abs")
    for steps, reason in (
        ([*many, total, sign("end", total)], "channel 0 depends on 3 pixels, not on 2"),
        ([*many, sign("end", middle, 0.5)], "channel 0 depends on 1 pixel, not on 2"),
        ([*many, squares, sign("end", squares, 0.2)], "channel 0 is not a comparison of two pixels"),
    ):
        assert found(QuantGraph("none", steps, ["end"]), "end") == reason
    far = gradient(side=30, pixels=[ALONG_WIDTH])
    cut = ops.Slice(name="cut", inputs=("bits",), shape=(14, 14, 1), begin=(14, 14, 0), strides=(1, 1, 1))
    assert found(far.rewritten([*far.ops, cut], ["cut"]), "cut") == "its pixels lie in windows of 17x17"
