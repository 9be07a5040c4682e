"""Training a narrowed network for a few steps, and judging it on images that it was never trained on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from larq_focal.datasets.dataset import Dataset, as_input
from larq_focal.network import ops
from larq_focal.network.keras.from_keras import from_keras
from larq_focal.nn import keras
from larq_focal.training.batches import AugmentedBatches
from larq_focal.training.recipe import Recipe
from larq_focal.training.trainer import split, train_stretch

Tell = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Tuning:
    """Images to train on, and others to judge on; none of either is a test image.

    Args:
        recipe: learning rate, batch size, augmentation, seed, and how many training images are held out. With the seed
            and the number of the recipe that trained the network, the images held out are those that it never saw.
        images, labels: to train on, uint8 ``[n, ...]`` and ``[n]``.
        held_out_images, held_out_labels: to judge on, as input of a network, float32 ``[m, ...]``, and ``[m]``.
    """

    recipe: Recipe
    images: np.ndarray
    labels: np.ndarray
    held_out_images: np.ndarray
    held_out_labels: np.ndarray

    @classmethod
    def of(cls, data: Dataset, recipe: Recipe) -> Tuning:
        """Of a data set, split as a training by this recipe splits it.

        Raises:
            ValueError: the data set has too few images for the recipe.
        """
        held_out, kept = split(recipe, data)
        return cls(recipe, *kept, *held_out)

    def tune(self, model: keras.Model, steps: int, number: int = 0) -> None:
        """Trains a model in place.

        Args:
            model: returns logits, or probabilities by a softmax.
            steps: batches; beyond the end of the images they begin again.
            number: of the epoch from which the order and the augmentation of the images are taken.
        """
        recipe = self.recipe
        batches = AugmentedBatches(
            self.images,
            self.labels,
            batch_size=recipe.batch_size,
            whole=recipe.whole_batches,
            shift=recipe.shift,
            flip=recipe.flip,
            distortion=recipe.distortion,
            seed=recipe.seed,
            epoch=number,
        )
        model.compile(keras.optimizers.Adam(recipe.learning_rate), _loss(model))
        while steps > 0:
            batches.begin(number)
            now = min(steps, len(batches))
            model.fit(_FirstBatches(batches, now), epochs=1, shuffle=False, verbose=0)
            steps, number = steps - now, number + 1

    def train(
        self, model: keras.Model, data: Dataset, epochs: int, folder: Path, minutes: float | None, tell: Tell
    ) -> bool:
        """Trains a model in place for some epochs, from the checkpoint in ``folder`` if there is one.

        Args:
            model: as for ``tune``.
            data: that the images are of.
            epochs: over which the learning rate falls to 0.
            folder: where the checkpoint lies.
            minutes: no epoch is begun that would not end in so many, but for the first one.
            tell: gets a line after each epoch.

        Returns:
            Whether all epochs are done.
        """

        def told(row: dict) -> None:
            tell(f"training at last: epoch {row['epoch']} of {epochs}, {row['val_accuracy']:.2%} of images held out")

        recipe = replace(self.recipe, epochs=epochs)
        return train_stretch(recipe, model, data, folder, minutes=minutes, epoch_done=told, loss=_loss(model)).finished

    def accuracy(self, model: keras.Model, most: int | None = None) -> float:
        """The share of the images held out, or of the first ``most`` of them, whose class the model gives."""
        return accuracy(model, self.held_out_images[:most], self.held_out_labels[:most])

    def trained_accuracy(self, model: keras.Model, most: int = 5000) -> float:
        """The share of the first ``most`` images that it is trained on."""
        return accuracy(model, as_input(self.images[:most]), self.labels[:most])


def accuracy(model: keras.Model, images: np.ndarray, labels: np.ndarray, batch_size: int = 250) -> float:
    """The share of ``images`` whose class the model gives."""
    outputs = model.predict(images, batch_size=batch_size, verbose=0)
    return float(np.mean(outputs.reshape(len(images), -1).argmax(1) == labels))


class _FirstBatches(keras.utils.Sequence):
    """The first batches of an epoch."""

    def __init__(self, batches: AugmentedBatches, count: int):
        super().__init__()
        self._batches, self._count = batches, count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int):
        return self._batches[index]


def _loss(model: keras.Model) -> keras.losses.Loss:
    graph = from_keras(model)
    last = graph[graph.outputs[0]]
    ends_in_softmax = isinstance(last, ops.Activation) and last.kind == "softmax"
    return keras.losses.SparseCategoricalCrossentropy(from_logits=not ends_in_softmax)
