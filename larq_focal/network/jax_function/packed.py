"""Signs in 32-bit words, and their products by exclusive or and population count: the packed values of a JAX function.

Words are laid out as in ``larq_focal.network.packing``.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from larq_focal.network import ops
from larq_focal.network.conv_arithmetic import Pair, convolve, pad_image
from larq_focal.network.kernel_sums import conv_pads
from larq_focal.network.packing import WORD_BITS, pack_bits, words_for


@dataclass(frozen=True)
class Signs:
    """Values of -1 and +1: uint32 ``words`` ``[..., ceil(channels / 32)]``."""

    words: jax.Array
    channels: int

    def values(self) -> jax.Array:
        """float32 ``[..., channels]``."""
        shifts = jnp.arange(WORD_BITS, dtype=jnp.uint32)
        bits = (self.words[..., None] >> shifts) & 1
        bits = bits.reshape(*self.words.shape[:-1], -1)[..., : self.channels]
        return jnp.where(bits == 1, jnp.float32(-1), jnp.float32(1))

    def reshaped(self, shape: tuple[int, ...]) -> Signs | None:
        """With this shape behind the batch axis, if whole words stay as they are; else None."""
        are_whole = self.channels % WORD_BITS == 0 and shape and shape[-1] % WORD_BITS == 0
        if shape[-1:] != (self.channels,) and not are_whole:
            return None
        return Signs(self.words.reshape(len(self.words), *shape[:-1], words_for(shape[-1])), shape[-1])


def packed(is_negative: jax.Array) -> Signs:
    """Signs from whether they are -1, ``[..., channels]``."""
    channels = is_negative.shape[-1]
    spare = words_for(channels) * WORD_BITS - channels
    bits = jnp.pad(is_negative, [(0, 0)] * (is_negative.ndim - 1) + [(0, spare)])
    bits = bits.reshape(*bits.shape[:-1], -1, WORD_BITS).astype(jnp.uint32)
    return Signs((bits << jnp.arange(WORD_BITS, dtype=jnp.uint32)).sum(-1, dtype=jnp.uint32), channels)


def takes_signs(op: ops.Op) -> bool:
    """Whether the layer's products can be counted in words: then it may be given packed signs."""
    if isinstance(op, ops.Dense):
        return op.kernel.is_binary
    has_whole_words = isinstance(op, ops.Conv2D) and (op.groups == 1 or op.kernel.shape[2] % WORD_BITS == 0)
    return has_whole_words and op.kernel.is_binary and op.pad_value in (-1, 0, 1)


def dense_sums(op: ops.Dense, signs: Signs) -> jax.Array:
    """The sums of products of a binary dense layer, int32 ``[..., out]``."""
    filters = _words(np.moveaxis(op.kernel.codes, -1, 0))  # [out, words]
    return signs.channels - 2 * _differing(signs.words[..., None, :], filters)


def convolution_sums(op: ops.Conv2D, signs: Signs) -> jax.Array:
    """The sums of products of a binary convolution, int32 ``[N, oh, ow, out]``.

    Outside of the image stand zero words, which mean +1; for another padding the sums of the weights that fall outside
    are corrected, as in larq/compute-engine, ``core/bconv2d/zero_padding_correction.h``.
    """
    image = signs.words.shape[1:3]
    pads = conv_pads(op, image)
    words = jnp.pad(signs.words, ((0, 0), *pads, (0, 0)))
    filters = _words(np.moveaxis(op.kernel.codes, -1, 0))  # [out, kh, kw, words of a group]
    group_words, group_outputs = filters.shape[-1], op.kernel.shape[-1] // op.groups
    sums = []
    for group in range(op.groups):
        part = words[..., group * group_words : (group + 1) * group_words]
        weights = filters[group * group_outputs : (group + 1) * group_outputs]
        sums.append(op.kernel.fan_in - 2 * _window_counts(op, part, weights))
    total = jnp.concatenate(sums, -1)
    if op.pad_value != 1 and np.any(pads):
        total = total + jnp.asarray((op.pad_value - 1) * _weights_outside(op, image, pads), jnp.int32)
    return total


def _window_counts(op: ops.Conv2D, words: jax.Array, filters: np.ndarray) -> jax.Array:
    """The differing bits of each window and filter, tap by tap, so that no windows are copied."""
    rows, columns = op.kernel.shape[:2]
    height, width = op.shape[:2]
    counts = jnp.int32(0)
    for y in range(rows):
        for x in range(columns):
            top, left = y * op.dilation[0], x * op.dilation[1]
            bottom, right = top + (height - 1) * op.strides[0] + 1, left + (width - 1) * op.strides[1] + 1
            pixels = words[:, top : bottom : op.strides[0], left : right : op.strides[1]]
            counts = counts + _differing(pixels[..., None, :], filters[:, y, x])
    return counts


def _differing(left: jax.Array, right: np.ndarray) -> jax.Array:
    return lax.population_count(left ^ right).astype(jnp.int32).sum(-1)


def _words(signs: np.ndarray) -> np.ndarray:
    return pack_bits(signs).view(np.uint32)


def _weights_outside(op: ops.Conv2D, image: Pair, pads: tuple[Pair, Pair]) -> np.ndarray:
    """The sum of the weights of each output whose taps lie outside of the image: ``[1, oh, ow, out]``."""
    outside = pad_image(np.zeros((1, *image, 1), np.float32), pads, 1)
    by_tap = op.kernel.codes.astype(np.float32).sum(2, keepdims=True)
    return convolve(outside, by_tap, op.strides, op.dilation)
