"""Float operations between binary ones that the delegate takes.

Largest values behind a convolution, and convolutions of each channel by itself, whose signs are wanted: the learnable
activation binarizer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from larq_focal import delegate
from larq_focal.network.packing import pack_bits
from tests.delegate.cases import SAME, convolution_options, quantized, signs, windowed
from tests.delegate.engines import WithDelegate
from tests.support.lce_file import LceFile

KERNELS = delegate.kernels()


@dataclass(frozen=True)
class Binarizer:
    """An image, through a convolution of each channel by itself to its signs."""

    image: np.ndarray
    filters: np.ndarray  # [1, rows, columns, channels]
    bias: np.ndarray
    padding: int

    def file(self) -> bytes:
        file = LceFile()
        value = file.input(self.image.shape, np.float32)
        shape = (*self.image.shape[:1], *self._outputs(), self.image.shape[3])
        value = file.depthwise(value, self.filters, self.bias, shape, self.padding)
        return file.finished(quantized(file, value, shape))

    def _outputs(self) -> list[int]:
        pixels, window = self.image.shape[1:3], self.filters.shape[1:3]
        return [windowed(*axis, 1, self.padding) for axis in zip(pixels, window, strict=True)]

    def values(self) -> np.ndarray:
        """The bias and the products of the taps, row by row, each product and each sum rounded to float32."""
        rows, columns = self.filters.shape[1:3]
        height, width = self._outputs()
        image = self.image
        if self.padding == SAME:
            sides = [((size - 1) // 2, size // 2) for size in (rows, columns)]
            image = np.pad(image, ((0, 0), *sides, (0, 0)))
        sums = np.broadcast_to(self.bias, (len(image), height, width, len(self.bias))).astype(np.float32)
        for y in range(rows):
            for x in range(columns):
                sums = sums + image[:, y : y + height, x : x + width] * self.filters[0, y, x]
        return sums


def draw_binarizer(rng: np.random.Generator) -> Binarizer:
    channels = int(rng.choice([1, 1, 2, 4, 8, 16, 32, 64, 96]))
    window = rng.integers(1, 6, 2) if rng.integers(2) else (3, 3)
    height, width = window + rng.integers(0, 12, 2)
    return Binarizer(
        rng.normal(size=(int(rng.integers(1, 3)), height, width, channels)).astype(np.float32),
        rng.normal(size=(1, *window, channels)).astype(np.float32),
        rng.normal(size=channels).astype(np.float32),
        int(rng.integers(2)),
    )


@pytest.mark.parametrize("seed", range(80))
def test_signs_of_convolutions_by_channel_are_those_of_sums_in_their_order(seed):
    drawn = draw_binarizer(np.random.default_rng(seed))
    content, values = drawn.file(), drawn.values()
    for kernel in KERNELS:
        for threads in (1, 2):
            words = WithDelegate(content, threads=threads, kernel=kernel).run(drawn.image)[0]
            np.testing.assert_array_equal(words, pack_bits(values), err_msg=f"{kernel}: {drawn.image.shape}")
    # LiteRT's own sums may be rounded in another way, which turns a sign only where the sum is nearly 0.
    of_litert = WithDelegate(content, fuse="0").run(drawn.image)[0]
    clear = np.where(np.abs(values) > 1e-5, values, 0)
    np.testing.assert_array_equal(of_litert & pack_bits(-np.abs(clear)), pack_bits(clear))


@pytest.mark.parametrize(("channels", "is_taken"), [(1, True), (16, True), (64, True), (3, False), (48, False)])
def test_numbers_of_channels_that_no_kernel_takes_are_left_to_litert(channels, is_taken):
    rng = np.random.default_rng(0)
    image, filters = (rng.normal(size=(1, size, size, channels)).astype(np.float32) for size in (6, 3))
    drawn = Binarizer(image, filters, np.zeros(channels, np.float32), SAME)
    assert WithDelegate(drawn.file(), xnnpack=False).delegate_reads_input() == is_taken
    assert not WithDelegate(drawn.file(), xnnpack=False, fuse="0").delegate_reads_input()


@pytest.mark.parametrize("seed", range(60))
def test_largest_values_behind_a_binary_convolution_are_those_of_litert(seed):
    rng = np.random.default_rng(seed)
    size, strides, padding = rng.integers(1, 5, 2), rng.integers(1, 4, 2), int(rng.integers(2))
    depth, channels = int(rng.integers(1, 40)), int(rng.choice([1, 16, 32, 64, rng.integers(1, 80)]))
    height, width = size + rng.integers(0, 9, 2)
    file = LceFile()
    shape = (int(rng.integers(1, 3)), height, width, channels)
    words = quantized(file, file.input((*shape[:3], depth), np.float32), (*shape[:3], depth))
    filters = pack_bits(signs(rng, (channels, 3, 3, depth)))
    numbers = [file.constant(rng.normal(size=channels).astype(np.float32)) for _ in range(2)]
    inputs = [words, file.constant(filters), *numbers, -1]
    value = file.custom("LceBconv2d", inputs, shape, np.float32, convolution_options(depth))
    outputs = [windowed(*axis, padding) for axis in zip((height, width), size, strides, strict=True)]
    content = file.finished(file.max_pool(value, (shape[0], *outputs, channels), size, strides, padding))
    image = rng.normal(size=(*shape[:3], depth)).astype(np.float32)
    expected = WithDelegate(content, fuse="0").run(image)[0]
    for kernel in KERNELS:
        pooled = WithDelegate(content, threads=int(rng.integers(1, 3)), kernel=kernel).run(image)[0]
        np.testing.assert_array_equal(pooled, expected, err_msg=f"{kernel}: {shape}, {size}, {strides}, {padding}")
