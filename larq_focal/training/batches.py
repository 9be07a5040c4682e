"""Batches of augmented images that depend on nothing but the seed and the epoch."""

from __future__ import annotations

import numpy as np

from larq_focal.datasets.dataset import as_input
from larq_focal.nn import keras
from larq_focal.training.distortion import Distortion, distorted

_MID_GREY = 128


class AugmentedBatches(keras.utils.Sequence):
    """The shuffled batches of one epoch after the other; an epoch of a seed is always the same, in any thread.

    Args:
        images: uint8 ``[n, height, width, channels]``.
        labels: ``[n]``.
        batch_size: Images per batch.
        whole: Whether a last batch that would be smaller is left out.
        shift: Largest shift in each direction, in pixels; mid-grey comes in from outside.
        flip: Whether half of the images are mirrored left to right.
        seed: Seed of the training.
        epoch: Number of the first epoch.
        distortion: How far each image is distorted; None for not at all.

    Raises:
        ValueError: There are fewer images than one whole batch takes.
    """

    def __init__(
        self,
        images,
        labels,
        *,
        batch_size: int,
        shift: int,
        flip: bool,
        seed: int,
        epoch: int,
        whole: bool = True,
        distortion: Distortion | None = None,
    ):
        super().__init__()
        if whole and len(images) < batch_size:
            raise ValueError(f"A batch takes {batch_size} images, but there are only {len(images)}.")
        self._images, self._labels, self._batch_size, self._shift = images, labels, batch_size, shift
        self._flip, self._seed, self._whole, self._distortion = flip, seed, whole, distortion
        self._epoch = None
        self.begin(epoch)

    def begin(self, epoch: int) -> None:
        """Makes ``epoch`` the present one."""
        if epoch == self._epoch:
            return
        random, count = np.random.default_rng([self._seed, epoch]), len(self._images)
        self._epoch = epoch
        self._order = random.permutation(count)
        self._corners = random.integers(0, 2 * self._shift + 1, (count, 2))
        self._flipped = random.integers(0, 2, count, dtype=bool) & self._flip

    def on_epoch_end(self) -> None:
        """Goes on to the next epoch. Keras calls it; Keras 3 once more before the first epoch."""
        self.begin(self._epoch + 1)

    def __len__(self) -> int:
        return len(self._images) // self._batch_size if self._whole else -(-len(self._images) // self._batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        if not 0 <= index < len(self):
            raise IndexError(index)
        chosen = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        images = shifted(self._images[chosen], self._corners[chosen], self._shift)
        if self._distortion:
            random = np.random.default_rng([self._seed, self._epoch, index])
            images = distorted(images, random, self._distortion)
        mirrored = self._flipped[chosen]
        images[mirrored] = images[mirrored, :, ::-1]
        return as_input(images), self._labels[chosen]


def shifted(images: np.ndarray, corners: np.ndarray, shift: int) -> np.ndarray:
    """Cuts each image out of a frame of mid-grey ``shift`` pixels wide, from the row and column ``corners`` ``[n, 2]``.

    The corner ``(shift, shift)`` gives the image itself.
    """
    if not shift:
        return images.copy()
    _, height, width, _ = images.shape
    framed = np.pad(images, ((0, 0), (shift, shift), (shift, shift), (0, 0)), constant_values=_MID_GREY)
    windows = np.lib.stride_tricks.sliding_window_view(framed, (height, width), axis=(1, 2))
    return np.moveaxis(windows[np.arange(len(images)), corners[:, 0], corners[:, 1]], 1, -1).copy()
