"""Classifiers with random weights."""

from __future__ import annotations

import numpy as np

from larq_focal.focal_plane.analog import TiledClassifier


def random_classifier(side=24, filters=4, size=4, block=4, margin=4, classes=10, seed=0) -> TiledClassifier:
    random = np.random.default_rng(seed)
    blocks = (side + 2 * margin) // block
    return TiledClassifier(
        kernels=random.random((filters, size, size)) < 0.5,
        dense=random.random((classes, blocks, blocks, filters)) < 0.5,
        image_size=(side, side),
        margins=((margin, margin), (margin, margin)),
        pool_size=block,
    )


def random_images(network: TiledClassifier, count: int, seed: int = 0) -> np.ndarray:
    """Light and dark patches, as strokes have them, and a frame that is lit, the hardest case for neighbours."""
    height, width = network.image_size
    images = np.random.default_rng(seed).integers(0, 256, (count, -(-height // 3), -(-width // 3)), np.uint8)
    images = images.repeat(3, 1).repeat(3, 2)[:, :height, :width].copy()
    images[:, [0, -1]] = images[:, :, [0, -1]] = 255
    return images
