"""A binary dense layer for thresholded digits: one plane of weights per class, trained in NumPy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from larq_focal.focal_plane.adaptive.moving_digits import BRIGHTNESS, SCALE

SIDE = 8 * SCALE  # pixels of the window that the layer looks at
_CELL = 2  # pixels that share a weight, so that there are not more of them than the digits can train


@dataclass(frozen=True)
class TemplateClassifier:
    """``score = matches(window, weights) + bias``, the largest wins.

    ``weights`` are truth values ``[classes, 32, 32]``, ``biases`` whole numbers ``[classes]``.
    """

    weights: np.ndarray
    biases: np.ndarray

    def scores(self, window: np.ndarray) -> np.ndarray:
        """Scores ``[classes]`` of the truth values ``[32, 32]``."""
        return (self.weights == window).sum((1, 2)) + self.biases


def centred_window(plane: np.ndarray) -> tuple[int, int] | None:
    """First row and column of the 32 x 32 window about the middle of all ones; None where there are none."""
    return window_about(np.argwhere(plane))


def window_about(events: np.ndarray) -> tuple[int, int] | None:
    """As ``centred_window``, for the rows and columns ``[n, 2]`` of the ones."""
    if not len(events):
        return None
    row, column = (events.min(0) + events.max(0) + 1) // 2 - SIDE // 2
    return int(row), int(column)


def train_templates(
    images: np.ndarray, classes: np.ndarray, threshold: int, epochs: int = 300, seed: int = 0
) -> TemplateClassifier:
    """Trains a classifier on digits as ``moving_digits`` draws them, with the sign as kernel quantizer.

    The latent weights follow Adam and the straight-through estimator, on the softmax cross-entropy.

    Args:
        images: digits ``[n, 8, 8]`` from 0 to 16.
        classes: their classes ``[n]``, from 0 on.
        threshold: of the sensor's image, from 0 to 127.
        epochs: passes over all images at once.
        seed: of the first weights.
    """
    inputs = np.stack([_window(image, threshold) for image in images])
    cells = (
        inputs.reshape(len(images), SIDE // _CELL, _CELL, SIDE // _CELL, _CELL).mean((2, 4)).reshape(len(images), -1)
    )
    inputs, wanted = 2 * cells - 1, np.eye(classes.max() + 1)[classes]
    scale = 1 / np.sqrt(inputs.shape[1])
    latent = np.random.default_rng(seed).normal(0, 0.1, (inputs.shape[1] + 1, wanted.shape[1]))
    first, second = np.zeros_like(latent), np.zeros_like(latent)
    for epoch in range(1, epochs + 1):
        logits = scale * inputs @ np.sign(latent[:-1]) + latent[-1]
        shares = np.exp(logits - logits.max(1, keepdims=True))
        error = (shares / shares.sum(1, keepdims=True) - wanted) / len(inputs)
        gradient = np.vstack([scale * inputs.T @ error, error.sum(0)])
        first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
        latent -= 0.01 * first / (1 - 0.9**epoch) / (np.sqrt(second / (1 - 0.999**epoch)) + 1e-8)
        latent[:-1] = latent[:-1].clip(-1, 1)
    signs = (latent[:-1] > 0).T.reshape(-1, SIDE // _CELL, SIDE // _CELL)
    matches_per_logit = _CELL**2 / scale / 2  # a match more raises the sum of products over the cells' pixels by 2
    biases = np.rint(latent[-1] * matches_per_logit).astype(int)
    return TemplateClassifier(np.kron(signs, np.ones((_CELL, _CELL), bool)), biases)


def _window(image: np.ndarray, threshold: int) -> np.ndarray:
    """What the layer sees of a digit: thresholded as on the sensor, and centred."""
    large = np.kron(image * BRIGHTNESS, np.ones((SCALE, SCALE)))
    plane = np.pad(large // 2 > threshold, SIDE)
    row, column = centred_window(plane)
    return plane[row : row + SIDE, column : column + SIDE]
