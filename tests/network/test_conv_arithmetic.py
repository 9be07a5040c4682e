"""The NumPy convolutions equal the loop that defines them, and the packed ones equal those of integers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larq_focal.network.conv_arithmetic import convolve, pad_image, popcount_convolve, same_pads, windows


def loop(x, kernel, strides, dilation, groups):
    """One product after another, in float64."""
    kh, kw, depth, out = kernel.shape
    images, height, width, _ = x.shape
    rows = (height - (kh - 1) * dilation[0] - 1) // strides[0] + 1
    columns = (width - (kw - 1) * dilation[1] - 1) // strides[1] + 1
    result = np.zeros((images, rows, columns, out))
    for row, column, i, j, channel, o in np.ndindex(rows, columns, kh, kw, depth, out):
        y, z = row * strides[0] + i * dilation[0], column * strides[1] + j * dilation[1]
        source = (o // (out // groups)) * depth + channel
        result[:, row, column, o] += x[:, y, z, source].astype(float) * kernel[i, j, channel, o]
    return result


pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


@st.composite
def problems(draw):
    """Images and kernels of -1 and +1, with a geometry that fits."""
    kernel_size, strides, dilation, groups = draw(pairs), draw(pairs), draw(pairs), draw(st.sampled_from([1, 2, 3]))
    depth, out = draw(st.sampled_from([1, 2, 5, 33])), draw(st.integers(1, 2)) * groups
    spans = [(size - 1) * rate + 1 for size, rate in zip(kernel_size, dilation, strict=True)]
    image = [span + draw(st.integers(0, 3)) for span in spans]
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    x = rng.choice(np.float32([-1, 1]), (2, *image, depth * groups))
    kernel = rng.choice(np.float32([-1, 1]), (*kernel_size, depth, out))
    return x, kernel, {"strides": strides, "dilation": dilation, "groups": groups}


@given(problems())
def test_convolution_is_its_definition(problem):
    x, kernel, geometry = problem
    result = convolve(x, kernel, **geometry)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, loop(x, kernel, **geometry))


@given(problems(), st.sampled_from([-1, 0, 1]), st.tuples(pairs, pairs))
def test_popcounts_give_the_same_integers(problem, pad_value, pads):
    x, kernel, geometry = problem
    result = popcount_convolve(x, kernel, **geometry, pads=pads, pad_value=pad_value)
    assert result.dtype == np.int32
    np.testing.assert_array_equal(result, convolve(pad_image(x, pads, pad_value), kernel, **geometry))


def test_large_batches_are_convolved_in_slices(monkeypatch):
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=(7, 5, 5, 4)).astype(np.float32), rng.normal(size=(3, 3, 4, 2)).astype(np.float32)
    whole = convolve(x, kernel)
    monkeypatch.setattr("larq_focal.network.conv_arithmetic._PATCH_BYTES", 3 * 4 * 9 * 36)
    np.testing.assert_allclose(convolve(x, kernel), whole, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("size", "span", "stride", "pads"),
    [(8, 3, 1, (1, 1)), (8, 3, 2, (0, 1)), (7, 3, 2, (1, 1)), (8, 2, 1, (0, 1)), (8, 1, 2, (0, 0)), (5, 5, 3, (1, 2))],
)
def test_the_odd_pixel_goes_to_the_end(size, span, stride, pads):
    """As https://www.tensorflow.org/api_docs/python/tf/nn (notes on padding) counts it."""
    assert same_pads((size, 9), (span, 1), (stride, 1)) == (pads, (0, 0))


def test_windows_are_views():
    x = np.arange(2 * 5 * 6 * 3).reshape(2, 5, 6, 3)
    view = windows(x, (2, 3), (2, 1), (1, 2))
    assert view.shape == (2, 2, 2, 2, 3, 3)
    assert np.shares_memory(view, x)
    np.testing.assert_array_equal(view[1, 1, 1], x[1, 2:4, 1:6:2])
