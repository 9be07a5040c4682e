"""Training of one network of the benchmark."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow_model_optimization as tfmot

from larq_focal.datasets.dataset import Dataset, as_input
from larq_focal.keras import keras
from larq_focal.quantizers import QUANTIZERS

Progress = Callable[[dict], None]


@dataclass(frozen=True)
class Settings:
    """Hyper-parameters; everything that decides what a run computes."""

    epochs: int
    seed: int = 0
    batch_size: int = 64
    learning_rate: float = 0.01

    def __post_init__(self):
        if self.epochs < 1 or self.batch_size < 1 or self.learning_rate <= 0 or self.seed < 0:
            raise ValueError(
                f"Epochs and batch size must be at least 1, the learning rate above 0, the seed 0 or more: {self}."
            )


class _History(keras.callbacks.Callback):
    """Collects one row per epoch and hands each on as it comes."""

    def __init__(self, progress: Progress | None):
        super().__init__()
        self.rows: list[dict] = []
        self._progress = progress

    def on_epoch_begin(self, epoch, logs=None):
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        row = {"epoch": epoch + 1, **{key: float(logs[key]) for key in ("loss", "accuracy", "val_accuracy")}}
        row["seconds"] = round(time.perf_counter() - self._started, 3)
        self.rows.append(row)
        if self._progress:
            self._progress(row)


def train(model: keras.Model, dataset: Dataset, settings: Settings, progress: Progress | None = None) -> list[dict]:
    """Fits ``model`` in place with Adam on a cosine schedule; every tenth training image is kept for validation.

    The test set is not looked at. Returns one dict per epoch: epoch, loss, accuracy, val_accuracy, seconds.
    """
    order = np.random.default_rng(settings.seed).permutation(len(dataset.x_train))
    images, labels = as_input(dataset.x_train)[order], dataset.y_train[order]
    held_out = max(1, len(images) // 10)
    steps = settings.epochs * -(-(len(images) - held_out) // settings.batch_size)
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(settings.learning_rate, steps)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        ["accuracy"],
    )
    history = _History(progress)
    model.fit(
        images[held_out:],
        labels[held_out:],
        batch_size=settings.batch_size,
        epochs=settings.epochs,
        validation_data=(images[:held_out], labels[:held_out]),
        callbacks=[history, *schedules(model, settings.epochs)],
        verbose=0,
    )
    return history.rows


def schedules(model: keras.Model, epochs: int) -> list[keras.callbacks.Callback]:
    """The callbacks that the model's quantizers want over training, one of each kind."""
    kinds = {row.schedule for row in QUANTIZERS if row.schedule and _holds(model, row.quantizer)}
    return [kind(epochs=epochs) for kind in sorted(kinds, key=lambda kind: kind.__name__)]


def _holds(model: keras.Model, quantizer: type[keras.layers.Layer]) -> bool:
    return any(isinstance(module, quantizer) for module in model.submodules)


def quantization_aware(model: keras.Model) -> keras.Model:
    """A copy of a trained full-precision ``model`` that learns int8 weights and activations with TF-MOT.

    Source: Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
    Inference", CVPR 2018; tensorflow/model-optimization.
    """
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    return tfmot.quantization.keras.quantize_model(copy)
