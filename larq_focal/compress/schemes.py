"""Ways to choose the levels of a kernel's weights from the weights alone, without data.

Source: Nayak, Zhang and Chai, "Bit Efficient Quantization for Deep Neural Networks", EMC2 workshop at NeurIPS 2019,
compares such ways down to 3 bits; Choukroun et al., https://arxiv.org/abs/1902.06822, for the least squares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from larq_focal.compress.least_squares import even_magnitudes, least_squares_scales, nearest_codes
from larq_focal.compress.scheme_names import Scheme
from larq_focal.network.kernel import Kernel

MOST_BITS = 8
_MOST_BITS_OF_POWERS = 4
"""Seven powers of two, the largest of which is 64: int8 holds no more."""
_LARGEST_CODE = 127
_OCTAVES = (-2, -1, 0, 1, 2)
"""Around the best scale, in which the best power of two is looked for."""


def least_squares(values: np.ndarray, bits: int, has_zero: bool | None = None) -> Kernel:
    """Even levels in the range of least squared error; with or without 0, or what has the smaller error of both."""
    candidates = [_fitted(values, bits, even_magnitudes(bits, each)) for each in level_sets(bits, has_zero)]
    if len(candidates) > 1 and not np.all(np.any(values.reshape(-1, values.shape[-1]), axis=0)):
        return candidates[0]  # a channel of zeros stays one
    return min(candidates, key=lambda kernel: float(np.square(values - kernel.values(), dtype=np.float64).sum()))


def level_sets(bits: int, has_zero: bool | None) -> list[bool]:
    """Whether 0 is a level, for each set of even levels to choose from.

    Raises:
        ValueError: there are no weights of so many bits, or no such levels.
    """
    if not 1 <= bits <= MOST_BITS:
        raise ValueError(f"Weights can have 1 to {MOST_BITS} bits, not {bits}.")
    known = {1: [False], MOST_BITS: [True]}.get(bits, [True, False])
    if has_zero is None:
        return known
    if has_zero not in known:
        raise ValueError(f"Weights of {bits} bits {'have' if known == [True] else 'do not have'} 0 as a level.")
    return [has_zero]


def largest_weight(values: np.ndarray, bits: int) -> Kernel:
    """Even levels with 0, up to the largest weight of each output channel, as int8 has them."""
    _check(bits, MOST_BITS)
    magnitudes = even_magnitudes(bits, has_zero=True)
    largest = np.abs(values).reshape(-1, values.shape[-1]).max(0)
    scales = np.where(largest > 0, largest / magnitudes[-1], 1).astype(np.float32)
    return _kernel(nearest_codes(values, scales, magnitudes), scales, bits)


def asymmetric(values: np.ndarray, bits: int) -> Kernel:
    """2^bits even levels with 0, from the least to the largest weight of each output channel."""
    _check(bits, MOST_BITS)
    columns = values.reshape(-1, values.shape[-1])
    low, high = np.minimum(columns.min(0), 0), np.maximum(columns.max(0), 0)
    scales = np.where(high > low, (high - low) / (2**bits - 1), 1).astype(np.float32)
    lowest = np.rint(low / scales)
    codes = np.clip(np.rint(values / scales), lowest, lowest + 2**bits - 1)
    if np.abs(codes).max(initial=0) > _LARGEST_CODE:  # weights of one sign, in 8 bits
        return largest_weight(values, bits)
    return _kernel(codes, scales, bits)


def powers_of_two(values: np.ndarray, bits: int) -> Kernel:
    """0 and powers of two of both signs, times the scale of least squared error: products are shifts."""
    _check(bits, _MOST_BITS_OF_POWERS)
    return _fitted(values, bits, np.append(0, 2 ** np.arange(2 ** (bits - 1) - 1)))


def fixed_point(values: np.ndarray, bits: int) -> Kernel:
    """Even levels with 0 whose scale, for each output channel, is the power of two of least squared error."""
    _check(bits, MOST_BITS)
    magnitudes = even_magnitudes(bits, has_zero=True)
    nearest = np.floor(np.log2(least_squares_scales(values, magnitudes)))
    candidates = [2.0 ** (nearest + octave) for octave in _OCTAVES]
    codes = [nearest_codes(values, scales, magnitudes) for scales in candidates]
    errors = [
        np.square(values - scales * code).reshape(-1, values.shape[-1]).sum(0)
        for scales, code in zip(candidates, codes, strict=True)
    ]
    best = np.argmin(errors, axis=0)
    scales = np.choose(best, candidates).astype(np.float32)
    return _kernel(nearest_codes(values, scales, magnitudes), scales, bits)


def _check(bits: int, most: int) -> None:
    if not 2 <= bits <= most:
        raise ValueError(f"These levels can have 2 to {most} bits, not {bits}.")


def _fitted(values: np.ndarray, bits: int, magnitudes: np.ndarray) -> Kernel:
    scales = least_squares_scales(values, magnitudes).astype(np.float32)
    return _kernel(nearest_codes(values, scales, magnitudes), scales, bits)


def _kernel(codes: np.ndarray, scales: np.ndarray, bits: int) -> Kernel:
    return Kernel(codes.astype(np.int8), scales, bits, len(scales))


SCHEMES: Mapping[Scheme, Callable[[np.ndarray, int], Kernel]] = {
    "least squares": least_squares,
    "largest weight": largest_weight,
    "asymmetric": asymmetric,
    "powers of two": powers_of_two,
    "fixed point": fixed_point,
}
"""By name; each makes a kernel of weights ``[..., C]`` and bits, and refuses bits that it does not have."""
