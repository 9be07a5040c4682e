"""The constant weights of a layer, with the number of bits that their values really need."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from larq_focal.network.packing import pack_bits

FLOAT_BITS = 32
_FINEST_GRID = 256  # steps from 0 to the largest weight


@dataclass(frozen=True, eq=False)
class Kernel:
    """Weights as integer codes times a scale per output channel, or as plain floats.

    ``codes`` has shape ``[kh, kw, in_channels / groups, out]`` for a convolution and ``[in, out]`` for a dense
    layer. ``bits`` is 1 for codes of -1 and +1, 2 for ternary codes of -1, 0 and +1, 2 to 16 for other
    integer codes, and 32 for float weights (codes are then the weights and ``scale`` is None). ``stored_scales``
    says how many scales have to be stored, whatever their values: none where they follow from what the kernel is
    (plain signs), one for the whole kernel, or one for each output channel.
    """

    codes: np.ndarray
    scale: np.ndarray | None
    bits: int
    stored_scales: int = 0

    def __post_init__(self):
        out = self.codes.shape[-1]
        if self.bits == FLOAT_BITS:
            if self.scale is not None or self.codes.dtype != np.float32:
                raise ValueError("A float kernel holds float32 weights and has no scale.")
        elif self.scale is None or self.scale.shape != (out,):
            raise ValueError(
                f"A kernel of {self.bits} bits with {out} output channels needs a scale of shape ({out},)."
            )
        if self.stored_scales not in (0, 1, out):
            raise ValueError(
                f"A kernel with {out} output channels stores 0, 1 or {out} scales, not {self.stored_scales}."
            )

    @classmethod
    def from_values(cls, values: np.ndarray, max_levels: int = 16) -> Kernel:
        """Finds the smallest exact encoding of float weights ``[..., out]`` of which nothing else is known.

        Binary: every output channel is ``+-s``. Ternary: ``+-s`` and 0. Uniform: an arithmetic grid of at most
        ``max_levels`` levels that holds 0 or is symmetric about it. Anything else stays float. Equality is up to
        a few units in the last place of float32. Scales are stored unless all are 1, once if all are equal.
        """
        values = np.asarray(values, np.float32)
        found = _signs(values) or _uniform(values, max_levels)
        if found is None:
            return cls(values, None, FLOAT_BITS)
        codes, scale, bits = found
        stored = 1 if np.all(scale == scale[0]) else scale.size
        return cls(codes, scale, bits, 0 if np.all(scale == 1) else stored)

    @classmethod
    def quantized(cls, values: np.ndarray, bits: int, stored_scales: int) -> Kernel:
        """Encodes float weights ``[..., out]`` that a quantizer of ``bits`` bits made.

        ``bits`` and ``stored_scales`` are those of the quantizer, whichever of its levels the weights take just now.
        Where the weights do not lie on a grid of so few levels in each output channel, it claims what is not so: they
        are encoded ``from_values`` then.
        """
        values = np.asarray(values, np.float32)
        found = _signs(values)
        if found is None or found[2] > bits:
            found = _grid_by_channel(values, bits)
        if found is None:
            return cls.from_values(values, max_levels=2 ** max(4, min(bits, 8)))
        return cls(found[0], found[1], bits, stored_scales)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.codes.shape

    @property
    def size(self) -> int:
        """Number of weights."""
        return int(self.codes.size)

    @property
    def is_binary(self) -> bool:
        return self.bits == 1

    @property
    def fan_in(self) -> int:
        """Weights that meet in one output: ``kh * kw * in_channels / groups``, or ``in``."""
        return int(np.prod(self.shape[:-1]))

    def values(self) -> np.ndarray:
        """The weights as float32, in the shape of ``codes``."""
        return self.codes if self.scale is None else (self.codes * self.scale).astype(np.float32)

    def packed(self) -> np.ndarray:
        """Binary convolution weights as Larq Compute Engine stores them: int32 ``[out, kh, kw, words]``.

        Raises:
            ValueError: the kernel is not binary or not that of a convolution.
        """
        if not self.is_binary or self.codes.ndim != 4:
            raise ValueError("Only the binary kernel of a convolution can be packed.")
        return pack_bits(np.moveaxis(self.codes, -1, 0))


_Encoding = tuple[np.ndarray, np.ndarray, int]
"""Codes, scales and bits of a kernel."""


def _signs(values: np.ndarray) -> _Encoding | None:
    """Weights that are ``+-s`` in every output channel, or these and 0."""
    magnitude = np.abs(values).reshape(-1, values.shape[-1])
    scale = magnitude.max(0)
    if len(magnitude) == 1:  # any number is plus or minus itself, so one weight per channel shows nothing
        scale = np.full_like(scale, scale.max())
    if not np.all(np.isfinite(scale)):
        raise ValueError("The kernel holds a value that is not finite.")
    tolerance = 4 * np.finfo(np.float32).eps * scale
    magnitude -= scale
    is_full = np.abs(magnitude, out=magnitude) <= tolerance
    del magnitude  # large kernels are read in little memory
    if is_full.all():
        return np.where(values < 0, np.int8(-1), np.int8(1)), scale, 1
    is_nonzero = np.abs(values) > tolerance
    if (is_full | ~is_nonzero.reshape(is_full.shape)).all():
        return (np.sign(values) * is_nonzero).astype(np.int8), scale, 2
    return None


def _uniform(values: np.ndarray, max_levels: int) -> _Encoding | None:
    """One grid for the whole tensor: codes are odd integers where 0 is not a level (as in DoReFa weights)."""
    if len(values.flat) <= max_levels:
        return None  # a handful of weights is always "on a grid"
    levels = np.unique(values)
    if len(levels) > max_levels:
        return None
    largest = np.abs(values).max()
    step = np.min(np.diff(levels))
    for unit in (step, step / 2):
        codes = np.rint(values / unit)
        unit = largest / np.abs(codes).max()
        if np.abs(codes * unit - values).max() <= 8 * np.finfo(np.float32).eps * largest:
            is_odd = np.all(codes % 2)
            count = np.abs(codes).max() + 1 if is_odd else max(codes.max(), 0) - min(codes.min(), 0) + 1
            bits = max(2, int(np.ceil(np.log2(count))))
            scale = np.full(values.shape[-1], unit, np.float32)
            return (codes.astype(np.int16), scale, bits) if bits <= 15 else None
    return None


def _grid_by_channel(values: np.ndarray, bits: int) -> _Encoding | None:
    """At most ``2 ** bits`` integer codes on a grid of its own for each output channel: the coarsest that is exact."""
    columns = values.reshape(-1, values.shape[-1])
    if bits < 2 or any(len(np.unique(column)) > 2**bits for column in columns.T):
        return None
    largest = np.abs(columns).max(0)
    shares = columns / np.where(largest > 0, largest, 1)
    steps = np.zeros(len(largest), int)
    for count in range(1, _FINEST_GRID + 1):
        left = np.flatnonzero(steps == 0)
        if not len(left):
            break
        exact = shares[:, left] * count
        fits = np.abs(np.rint(exact) - exact).max(0) <= 8 * np.finfo(np.float32).eps * count
        steps[left[fits]] = count
    if not steps.all():
        return None
    codes = np.rint(shares * steps)
    return codes.reshape(values.shape).astype(np.int16), (largest / steps).astype(np.float32), bits
