"""Randomly drawn models of a single binary operation, or of a few in a residual block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from larq_focal.network.packing import pack_bits, words_for
from tests.support.lce_file import LceFile

SAME, VALID = 0, 1
ACTIVATIONS = 4
OUTPUT_TYPES = (np.float32, np.int8, np.int32)


@dataclass(frozen=True)
class Case:
    text: str
    content: bytes
    inputs: tuple[np.ndarray, ...]


def signs(rng: np.random.Generator, shape) -> np.ndarray:
    return rng.choice(np.array([-1, 1], np.float32), tuple(shape))


def channels(rng: np.random.Generator) -> int:
    """Any number up to 200, and often one that fills words or vectors."""
    return int(rng.choice([rng.integers(1, 200), 32 * rng.integers(1, 7), 64]))


def few_channels(rng: np.random.Generator) -> int:
    """So few that several taps of a window fit into a word."""
    return int(rng.integers(1, 22))


def windowed(size: int, window: int, stride: int, padding: int) -> int:
    return -(-size // stride) if padding == SAME else (size - window) // stride + 1


def convolution_options(channels_in: int, /, **changes: int) -> dict[str, int]:
    """Those of LceBconv2d: a plain convolution with one-padding, but for ``changes``."""
    options = {
        "channels_in": channels_in,
        "dilation_height_factor": 1,
        "dilation_width_factor": 1,
        "fused_activation_function": 0,
        "pad_values": 1,
        "padding": SAME,
        "stride_height": 1,
        "stride_width": 1,
    }
    return {**options, **changes}


def quantized(file: LceFile, values: int, shape) -> int:
    return file.custom("LceQuantize", [values], (*shape[:-1], words_for(shape[-1])), np.int32)


def quantize_file(shape) -> bytes:
    file = LceFile()
    return file.finished(quantized(file, file.input(shape, np.float32), shape))


def convolution_file(shape, filters: np.ndarray, **changes: int) -> bytes:
    """Quantize and a convolution that gives the sums of products."""
    file = LceFile()
    image = quantized(file, file.input(shape, np.float32), shape)
    weights = file.constant(pack_bits(filters))
    ones, zeros = (file.constant(np.full(len(filters), value, np.float32)) for value in (1, 0))
    options = convolution_options(shape[-1], **changes)
    output = file.custom(
        "LceBconv2d", [image, weights, ones, zeros, -1], (*shape[:3], len(filters)), np.float32, options
    )
    return file.finished(output)


def draw_convolution(rng: np.random.Generator, channels_in: int | None = None) -> Case:
    """Quantize and LceBconv2d, to float32, int8 or packed words; in groups only where ``channels_in`` is left open."""
    dtype = OUTPUT_TYPES[rng.integers(3)]
    filter_size, stride, dilation = rng.integers(1, 5, 2), rng.integers(1, 4, 2), rng.integers(1, 4, 2)
    padding, pad_value, activation = (int(draw) for draw in rng.integers((2, 2, ACTIVATIONS)))
    extent = (filter_size - 1) * dilation + 1
    height, width = extent + rng.integers(0, 9, 2)
    groups = int(rng.choice([1, 1, 2, 3])) if channels_in is None else 1
    if channels_in is None:
        channels_in = channels(rng) if groups == 1 else 32 * groups * int(rng.integers(1, 4))
    channels_out = groups * -(-channels(rng) // groups)
    if padding == SAME and pad_value == 0:  # LCE has no more than this
        dtype, activation = np.float32, 0
    shape = (int(rng.integers(1, 4)), height, width, channels_in)
    outputs = [windowed(*axis, padding) for axis in zip((height, width), extent, stride, strict=True)]

    file = LceFile()
    image = quantized(file, file.input(shape, np.float32), shape)
    filters = signs(rng, (channels_out, *filter_size, channels_in // groups))
    weights = file.constant(pack_bits(filters))
    products = filters[0].size
    if dtype == np.int32:
        parameters = [-1, -1, file.constant(rng.integers(-2, products + 2, channels_out, np.int32))]
    else:
        parameters = [*_scales(rng, file, channels_out, products), -1]
    options = convolution_options(
        channels_in,
        dilation_height_factor=int(dilation[0]),
        dilation_width_factor=int(dilation[1]),
        fused_activation_function=activation,
        pad_values=pad_value,
        padding=padding,
        stride_height=int(stride[0]),
        stride_width=int(stride[1]),
    )
    scale, zero_point = (float(rng.uniform(0.01, 0.1)), int(rng.integers(-20, 20))) if dtype == np.int8 else (None, 0)
    last = words_for(channels_out) if dtype == np.int32 else channels_out
    output = file.custom(
        "LceBconv2d", [image, weights, *parameters], (shape[0], *outputs, last), dtype, options, scale, zero_point
    )
    text = f"{shape} by {filters.shape} in {groups} groups to {np.dtype(dtype)}, {options}"
    return Case(text, file.finished(output), (rng.normal(size=shape).astype(np.float32),))


def _scales(rng: np.random.Generator, file: LceFile, channels_out: int, products: int) -> list[int]:
    """A multiplier and a bias that bring the outputs near 1."""
    multiplier = rng.normal(0, 1, channels_out) / np.sqrt(products)
    return [file.constant(values.astype(np.float32)) for values in (multiplier, rng.normal(0, 1, channels_out))]


def draw_quantize(rng: np.random.Generator) -> Case:
    shape = (*rng.integers(1, 6, rng.integers(0, 4)), channels(rng))
    dtype = [np.float32, np.int8, bool][rng.integers(3)]
    scale, zero_point = (0.1, int(rng.integers(-128, 128))) if dtype == np.int8 else (None, 0)
    values = {
        np.float32: rng.choice([-0.0, 0.0, -np.inf, *rng.normal(size=9)], shape).astype(np.float32),
        np.int8: rng.integers(-128, 128, shape, np.int8),
        bool: rng.integers(0, 2, shape).astype(bool),
    }[dtype]
    file = LceFile()
    packed_shape = (*shape[:-1], words_for(shape[-1]))
    output = file.custom("LceQuantize", [file.input(shape, dtype, scale, zero_point)], packed_shape, np.int32)
    return Case(f"{shape} {np.dtype(dtype)}, zero point {zero_point}", file.finished(output), (values,))


def draw_dequantize(rng: np.random.Generator) -> Case:
    shape = (*rng.integers(1, 6, rng.integers(0, 4)), channels(rng))
    dtype = [np.float32, np.int8, bool][rng.integers(3)]
    scale = float(rng.choice([0.001, 0.05, 0.5, 1, 1.5, 2, 7])) if dtype == np.int8 else None
    zero_point = int(rng.integers(-128, 128)) if dtype == np.int8 else 0
    file = LceFile()
    words = file.input((*shape[:-1], words_for(shape[-1])), np.int32)
    output = file.custom("LceDequantize", [words], shape, dtype, scale=scale, zero_point=zero_point)
    text = f"{shape} {np.dtype(dtype)}, scale {scale}, zero point {zero_point}"
    return Case(text, file.finished(output), (pack_bits(signs(rng, shape)),))


def draw_max_pool(rng: np.random.Generator) -> Case:
    window, stride = rng.integers(1, 5, 2), rng.integers(1, 4, 2)
    padding = int(rng.integers(2))
    shape = (int(rng.integers(1, 4)), *(window + rng.integers(0, 9, 2)), int(rng.integers(1, 6)))
    outputs = [windowed(*axis, padding) for axis in zip(shape[1:3], window, stride, strict=True)]
    options = {
        "padding": padding,
        "stride_width": int(stride[1]),
        "stride_height": int(stride[0]),
        "filter_width": int(window[1]),
        "filter_height": int(window[0]),
    }
    file = LceFile()
    output = file.custom(
        "LceBMaxPool2d", [file.input(shape, np.int32)], (shape[0], *outputs, shape[3]), np.int32, options
    )
    words = rng.integers(-(2**31), 2**31, shape, np.int64).astype(np.int32)
    return Case(f"{shape}, {options}", file.finished(output), (words | words[::-1],))


def draw_few_channels(rng: np.random.Generator) -> Case:
    return draw_convolution(rng, few_channels(rng))


def draw_residual_block(rng: np.random.Generator, depth: int | None = None) -> Case:
    """Binary convolutions, each added to what went in, with and without other uses of the values between."""
    depth = channels(rng) if depth is None else depth
    shape = (int(rng.integers(1, 3)), *rng.integers(3, 16, 2), depth)
    file = LceFile()
    value = file.input(shape, np.float32)
    outputs = []
    for _ in range(int(rng.integers(1, 5))):
        words = quantized(file, value, shape)
        filters = signs(rng, (depth, 3, 3, depth))
        parameters = [file.constant(pack_bits(filters)), *_scales(rng, file, depth, filters[0].size), -1]
        options = convolution_options(depth, fused_activation_function=int(rng.integers(2)))
        product = file.custom("LceBconv2d", [words, *parameters], shape, np.float32, options)
        if rng.integers(4) == 0:
            outputs.append(product)
        terms = [product, value] if rng.integers(2) else [value, product]
        value = file.add(*terms, activation=int(rng.integers(ACTIVATIONS))) if rng.integers(4) else product
        if rng.integers(4) == 0:
            outputs.append(value)
    outputs.append(value if rng.integers(2) else quantized(file, value, shape))
    outputs = list(dict.fromkeys(outputs))
    return Case(
        f"{shape}, {len(outputs)} outputs", file.finished(*outputs), (rng.normal(size=shape).astype(np.float32),)
    )
