"""The networks that run on the array from the pixels to the sums of their classes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from larq_focal.focal_plane.analog.taps import KernelError
from larq_focal.network import QuantGraph, ops

DARK = 64  # pixels are 1 above this light, of 0 to 127


@dataclass(frozen=True, kw_only=True, eq=False)
class TiledClassifier:
    """One convolution of a thresholded image, ReLU, max-pooling and a fully connected layer, all weights +1 or -1.

    Every kernel takes a tile of the array: the image and its margins.

    Attributes:
        kernels: True for +1, ``[filters, size, size]``; the image is padded as by Keras' "same".
        dense: True for +1, ``[classes, block_rows, block_columns, filters]``.
        image_size: height and width of the image.
        margins: dark rows before and after the image, and columns.
        pool_size: pixels along a side of a pooled block; the class ``c`` is summed at the ``c``-th pixel of blocks.
    """

    kernels: np.ndarray
    dense: np.ndarray
    image_size: tuple[int, int]
    margins: tuple[tuple[int, int], tuple[int, int]]
    pool_size: int

    def __post_init__(self):
        size, block, (rows, columns) = self.kernel_size, self.pool_size, self.tile
        if self.kernels.shape[1] != self.kernels.shape[2]:
            raise KernelError(f"The kernels are {self.kernels.shape[1]}x{self.kernels.shape[2]}; make them square.")
        if min(min(pair) for pair in self.margins) < max(size - 1, 1):
            raise KernelError(
                f"Kernels of {size}x{size} need {max(size - 1, 1)} dark pixels around the image, which keep "
                f"neighbouring tiles apart; the margins are {self.margins}."
            )
        if block & (block - 1) or rows % block or columns % block:
            raise KernelError(
                f"Blocks of {block}x{block} must have a power of two as their size and divide the tile of "
                f"{rows}x{columns}, image and margins."
            )
        if self.dense.shape[0] > block * block:
            raise KernelError(
                f"{self.dense.shape[0]} classes are summed at a pixel each of a block, and blocks of {block}x{block} "
                f"have {block * block}; pool more, or take fewer classes."
            )
        if self.dense.shape[1:] != (rows // block, columns // block, len(self.kernels)):
            raise KernelError(
                f"The fully connected layer takes {self.dense.shape[1:]} values, but pooling gives "
                f"{(rows // block, columns // block, len(self.kernels))}."
            )

    @property
    def kernel_size(self) -> int:
        return self.kernels.shape[1]

    @property
    def tile(self) -> tuple[int, int]:
        """Height and width of a tile."""
        (top, bottom), (left, right) = self.margins
        return self.image_size[0] + top + bottom, self.image_size[1] + left + right

    def sums(self, images: np.ndarray) -> np.ndarray:
        """The readable reference for the array: the sums of the classes, in steps.

        Args:
            images: light uint8 ``[N, height, width]``.

        Returns:
            int64 ``[N, classes]``.
        """
        lit = np.pad(is_lit(images), ((0, 0), *self.margins)).astype(np.int64)
        size, block, (rows, columns) = self.kernel_size, self.pool_size, self.tile
        before = (size - 1) // 2
        padded = np.pad(lit, ((0, 0), (before, size - 1 - before), (before, size - 1 - before)))
        signs = np.where(self.kernels, 1, -1)
        total = np.zeros((len(lit), rows, columns, len(signs)), np.int64)
        for r in range(size):
            for c in range(size):
                total += padded[:, r : r + rows, c : c + columns, None] * signs[:, r, c]
        blocks = total.reshape(len(lit), rows // block, block, columns // block, block, len(signs))
        return np.einsum("nijf,cijf->nc", np.maximum(blocks.max((2, 4)), 0), np.where(self.dense, 1, -1))


def is_lit(images: np.ndarray) -> np.ndarray:
    """Which pixels are 1: those above mid-grey in the seven bits that a pixel keeps of the light, 0 to 255."""
    return np.asarray(images) // 2 > DARK


def as_keras_input(images: np.ndarray) -> np.ndarray:
    """Images uint8 ``[N, height, width]`` as a network's input ``[N, height, width, 1]`` in [-0.5, 0.5), of 7 bits."""
    return ((np.asarray(images) // 2).astype(np.float32)[..., None] - DARK) / 128


def tiled_classifier(graph: QuantGraph) -> TiledClassifier:
    """Reads a network such as ``larq_focal.zoo.bose2020``.

    Raises:
        KernelError: an operation is missing, is of another kind or has other settings than such a network; the
            message names it.
    """
    chain = iter(graph)
    image = _next(chain, ops.Input)
    margins = ((0, 0), (0, 0))
    op = _next(chain, ops.Pad, ops.Quantize)
    if isinstance(op, ops.Pad):
        margins, op = op.pads[:2], _next(chain, ops.Quantize)
    _require(op, op.levels.tolist() == [0, 1] and 0 <= op.boundaries[0] < 1 / 128, "turns pixels above 0 to 1, else 0")
    conv = _next(chain, ops.Conv2D)
    plain = conv.strides == conv.dilation == (1, 1) and conv.groups == 1 and conv.pad_value == 0
    _require(conv, plain and conv.padding == "same", 'has stride 1, one group and "same" padding by zeros')
    _require(conv, _is_sign(conv) and conv.kernel.shape[2] == 1, "has one input channel, weights of +1 and -1, no bias")
    relu = _next(chain, ops.Activation)
    _require(relu, relu.kind == "relu", "is a ReLU")
    pool = _next(chain, ops.Pool2D)
    block = pool.size[0]
    is_tiling = pool.kind == "max" and pool.size == pool.strides == (block, block)
    _require(pool, is_tiling, "takes the maximum of square blocks that do not overlap")
    _next(chain, ops.Reshape)
    dense = _next(chain, ops.Dense)
    _require(dense, _is_sign(dense), "has weights of +1 and -1, and no bias")
    for op in chain:
        keeps_order = isinstance(op, ops.Affine) and np.ptp(op.scale) == np.ptp(op.bias) == np.ptp(op.mean) == 0
        _require(op, keeps_order and op.scale.min() > 0, "is one positive scale for all classes, or absent")
    return TiledClassifier(
        kernels=np.moveaxis(conv.kernel.codes[:, :, 0] > 0, -1, 0),
        dense=np.moveaxis(dense.kernel.codes > 0, -1, 0).reshape(-1, *pool.shape),
        image_size=image.shape[:2],
        margins=margins,
        pool_size=block,
    )


def _next(chain: Iterable[ops.Op], *kinds: type[ops.Op]) -> ops.Op:
    op = next(chain, None)
    names = " or ".join(kind.__name__ for kind in kinds)
    if not isinstance(op, kinds):
        found = f"'{op.name}' is {type(op).__name__}" if op else "the network ends"
        raise KernelError(f"{found} where the array's classifier has {names}; see larq_focal.zoo.bose2020.")
    return op


def _require(op: ops.Op, condition: bool, what: str) -> None:
    if not condition:
        raise KernelError(f"'{op.name}' runs on the array only where it {what}.")


def _is_sign(op: ops.Linear) -> bool:
    return op.kernel.is_binary and op.bias is None and bool((op.kernel.scale == 1).all())
