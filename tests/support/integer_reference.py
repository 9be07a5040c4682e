"""TensorFlow Lite's int8 operators in plain integer arithmetic, as its specification of 8-bit quantization has them.

Values are int64 arrays ``[N, H, W, C]`` or ``[N, C]``.

Source: https://ai.google.dev/edge/litert/models/quantization_spec.
"""

from __future__ import annotations

import numpy as np

from larq_focal.network.int8 import Grid


def requantized(sums: np.ndarray, scale: np.ndarray | float, grid: Grid) -> np.ndarray:
    """Sums in steps of ``scale`` as integers on ``grid``, halves away from zero."""
    steps = sums * (np.float64(scale) / np.float64(grid.scale))
    rounded = np.sign(steps) * np.floor(np.abs(steps) + 0.5)
    return np.clip(rounded + grid.zero_point, -128, 127).astype(np.int64)


def convolution(x, weights, bias, strides, padding, x_grid, w_scale, y_grid, relu=False):
    """``weights`` int8 ``[kh, kw, in, out]``, bias int32 in steps of the product of the scales; pads with real 0."""
    kh, kw = weights.shape[:2]
    x = x - x_grid.zero_point
    if padding == "same":
        pads = []
        for size, window, stride in zip(x.shape[1:3], (kh, kw), strides, strict=True):
            total = max((-(-size // stride) - 1) * stride + window - size, 0)
            pads.append((total // 2, total - total // 2))
        x = np.pad(x, ((0, 0), *pads, (0, 0)))
    height = (x.shape[1] - kh) // strides[0] + 1
    width = (x.shape[2] - kw) // strides[1] + 1
    sums = np.zeros((len(x), height, width, weights.shape[-1]), np.int64)
    for i in range(kh):
        for j in range(kw):
            part = x[:, i : i + height * strides[0] : strides[0], j : j + width * strides[1] : strides[1]]
            part = part[:, :height, :width]
            sums += (
                part[..., None] * weights[i, j]
                if weights.shape[2] == 1 and part.shape[-1] > 1
                else part @ weights[i, j]
            )
    return _activated(requantized(sums + bias, x_grid.scale * w_scale, y_grid), y_grid, relu)


def depthwise(x, weights, bias, x_grid, w_scale, y_grid):
    """``weights`` int8 ``[kh, kw, C]``, one output for each channel, no padding."""
    kh, kw = weights.shape[:2]
    height, width = x.shape[1] - kh + 1, x.shape[2] - kw + 1
    sums = np.zeros((len(x), height, width, x.shape[-1]), np.int64)
    for i in range(kh):
        for j in range(kw):
            sums += (x[:, i : i + height, j : j + width] - x_grid.zero_point) * weights[i, j]
    return requantized(sums + bias, x_grid.scale * w_scale, y_grid)


def dense(x, weights, bias, x_grid, w_scale, y_grid, relu=False):
    """``weights`` int8 ``[in, out]``."""
    sums = (x - x_grid.zero_point) @ weights.astype(np.int64) + bias
    return _activated(requantized(sums, x_grid.scale * w_scale, y_grid), y_grid, relu)


def addition(a, b, a_grid, b_grid, y_grid):
    real = (a - a_grid.zero_point) * np.float64(a_grid.scale) + (b - b_grid.zero_point) * np.float64(b_grid.scale)
    return requantized(real, 1.0, y_grid)


def product(a, b, a_grid, b_grid, y_grid):
    whole = (a - a_grid.zero_point) * (b - b_grid.zero_point)
    return requantized(whole, np.float64(a_grid.scale) * np.float64(b_grid.scale), y_grid)


def average(x, size, grid):
    """Over windows that do not overlap, on the grid of the input."""
    n, height, width, channels = x.shape
    windows = x.reshape(n, height // size, size, width // size, size, channels) - grid.zero_point
    return requantized(windows.sum((2, 4)), grid.scale / size**2, grid)


def mean(x, x_grid, y_grid):
    return requantized((x - x_grid.zero_point).sum((1, 2)), x_grid.scale / (x.shape[1] * x.shape[2]), y_grid)


def leaky_relu(x, slope, x_grid, y_grid):
    real = (x - x_grid.zero_point) * np.float64(x_grid.scale)
    return requantized(np.where(real < 0, real * np.float64(np.float32(slope)), real), 1.0, y_grid)


def _activated(x, grid, relu):
    return np.maximum(x, grid.zero_point) if relu else x
