"""The arithmetic of convolutions in NumPy: padding as in TensorFlow, windows, matrix products and popcounts."""

from __future__ import annotations

import numpy as np

from larq_focal.network.packing import pack_bits, popcount_dot

Pair = tuple[int, int]

_PATCH_BYTES = 2**27  # images are convolved in slices whose patches fit in here


def dilated(size: Pair, dilation: Pair) -> Pair:
    """Height and width that a window of ``size`` spans."""
    return tuple((extent - 1) * rate + 1 for extent, rate in zip(size, dilation, strict=True))


def same_pads(image: Pair, window: Pair, strides: Pair) -> tuple[Pair, Pair]:
    """``((top, bottom), (left, right))`` of TensorFlow's "same" padding: the odd pixel at the bottom and right.

    Args:
        image: height and width of the input.
        window: height and width of the window, dilation included.
        strides: vertical and horizontal step.
    """
    pads = []
    for size, extent, stride in zip(image, window, strides, strict=True):
        total = max((-(-size // stride) - 1) * stride + extent - size, 0)
        pads.append((total // 2, total - total // 2))
    return tuple(pads)


def pad_image(x: np.ndarray, pads: tuple[Pair, Pair], value: float) -> np.ndarray:
    """Pads height and width of ``x`` ``[N, H, W, C]`` with ``value``."""
    return np.pad(x, ((0, 0), *pads, (0, 0)), constant_values=value) if np.any(pads) else x


def windows(x: np.ndarray, size: Pair, strides: Pair, dilation: Pair = (1, 1)) -> np.ndarray:
    """All windows of ``x`` ``[N, H, W, C]`` as a view ``[N, oh, ow, kh, kw, C]``."""
    views = np.lib.stride_tricks.sliding_window_view(x, dilated(size, dilation), axis=(1, 2))
    views = views[:, :: strides[0], :: strides[1], :, :: dilation[0], :: dilation[1]]
    return views.transpose(0, 1, 2, 4, 5, 3)


def convolve(
    x: np.ndarray, kernel: np.ndarray, strides: Pair = (1, 1), dilation: Pair = (1, 1), groups: int = 1
) -> np.ndarray:
    """Convolution without padding, as matrix products over patches.

    Where input and kernel are integers, so is the result, exactly: float32 holds every sum below 2**24.

    Args:
        x: float32 ``[N, H, W, C]``.
        kernel: float32 ``[kh, kw, C / groups, out]``, output channels ordered by group.

    Returns:
        float32 ``[N, oh, ow, out]``.
    """
    height, width, depth, out = kernel.shape
    fan_in = height * width * depth
    weights = kernel.reshape(fan_in, groups, out // groups).transpose(1, 0, 2)
    patches = windows(x, (height, width), strides, dilation)
    images, rows, columns = patches.shape[:3]
    result = np.empty((images, rows, columns, out), np.float32)
    step = max(1, _PATCH_BYTES // (4 * rows * columns * fan_in * groups))
    for start in range(0, images, step):
        part = patches[start : start + step]
        part = part.reshape(*part.shape[:5], groups, depth).transpose(5, 0, 1, 2, 3, 4, 6)
        product = part.reshape(groups, -1, fan_in) @ weights  # [groups, pixels, out / groups]
        result[start : start + step] = product.transpose(1, 0, 2).reshape(-1, rows, columns, out)
    return result


def popcount_convolve(
    signs: np.ndarray,
    kernel: np.ndarray,
    strides: Pair = (1, 1),
    dilation: Pair = (1, 1),
    groups: int = 1,
    pads: tuple[Pair, Pair] = ((0, 0), (0, 0)),
    pad_value: int = 1,
) -> np.ndarray:
    """The binary convolution as compute engines do it: packed words, exclusive or, population count.

    Outside the image stand zero words, which mean +1; padding with 0 or -1 is this plus a correction by the weights
    that fall outside, as in larq/compute-engine, ``core/bconv2d/zero_padding_correction.h``.

    Args:
        signs: -1 and +1, ``[N, H, W, C]``.
        kernel: -1 and +1, ``[kh, kw, C / groups, out]``, output channels ordered by group.
        pad_value: -1, 0 or 1.

    Returns:
        int32 ``[N, oh, ow, out]``.
    """
    sums = []
    for group, weights in zip(np.split(signs, groups, -1), np.split(kernel, groups, -1), strict=True):
        depth = group.shape[-1]
        words = pad_image(pack_bits(group), pads, 0)
        filters = pack_bits(np.moveaxis(weights, -1, 0))  # [out / groups, kh, kw, words]
        patches = windows(words, kernel.shape[:2], strides, dilation)
        products = popcount_dot(patches[:, :, :, None], filters, depth)  # [N, oh, ow, out / groups, kh, kw]
        sums.append(products.sum((-2, -1), dtype=np.int32))
    result = np.concatenate(sums, -1)
    if pad_value != 1:
        outside = pad_image(np.zeros((1, *signs.shape[1:]), np.float32), pads, pad_value - 1)
        result = result + convolve(outside, kernel.astype(np.float32), strides, dilation, groups).astype(np.int32)
    return result
