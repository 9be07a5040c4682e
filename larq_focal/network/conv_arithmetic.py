"""The arithmetic of convolutions in NumPy: padding as in TensorFlow, windows, matrix products and popcounts."""

from __future__ import annotations

import numpy as np

from larq_focal.network.packing import pack_bits, popcount_dot

Pair = tuple[int, int]
Triple = tuple[int, int, int]

_PATCH_BYTES = 2**27  # images are convolved in slices whose patches fit in here


def dilated(size: tuple[int, ...], dilation: tuple[int, ...]) -> tuple[int, ...]:
    """What a window of ``size`` spans along each axis."""
    return tuple((extent - 1) * rate + 1 for extent, rate in zip(size, dilation, strict=True))


def same_pads(image: tuple[int, ...], window: tuple[int, ...], strides: tuple[int, ...]) -> tuple[Pair, ...]:
    """``((top, bottom), (left, right))`` of TensorFlow's "same" padding: the odd pixel at the bottom and right.

    Args:
        image: height and width of the input, or depth, height and width.
        window: those of the window, dilation included.
        strides: the step along each axis.
    """
    pads = []
    for size, extent, stride in zip(image, window, strides, strict=True):
        total = max((-(-size // stride) - 1) * stride + extent - size, 0)
        pads.append((total // 2, total - total // 2))
    return tuple(pads)


def pad_image(x: np.ndarray, pads: tuple[Pair, ...], value: float) -> np.ndarray:
    """Pads what lies between the first and the last axis of ``x`` with ``value``: height and width, say."""
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


def convolve_volume(
    x: np.ndarray, kernel: np.ndarray, strides: Triple = (1, 1, 1), dilation: Triple = (1, 1, 1), groups: int = 1
) -> np.ndarray:
    """Convolution over depth, height and width without padding: the sum of those of the slices of the kernel.

    Args:
        x: float32 ``[N, D, H, W, C]``.
        kernel: float32 ``[kd, kh, kw, C / groups, out]``, output channels ordered by group.

    Returns:
        float32 ``[N, od, oh, ow, out]``.
    """
    images, depth = x.shape[:2]
    span = (len(kernel) - 1) * dilation[0] + 1
    total: np.ndarray | float = 0.0
    for index, part in enumerate(kernel):
        first = index * dilation[0]
        layers = x[:, first : depth - span + first + 1 : strides[0]]
        flat = layers.reshape(-1, *x.shape[2:])
        sums = convolve(flat, part, strides[1:], dilation[1:], groups)
        total = total + sums.reshape(images, -1, *sums.shape[1:])
    return total


def convolve_transposed(
    x: np.ndarray, kernel: np.ndarray, strides: Pair, dilation: Pair, begin: Pair, size: Pair
) -> np.ndarray:
    """Transposed convolution: as a convolution of the flipped kernel over the image with zeros between its pixels.

    Args:
        x: float32 ``[N, H, W, C]``.
        kernel: float32 ``[kh, kw, C, out]``.
        begin: rows and columns that are cut off at the top and left.
        size: height and width of the result; 0 where no pixel reaches.

    Returns:
        float32 ``[N, *size, out]``.
    """
    images, height, width, channels = x.shape
    spread = np.zeros((images, (height - 1) * strides[0] + 1, (width - 1) * strides[1] + 1, channels), np.float32)
    spread[:, :: strides[0], :: strides[1]] = x
    pads = tuple((span - 1, span - 1) for span in dilated(kernel.shape[:2], dilation))
    whole = convolve(pad_image(spread, pads, 0), kernel[::-1, ::-1], (1, 1), dilation)
    result = np.zeros((images, *size, kernel.shape[-1]), np.float32)
    part = whole[:, begin[0] : begin[0] + size[0], begin[1] : begin[1] + size[1]]
    result[:, : part.shape[1], : part.shape[2]] = part
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
