"""Networks of floats that are fed with the pixels of a camera: 8-bit integers, scaled inside."""

from __future__ import annotations

import dataclasses

import numpy as np

from larq_focal.deploy.pixels import SCALES
from larq_focal.network.graph import QuantGraph
from larq_focal.network.passes.affines import affine
from larq_focal.network.passes.uses import NewNames
from larq_focal.network.rewired import rewired


def with_pixel_input(graph: QuantGraph, pixels: str) -> QuantGraph:
    """``graph`` with an input of 8-bit pixels, and behind it what became of pixels in training.

    Args:
        graph: a network of one input of floats ``[..., C]``.
        pixels: a name of ``larq_focal.deploy.pixels.SCALES``: what its input was made of pixels by.

    Raises:
        ValueError: there is no such scale, or the network has another number of inputs, or takes 8 bits already.
    """
    if pixels not in SCALES:
        raise ValueError(f"There is no scale '{pixels}' of pixels; choose from {', '.join(SCALES)}.")
    if len(graph.inputs) != 1:
        raise ValueError(f"'{graph.name}' has {len(graph.inputs)} inputs: pixels are for networks of one input.")
    (image,) = graph.inputs
    if image.takes_bytes:
        if pixels == "raw":
            return graph
        raise ValueError(f"'{graph.name}' takes 8-bit pixels as they are: leave out pixels='{pixels}'.")
    channels = image.shape[-1] if image.shape else 1
    low, high = (np.asarray(SCALES[pixels][1](np.full(channels, p, np.uint8)), np.float64) for p in (0, 255))
    slope = (high - low) / 255
    scaled = affine(image, slope, low, name=NewNames(graph)(f"{image.name}/scaled"), inputs=(image.name,))
    if pixels != "imagenet":  # as it is computed from pixels, so that no rounding differs
        mean = np.round(-low / slope, 6).astype(np.float32)
        scaled = dataclasses.replace(scaled, mean=mean, bias=np.zeros_like(mean))
    rest = [rewired(op, {image.name: scaled.name}) for op in graph if op is not image]
    outputs = [scaled.name if name == image.name else name for name in graph.outputs]
    return graph.rewritten([dataclasses.replace(image, bits=8, has_grid=False), scaled, *rest], outputs)
