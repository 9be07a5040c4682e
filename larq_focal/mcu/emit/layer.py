"""Convolutions and dense layers in one form: the windows that they read, and their weights in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from larq_focal.mcu.storage import BITS, Storage, words_of
from larq_focal.mcu.whole import Whole, is_whole, sum_range
from larq_focal.network import ops
from larq_focal.network.kernel import Kernel
from larq_focal.network.kernel_sums import conv_pads

_SHORT: dict[Storage, Whole] = {"i8": Whole(-(2**7), 2**7 - 1), "i16": Whole(-(2**15), 2**15 - 1)}
_FIELDS = (2, 4, 8, 16)


@dataclass(frozen=True)
class Geometry:
    """The fields of ``lqf_geometry``, and the pixels of the result."""

    height: int
    width: int
    channels: int
    depth: int
    rows: int
    columns: int
    strides: ops.Pair
    dilation: ops.Pair
    above: int
    left: int
    out_height: int
    out_width: int

    @property
    def taps(self) -> int:
        return self.rows * self.columns

    @property
    def pixels(self) -> int:
        return self.out_height * self.out_width

    @property
    def is_padded(self) -> bool:
        """Whether some window reaches over an edge of the image."""
        below = (self.out_height - 1) * self.strides[0] - self.above + (self.rows - 1) * self.dilation[0]
        right = (self.out_width - 1) * self.strides[1] - self.left + (self.columns - 1) * self.dilation[1]
        return self.above > 0 or self.left > 0 or below >= self.height or right >= self.width

    def initializer(self) -> str:
        values = (self.height, self.width, f"{self.channels}u", f"{self.depth}u", self.rows, self.columns)
        return ", ".join(map(str, (*values, *self.strides, *self.dilation, self.above, self.left)))


@dataclass(frozen=True)
class Layer:
    """A layer with a kernel as a convolution, which a dense layer is over pixels in a row.

    Attributes:
        kernel: ``[rows, columns, depth, out]``.
        groups: of channels.
        pad_value: what stands outside of the image.
        window: how a window is stored: "bits", "i8", "i16" or "f32".
        weights: "signs", "ternary", "codes" (fields of ``field_bits``) or "floats".
        is_direct: whether the windows are the pixels of the image, as they are stored.
    """

    op: ops.Linear
    geometry: Geometry
    kernel: Kernel
    groups: int
    pad_value: float
    window: Storage
    weights: Literal["signs", "ternary", "codes", "floats"]
    is_direct: bool

    @property
    def fan_in(self) -> int:
        return self.kernel.fan_in

    @property
    def filters(self) -> int:
        return self.kernel.shape[-1]

    @property
    def field_bits(self) -> int:
        low, high = int(self.kernel.codes.min()), int(self.kernel.codes.max())
        return next(bits for bits in _FIELDS if -(2 ** (bits - 1)) <= low and high < 2 ** (bits - 1))

    @property
    def sums(self) -> Storage:
        return "f32" if self.window == "f32" else "i32"

    @property
    def window_words(self) -> int:
        return words_of((self.fan_in,), self.window)

    @property
    def window_stride(self) -> int:
        """From a window to the next, where several lie one behind the other: words of bits, or numbers."""
        return self.window_words * (1 if self.window == "bits" else 32 // BITS[self.window])

    @property
    def place(self) -> str:
        """The pixel that is computed, as arguments."""
        return "0, 0" if self.geometry.pixels == 1 else "y, x"

    @property
    def words(self) -> int:
        """Of the weights of a filter."""
        per_word = {"signs": 32, "ternary": 32, "codes": 32 // self.field_bits if self.weights == "codes" else 1}
        return -(-self.fan_in // per_word.get(self.weights, 1))

    @property
    def needs_mask(self) -> bool:
        """Whether windows reach over edges where there is 0, which bits do not have."""
        return self.window == "bits" and self.pad_value == 0 and self.geometry.is_padded

    @property
    def words_each(self) -> int:
        """Words of a filter in the table of weights."""
        return self.words * (2 if self.weights == "ternary" else 1)

    @property
    def rows(self) -> np.ndarray:
        """The codes of the weights ``[filters, fan_in]``, each filter in the order of its windows."""
        return np.moveaxis(self.kernel.codes, -1, 0).reshape(self.filters, -1)

    def table(self) -> tuple[str, np.ndarray]:
        """Type and values of the table of weights, filter by filter, each in the order of its windows."""
        rows = self.rows
        match self.weights:
            case "floats":
                return "float", rows.astype(np.float32)
            case "signs":
                return "uint32_t", _packed(rows < 0)
            case "ternary":
                return "uint32_t", np.stack([_packed(rows < 0), _packed(rows != 0)], 1)
        return "uint32_t", _fields(rows, self.field_bits)


def _packed(bits: np.ndarray) -> np.ndarray:
    return _fields(bits.astype(np.int64), 1)


def _fields(rows: np.ndarray, bits: int) -> np.ndarray:
    """Whole numbers ``[filters, n]`` as fields of so many bits in words, least significant first."""
    per_word = 32 // bits
    words = -(-rows.shape[1] // per_word)
    padded = np.zeros((len(rows), words * per_word), np.uint64)
    padded[:, : rows.shape[1]] = (rows.astype(np.int64) & ((1 << bits) - 1)).astype(np.uint64)
    shifts = np.arange(per_word, dtype=np.uint64) * np.uint64(bits)
    return (padded.reshape(len(rows), words, per_word) << shifts).sum(-1, dtype=np.uint64).astype(np.uint32)


def layer_of(op: ops.Linear, image: ops.Shape, stored: Storage, whole: Whole | None, padding: ops.Pad | None) -> Layer:
    """The form of ``op`` on a stored value.

    Args:
        op: the layer.
        image: the shape of the stored value that it reads.
        stored: how that is stored.
        whole: the range of its numbers, if they are whole.
        padding: pixels that stand around the stored value.
    """
    kernel, groups, pad_value = op.kernel, op.kernel_groups, 0.0
    if isinstance(op, ops.Dense):
        pixels = int(np.prod(op.shape[:-1]))
        kernel = Kernel(kernel.codes[None, None], kernel.scale, kernel.bits)
        features = kernel.shape[2]
        geometry = Geometry(pixels, 1, features, features, 1, 1, (1, 1), (1, 1), 0, 0, pixels, 1)
    else:
        height, width, channels = image
        pad_value = op.pad_value
        (above, _), (left, _) = conv_pads(op, (height, width))
        if padding is not None:
            (above, _), (left, _), _ = padding.pads
            pad_value = padding.value
        rows, columns, depth, _ = kernel.shape
        places = (op.strides, op.dilation, above, left, *op.shape[:2])
        geometry = Geometry(height, width, channels, depth, rows, columns, *places)
    pad_value = float(pad_value) if geometry.is_padded else 0.0
    window, weights = _forms(kernel, stored, whole, pad_value)
    is_direct = window == stored and groups == 1 and _is_pixel(geometry, stored)
    return Layer(op, geometry, kernel, groups, pad_value, window, weights, is_direct)


def _is_pixel(g: Geometry, stored: Storage) -> bool:
    """Whether each window is a pixel of the image, in whole words."""
    is_aligned = stored != "bits" or g.channels % 32 == 0 or g.pixels == 1
    return g.taps == 1 and g.pixels == g.height * g.width and is_aligned


def _forms(kernel: Kernel, stored: Storage, whole: Whole | None, pad_value: float):
    if kernel.scale is None:
        return "f32", "floats"
    weights = "signs" if kernel.is_binary else "codes"
    is_ternary = bool(np.abs(kernel.codes).max(initial=0) <= 1)
    if stored == "bits" and pad_value in (-1, 0, 1) and is_ternary:
        return "bits", "signs" if kernel.is_binary else "ternary"
    if whole is None or not is_whole(pad_value):
        return "f32", weights
    if sum_range(kernel.codes, whole, pad_value).largest >= 2**31:
        return "f32", weights
    low, high = min(whole.low, pad_value), max(whole.high, pad_value)
    return next((name for name, each in _SHORT.items() if each.low <= low and high <= each.high), "f32"), weights
