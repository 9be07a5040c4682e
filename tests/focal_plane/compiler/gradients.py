"""Graphs that compare pixels, and what the array should make of them."""

from __future__ import annotations

import numpy as np

from larq_focal.focal_plane.compiler.input_stage.pair_input import PairInput
from larq_focal.network import QuantGraph, interpret, ops
from tests.focal_plane.graphs import conv, sign

GREYS = (np.arange(256) / np.float32(255)).astype(np.float32)
ALONG_WIDTH, ALONG_HEIGHT = ((1, 2), (1, 0)), ((2, 1), (0, 1))  # the pixels of a central difference


def compared(side: int, first: tuple[int, int], second: tuple[int, int], ratio: float, name: str = "bits") -> list:
    """The operations of I1 >= ratio * I2 for pixels at ``first`` and ``second``, up to two pixels away."""
    shape = (side - 2, side - 2, 1)

    def cut(part, begin):
        return ops.Slice(name=f"{name}_{part}", inputs=("image",), shape=shape, begin=(*begin, 0), strides=(1, 1, 1))

    zero = np.zeros(1, np.float32)
    scaled = ops.Affine(
        name=f"{name}_scaled",
        inputs=(f"{name}_second",),
        shape=shape,
        mean=zero,
        scale=np.float32([-ratio]),
        bias=zero,
    )
    difference = ops.Add(name=f"{name}_difference", inputs=(f"{name}_first", scaled.name), shape=shape)
    sign = ops.Binarize(name=name, inputs=(difference.name,), shape=shape, threshold=np.float32(0))
    return [cut("first", first), cut("second", second), scaled, difference, sign]


def image(side: int, channels: int = 1) -> ops.Input:
    return ops.Input(name="image", shape=(side, side, channels))


def gradient(
    side: int = 10, ratio: float = 1.105, pixels=(ALONG_WIDTH, ALONG_HEIGHT), with_layer: bool = False
) -> QuantGraph:
    """Signs of I1 - ratio * I2 for pairs of pixels, and perhaps a binary convolution of them."""
    steps = [image(side)]
    for index, pair in enumerate(pixels):
        steps += compared(side, *pair, ratio, f"bits_{index}")
    values = tuple(f"bits_{index}_difference" for index in range(len(pixels)))
    steps = [step for step in steps if not isinstance(step, ops.Binarize)]
    shape = (side - 2, side - 2, len(pixels))
    both = ops.Concat(name="both", inputs=values, shape=shape)
    steps += [both, sign("bits", both)]
    if with_layer:
        layer = conv("layer", steps[-1], 4)
        steps += [layer, sign("sign", layer)]
    return QuantGraph("gradient", steps, [steps[-1].name])


def random_images(*shape: int, ratio: float = 1.105, seed: int = 0) -> np.ndarray:
    """Images ``[N, height, width, channels]`` of grey levels, many of which differ by about ``ratio``."""
    rng = np.random.default_rng(seed)
    base = rng.integers(20, 100, (shape[0], 1, 1, 1))
    near = np.rint(base * ratio ** rng.integers(0, 2, shape)).astype(int) + rng.integers(-2, 3, shape)
    return np.where(rng.random(shape) < 0.8, near, rng.integers(0, 256, shape)).clip(0, 255)


def told(source: PairInput, greys: np.ndarray) -> np.ndarray:
    """What the array's own comparisons make of grey levels ``[N, height, width, 1]``: bool ``[N, *layout.shape]``."""
    signs = []
    for comparison in source.comparisons:
        larger, smaller = _pair(source, comparison, greys)
        signs.append(comparison.ratio.holds(larger // 2, smaller // 2) != comparison.inverted)
    return np.stack(signs, -1)


def exact(source: PairInput, greys: np.ndarray, graph: QuantGraph) -> np.ndarray:
    """Where the array and the network tell the same of a pair of grey levels, by the network's own values.

    Every pair stands on an image of its own, all pixels of which but two are black.
    """
    height, width = source.layout.shape[:2]
    wrong = []
    for channel, comparison in enumerate(source.comparisons):
        images = np.zeros((256, 256, *source.image_shape), np.float32)
        images[:, :, comparison.larger[0], comparison.larger[1], 0] = GREYS[:, None]
        images[:, :, comparison.smaller[0], comparison.smaller[1], 0] = GREYS
        network = np.empty((256, 256), bool)
        for row in range(256):  # few at a time
            network[row] = interpret(graph, images[row], [source.name])[source.name][:, 0, 0, channel] > 0
        levels = np.arange(256) // 2
        array = comparison.ratio.holds(levels[:, None], levels) != comparison.inverted
        assert np.count_nonzero(array != network) == comparison.inexact
        larger, smaller = _pair(source, comparison, greys)
        wrong.append((array != network)[larger, smaller])
    return ~np.stack(wrong, -1).reshape(len(greys), height, width, -1)


def _pair(source, comparison, greys):
    height, width = source.layout.shape[:2]
    cuts = (greys[:, row:, column:, 0][:, :height, :width] for row, column in (comparison.larger, comparison.smaller))
    return tuple(cuts)
