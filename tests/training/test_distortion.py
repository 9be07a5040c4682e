"""Distortions of images: none leaves them alone, and each moves them as it says."""

from __future__ import annotations

import numpy as np
import pytest

from larq_focal.training.batches import AugmentedBatches
from larq_focal.training.distortion import Distortion, distorted

IMAGES = np.random.default_rng(0).integers(0, 256, (30, 9, 8, 2), dtype=np.uint8)


def blurred_spot(row: float, column: float) -> np.ndarray:
    """An image of a round spot."""
    y, x = np.mgrid[:21, :21]
    return np.rint(255 * np.exp(-((y - row) ** 2 + (x - column) ** 2) / 4)).astype(np.uint8)[None, :, :, None]


def place(image: np.ndarray) -> np.ndarray:
    """Where the spot is."""
    weights = image[0, :, :, 0].astype(float)
    return np.array([(weights * axis).sum() for axis in np.mgrid[:21, :21]]) / weights.sum()


def test_no_distortion_leaves_images_alone():
    np.testing.assert_array_equal(distorted(IMAGES, np.random.default_rng(1), Distortion()), IMAGES)


def test_the_same_draw_gives_the_same_images():
    distortion = Distortion(degrees=20, zoom=0.2, shift=2, elastic=1)
    first, second = (distorted(IMAGES, np.random.default_rng(1), distortion) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, distorted(IMAGES, np.random.default_rng(2), distortion))


@pytest.mark.parametrize(
    ("distortion", "most"),
    [
        (Distortion(shift=3), 3 * np.sqrt(2)),
        (Distortion(degrees=30), 2 * 6 * np.sin(np.deg2rad(15))),
        (Distortion(zoom=0.2), 6 / 0.8 - 6),
    ],
)
def test_a_spot_moves_as_far_as_allowed(distortion, most):
    spots = [distorted(blurred_spot(10, 16), np.random.default_rng(n), distortion) for n in range(40)]
    moved = np.array([np.hypot(*(place(spot) - (10, 16))) for spot in spots])
    assert most / 2 < moved.max() < most + 0.1


def test_beyond_the_border_stands_the_border():
    images = np.full((20, 6, 6, 1), 77, np.uint8)
    assert (distorted(images, np.random.default_rng(0), Distortion(shift=5, degrees=45)) == 77).all()


def test_elastic_distortions_bend():
    lines = np.zeros((20, 28, 28, 1), np.uint8)
    lines[:, 14] = 255
    bent = distorted(lines, np.random.default_rng(0), Distortion(elastic=2))[..., 0].argmax(1)
    assert (bent.max(1) - bent.min(1)).mean() > 2


def test_batches_are_distorted_by_seed_and_epoch():
    options = {"batch_size": 10, "shift": 0, "flip": False, "seed": 3, "epoch": 0}
    distortion = Distortion(shift=2)
    plain = AugmentedBatches(IMAGES, np.arange(30), **options)[1]
    one, other = (AugmentedBatches(IMAGES, np.arange(30), distortion=distortion, **options)[1] for _ in range(2))
    np.testing.assert_array_equal(one[0], other[0])
    np.testing.assert_array_equal(one[1], plain[1])
    assert not np.array_equal(one[0], plain[0])


@pytest.mark.parametrize("wrong", [{"zoom": 1}, {"shift": -1}, {"grid": 1}])
def test_wrong_distortions(wrong):
    with pytest.raises(ValueError, match="Distortions must be 0 or more"):
        Distortion(**wrong)
