"""Training in stretches: a recipe goes on where its last stretch stopped, and computes what one long run would."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from larq_focal.bench.records.environment import describe_environment
from larq_focal.bench.train import schedules
from larq_focal.datasets.dataset import Dataset, as_input
from larq_focal.keras import keras, tf
from larq_focal.training.batches import AugmentedBatches
from larq_focal.training.checkpoint import CheckpointError, load_state, restore, save_checkpoint
from larq_focal.training.flips import SignFlips
from larq_focal.training.recipe import Recipe

EpochDone = Callable[[dict], None]
_CHECKPOINT = "checkpoint.npz"
_DEFAULTS = {each.name: each.default for each in fields(Recipe) if each.default is not MISSING}
_RESTARTED = (0.5, 0.4)  # length and learning rate of each cosine as shares of those of the one before
_SPARE = 1.15
"""An epoch is begun only if this many times the last one's length is left."""


@dataclass(frozen=True, eq=False)
class Training:
    """Where a training stands: the model, its curve (a row per epoch) and its stretches (environment, epochs)."""

    recipe: Recipe
    model: keras.Model
    history: list[dict]
    stretches: list[dict]

    @property
    def finished(self) -> bool:
        return len(self.history) == self.recipe.epochs


def train_stretch(
    recipe: Recipe,
    model: keras.Model,
    data: Dataset,
    folder: str | Path,
    *,
    minutes: float | None = None,
    epoch_done: EpochDone | None = None,
) -> Training:
    """Trains ``model`` by ``recipe`` for at most ``minutes``, from the checkpoint in ``folder`` if there is one.

    The state is saved after each epoch: weights, the optimizer's variables with the step that the learning rate
    follows, curve, and seeds. Shuffling and augmentation depend on the seed and the epoch alone, so that a training
    in stretches sees the images of one that was never stopped. An epoch that would not end in time is not begun.

    Args:
        recipe: The recipe.
        model: Its network, freshly built; the recipe's seed should have been set before building it.
        data: Its data set. The test images are not looked at.
        folder: Where the checkpoint lies.
        minutes: Length of this stretch; None trains to the end. At least one epoch is trained.
        epoch_done: Called with each row of the curve: epoch, loss, accuracy, val_loss, val_accuracy, seconds,
            and flip_ratio, the share of the quantized weights that change sign in a step, where there are any.

    Raises:
        CheckpointError: The checkpoint is damaged, or is one of another recipe or other data.
        ValueError: The data set has too few images for the recipe.
    """
    started, clock = datetime.now(timezone.utc).isoformat(timespec="seconds"), time.monotonic()
    folder = Path(folder)
    held_out, kept = split(recipe, data)
    _compile(model, recipe, len(kept[0]) // recipe.batch_size)
    state = _resume(folder / _CHECKPOINT, model, recipe, data)
    history, begun_with = state["history"], len(state["history"])
    while len(history) < recipe.epochs and _time_left(history, begun_with, clock, minutes):
        row = _epoch(model, recipe, kept, held_out, len(history))
        history.append(row)
        now = {
            "first_epoch": begun_with + 1,
            "last_epoch": len(history),
            **describe_environment(started, time.monotonic() - clock),
        }
        save_checkpoint(folder / _CHECKPOINT, model, {**state, "stretches": [*state["stretches"], now]})
        if epoch_done:
            epoch_done(row)
    stretches = load_state(folder / _CHECKPOINT)["stretches"]
    return Training(recipe, model, history, stretches)


def split(recipe: Recipe, data: Dataset) -> tuple[tuple, tuple]:
    """Images and labels held out for validation, as input of a network, and those kept for training, as bytes.

    Raises:
        ValueError: The data set has too few images for the recipe.
    """
    if len(data.x_train) < recipe.held_out + recipe.batch_size:
        raise ValueError(
            f"{data.title} has {len(data.x_train):,} training images, fewer than the {recipe.held_out:,} held out and "
            f"one batch of {recipe.batch_size}."
        )
    order = np.random.default_rng(recipe.seed).permutation(len(data.x_train))
    out, kept = order[: recipe.held_out], order[recipe.held_out :]
    return (as_input(data.x_train[out]), data.y_train[out]), (data.x_train[kept], data.y_train[kept])


def _compile(model: keras.Model, recipe: Recipe, steps_per_epoch: int) -> None:
    model.compile(keras.optimizers.Adam(learning_rate(recipe, steps_per_epoch)), _cross_entropy, ["accuracy"])


def learning_rate(recipe: Recipe, steps_per_epoch: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """The learning rate by step."""
    first, schedules = recipe.restart_after, keras.optimizers.schedules
    if first is None:
        return schedules.CosineDecay(recipe.learning_rate, recipe.epochs * steps_per_epoch)
    return schedules.CosineDecayRestarts(recipe.learning_rate, first * steps_per_epoch, *_RESTARTED)


def _cross_entropy(labels, logits):
    return keras.losses.sparse_categorical_crossentropy(labels, tf.cast(logits, tf.float32), from_logits=True)


def _resume(path: Path, model: keras.Model, recipe: Recipe, data: Dataset) -> dict:
    """The state to go on from; the model is set to it."""
    belongs = {"recipe": recipe.to_dict(), "dataset": [data.title, data.source]}
    if not path.exists():
        return {**belongs, "history": [], "stretches": []}
    state = load_state(path)
    before = {"recipe": _DEFAULTS | state["recipe"], "dataset": state["dataset"]}  # older states know fewer settings
    if before != belongs:
        raise CheckpointError(
            f"'{path}' belongs to {before}, but {belongs} is asked for: use the same, or another folder."
        )
    restore(path, model)
    return state


def _time_left(history: list[dict], begun_with: int, clock: float, minutes: float | None) -> bool:
    if minutes is None or len(history) == begun_with:
        return True
    return time.monotonic() - clock + _SPARE * history[-1]["seconds"] <= 60 * minutes


def _epoch(model: keras.Model, recipe: Recipe, kept: tuple, held_out: tuple, epoch: int) -> dict:
    clock = time.monotonic()
    batches = AugmentedBatches(
        *kept, batch_size=recipe.batch_size, shift=recipe.shift, flip=recipe.flip, seed=recipe.seed, epoch=epoch
    )
    flips = SignFlips()
    logs = model.fit(
        batches,
        callbacks=[*schedules(model, recipe.epochs), flips],
        initial_epoch=epoch,
        epochs=epoch + 1,
        shuffle=False,
        validation_data=held_out,
        validation_batch_size=recipe.batch_size,
        verbose=0,
    ).history
    figures = {key: float(values[-1]) for key, values in logs.items()}
    if flips.ratio is not None:
        figures["flip_ratio"] = flips.ratio
    return {"epoch": epoch + 1, **figures, "seconds": round(time.monotonic() - clock, 1)}
