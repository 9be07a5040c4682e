"""Which pixels a value depends on, as its operations tell."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larq_focal.focal_plane.compiler.input_stage.pixel_taps import NotByWindow, on_one_window, pixel_taps
from larq_focal.network import QuantGraph, interpret, ops
from tests.focal_plane.compiler.gradients import compared, image, random_images
from tests.focal_plane.graphs import conv

PIXEL = st.tuples(st.integers(0, 2), st.integers(0, 2))


def stacked(pairs) -> QuantGraph:
    """One channel for each pair of pixels; the last is cut again, and so lies further off."""
    steps = [image(7)]
    for index, (first, second) in enumerate(pairs):
        steps += compared(7, first, second, 1.25, f"bits_{index}")
    names = tuple(f"bits_{index}" for index in range(len(pairs)))
    both = ops.Concat(name="both", inputs=names, shape=(5, 5, len(pairs)))
    cut = ops.Slice(name="cut", inputs=("both",), shape=(3, 4, len(pairs)), begin=(2, 1, 0), strides=(1, 1, 1))
    return QuantGraph("stacked", [*steps, both, cut], ["cut"])


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(PIXEL, PIXEL), min_size=1, max_size=3))
def test_other_pixels_do_not_matter(pairs):
    graph = stacked(pairs)
    taps = pixel_taps(graph, graph["cut"])
    assert taps == [frozenset((y + 2, x + 1) for y, x in pair) for pair in pairs]
    images = random_images(2, 7, 7, 1).astype(np.float32)
    values = interpret(graph, images)["cut"]
    for channel, pixels in enumerate(taps):
        others = np.ones((7, 7), bool)
        for y, x in pixels:
            others[y, x] = False
        changed = np.where(others[..., None], images[::-1], images)
        np.testing.assert_array_equal(
            interpret(graph, changed)["cut"][:, 0, 0, channel], values[:, 0, 0, channel], strict=True
        )


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(PIXEL, PIXEL), min_size=1, max_size=3))
def test_one_window_gives_what_the_image_gives_there(pairs):
    graph = stacked(pairs)
    window = on_one_window(graph, graph["cut"])
    rows, columns, _ = window.inputs[0].shape
    assert (rows, columns) == (5, 4)
    images = random_images(1, 7, 7, 1).astype(np.float32)
    values = interpret(graph, images)["cut"]
    for y in range(3):
        for x in range(4):
            alone = interpret(window, images[:, y : y + rows, x : x + columns])["cut"]
            np.testing.assert_array_equal(alone[:, 0, 0], values[:, y, x])


SOURCE = image(6)
REFUSED = {
    "padding": ops.Pad(name="op", inputs=("image",), shape=(8, 8, 1), pads=((1, 1), (1, 1), (0, 0))),
    "convolution": conv("op", SOURCE, 2, bits=32),
    "stride": ops.Slice(name="op", inputs=("image",), shape=(3, 3, 1), begin=(0, 0, 0), strides=(2, 2, 1)),
    "pooling": ops.Pool2D(name="op", inputs=("image",), shape=(3, 3, 1), kind="max", size=(2, 2), strides=(2, 2)),
    "thresholds": ops.Binarize(
        name="op", inputs=("image",), shape=(6, 6, 1), threshold=np.arange(36, dtype=np.float32).reshape(6, 6, 1)
    ),
}


@pytest.mark.parametrize("op", REFUSED.values(), ids=REFUSED)
def test_what_differs_from_pixel_to_pixel_is_named(op):
    graph = QuantGraph("refused", [SOURCE, op], ["op"])
    with pytest.raises(NotByWindow, match=rf"'op' \({type(op).__name__}\)"):
        pixel_taps(graph, op)
