"""Batches of one epoch: every image once, augmented as asked, and the same for the same seed and epoch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larq_focal.datasets.dataset import as_input
from larq_focal.training.batches import AugmentedBatches, shifted

IMAGES = np.random.default_rng(0).integers(0, 256, (50, 5, 6, 3), dtype=np.uint8)
LABELS = np.arange(50)
PLAIN = {"batch_size": 10, "shift": 0, "flip": False, "seed": 0, "epoch": 0}


def batches(**options):
    return AugmentedBatches(IMAGES, LABELS, **{**PLAIN, **options})


def test_an_epoch_without_augmentation_holds_every_image_once():
    images, labels = map(np.concatenate, zip(*batches(), strict=True))
    assert sorted(labels) == list(range(50))
    np.testing.assert_array_equal(images, as_input(IMAGES[labels]))


@given(seed=st.integers(0, 1000), epoch=st.integers(0, 1000), index=st.integers(0, 4))
def test_the_same_epoch_gives_the_same_batches_in_any_order(seed, epoch, index):
    options = {"seed": seed, "epoch": epoch, "shift": 2, "flip": True}
    one, other = batches(**options), batches(**options)
    list(other)
    np.testing.assert_array_equal(one[index][0], other[index][0])
    np.testing.assert_array_equal(one[index][1], other[index][1])


def test_another_epoch_or_seed_gives_another_order():
    first = batches()[0][1]
    assert not np.array_equal(first, batches(epoch=1)[0][1])
    assert not np.array_equal(first, batches(seed=1)[0][1])


def test_a_flip_mirrors_about_half_of_the_images():
    images, labels = map(np.concatenate, zip(*batches(flip=True), strict=True))
    originals = as_input(IMAGES[labels])
    mirrored = [np.array_equal(image, original[:, ::-1]) for image, original in zip(images, originals, strict=True)]
    kept = [np.array_equal(image, original) for image, original in zip(images, originals, strict=True)]
    assert np.all(np.add(mirrored, kept) == 1)
    assert 10 < sum(mirrored) < 40


@given(row=st.integers(0, 4), column=st.integers(0, 4))
def test_a_shift_moves_the_image_and_brings_mid_grey_in(row, column):
    moved = shifted(IMAGES[:1], np.array([[row, column]]), 2)[0]
    expected = np.full_like(moved, 128)
    for y in range(5):
        for x in range(6):
            if 0 <= y + row - 2 < 5 and 0 <= x + column - 2 < 6:
                expected[y, x] = IMAGES[0, y + row - 2, x + column - 2]
    np.testing.assert_array_equal(moved, expected)


def test_the_end_of_an_epoch_begins_the_next_one():
    one, next_one = batches(shift=2, flip=True), batches(shift=2, flip=True, epoch=1)
    one.on_epoch_end()
    for index in range(5):
        np.testing.assert_array_equal(one[index][0], next_one[index][0])
        np.testing.assert_array_equal(one[index][1], next_one[index][1])


@given(batch_size=st.integers(1, 50))
def test_the_rest_of_the_images_makes_a_smaller_batch_or_is_left_out(batch_size):
    whole, rest = divmod(50, batch_size)
    assert [len(labels) for _, labels in batches(batch_size=batch_size)] == [batch_size] * whole
    with_rest = [labels for _, labels in batches(batch_size=batch_size, whole=False)]
    assert [len(labels) for labels in with_rest] == [batch_size] * whole + [rest] * (rest > 0)
    assert sorted(np.concatenate(with_rest)) == list(range(50))


def test_too_few_images_are_named():
    with pytest.raises(ValueError, match="A batch takes 51 images, but there are only 50"):
        batches(batch_size=51)
    assert len(batches(batch_size=51, whole=False)) == 1
