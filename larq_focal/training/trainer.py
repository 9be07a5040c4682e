"""Training in stretches: a recipe goes on where its last stretch stopped, and computes what one long run would."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import MISSING, dataclass, fields
from datetime import datetime, timezone
from pathlib import Path
from time import monotonic

import numpy as np

from larq_focal.bench.records.environment import describe_environment
from larq_focal.datasets.dataset import Dataset, as_input
from larq_focal.nn import SignAdam, keras, ops
from larq_focal.training.batches import AugmentedBatches
from larq_focal.training.checkpoint import CheckpointError, load_state, restore, restore_noise, save_checkpoint
from larq_focal.training.flips import SignFlips
from larq_focal.training.keras_in_use import KERAS_2, keras_in_use
from larq_focal.training.low_memory_model import low_memory_loss
from larq_focal.training.recipe import Recipe
from larq_focal.training.schedules import schedules

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
        return len(self.history) == self.recipe.total_epochs


def train_stretch(
    recipe: Recipe,
    model: keras.Model,
    data: Dataset,
    folder: str | Path,
    *,
    minutes: float | None = None,
    epoch_done: EpochDone | None = None,
    images_drawn: np.ndarray | None = None,
    loss: keras.losses.Loss | None = None,
) -> Training:
    """Trains ``model`` by ``recipe`` for at most ``minutes``, from the checkpoint in ``folder`` if there is one.

    The state is saved after each epoch: weights, the optimizer's variables with the step that the learning rate
    follows, curve, and seeds. Shuffling and augmentation depend on the seed and the epoch alone, so that a training
    in stretches sees the images of one that was never stopped. An epoch that would not end in time is not begun.

    Args:
        recipe: The recipe.
        model: The network to train, freshly built; the recipe's seed should have been set before building it.
        data: Its data set. The test images are not looked at.
        folder: Where the checkpoint lies.
        minutes: Length of this stretch; None trains to the end. At least one epoch is trained.
        epoch_done: Called with each row of the curve: epoch, loss, accuracy, val_loss, val_accuracy, seconds,
            and flip_ratio, the share of the quantized weights that change sign in a step, where there are any.
        images_drawn: Positions ``[n]``, with repeats, among the images kept for training, of those that it sees; None
            for each once.
        loss: In place of the recipe's, the cross entropy of logits.

    Raises:
        CheckpointError: The checkpoint is damaged, or is one of another recipe or other data.
        ValueError: The data set has too few images for the recipe, or the recipe is one of an ensemble.
    """
    if recipe.ensemble:
        raise ValueError(f"'{recipe.name}' is an ensemble: `train_ensemble` trains its members.")
    checkpoint = Path(folder) / _CHECKPOINT
    held_out, kept = split(recipe, data)
    if images_drawn is not None:
        kept = (kept[0][images_drawn], kept[1][images_drawn])
    state = _state(checkpoint, recipe, data)
    stretch = _Stretch(checkpoint, state, minutes, epoch_done)
    begun_with = len(state["history"])
    batches = AugmentedBatches(
        *kept,
        batch_size=recipe.batch_size,
        whole=recipe.whole_batches,
        shift=recipe.shift,
        flip=recipe.flip,
        distortion=recipe.distortion,
        seed=recipe.seed,
        epoch=begun_with,
    )
    _compile(model, recipe, len(batches), loss)
    if begun_with:
        restore(checkpoint, model)
    if begun_with < recipe.epochs:
        model.fit(
            batches,
            callbacks=[_epochs_of(batches), *schedules(model, recipe.epochs), stretch.flips, stretch],
            initial_epoch=begun_with,
            epochs=recipe.epochs,
            shuffle=False,
            validation_data=held_out,
            validation_batch_size=recipe.batch_size,
            verbose=0,
        )
    return Training(recipe, model, state["history"], state["stretches"])


def _epochs_of(batches: AugmentedBatches) -> keras.callbacks.Callback:
    """Gives each epoch its own images."""
    return keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: batches.begin(epoch))


def environment_now() -> dict:
    """Versions, machine, git revision and Keras of what begins now and has taken no time yet."""
    started = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return {**describe_environment(started, 0.0), "keras": keras_in_use()}


def epochs_done(folder: str | Path) -> int:
    """How many epochs the checkpoint in ``folder`` has; 0 where there is none.

    Raises:
        CheckpointError: it is damaged.
    """
    checkpoint = Path(folder) / _CHECKPOINT
    return len(load_state(checkpoint)["history"]) if checkpoint.exists() else 0


def discard_state(folder: str | Path) -> None:
    """Removes the checkpoint in ``folder``, if there is one, and the folder where nothing else is in it."""
    folder = Path(folder)
    (folder / _CHECKPOINT).unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def split(recipe: Recipe, data: Dataset) -> tuple[tuple, tuple]:
    """Images and labels held out for validation, as input of a network, and those kept for training, as bytes.

    Raises:
        ValueError: The data set has too few images for the recipe.
    """
    if len(data.x_train) < recipe.held_out + (recipe.batch_size if recipe.whole_batches else 1):
        raise ValueError(
            f"{data.title} has {len(data.x_train):,} training images, fewer than the {recipe.held_out:,} held out and "
            + (f"one batch of {recipe.batch_size}." if recipe.whole_batches else "one to train on.")
        )
    order = np.random.default_rng(recipe.seed).permutation(len(data.x_train))
    out, kept = order[: recipe.held_out], order[recipe.held_out :]
    labels = data.y_train.astype(np.int32)  # JAX has no longer ones
    return (as_input(data.x_train[out]), labels[out]), (data.x_train[kept], labels[kept])


def _compile(model: keras.Model, recipe: Recipe, steps_per_epoch: int, own_loss: keras.losses.Loss | None) -> None:
    optimizer, loss = keras.optimizers.Adam, keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    if recipe.arithmetic == "low_memory":
        optimizer, loss = SignAdam, low_memory_loss
    elif recipe.arithmetic != "float32":
        loss = _float32_cross_entropy
    model.compile(optimizer(learning_rate(recipe, steps_per_epoch)), own_loss or loss, metrics=["accuracy"])


def learning_rate(recipe: Recipe, steps_per_epoch: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """The learning rate by step."""
    first, schedules = recipe.restart_after, keras.optimizers.schedules
    if first is None:
        return schedules.CosineDecay(recipe.learning_rate, recipe.epochs * steps_per_epoch)
    return schedules.CosineDecayRestarts(recipe.learning_rate, first * steps_per_epoch, *_RESTARTED)


def _float32_cross_entropy(labels, logits):
    return keras.losses.sparse_categorical_crossentropy(labels, ops.cast(logits, "float32"), from_logits=True)


def _state(path: Path, recipe: Recipe, data: Dataset) -> dict:
    """The state to go on from."""
    belongs = {"recipe": recipe.to_dict(), "dataset": [data.title, data.source], "keras": keras_in_use()["name"]}
    if not path.exists():
        return {**belongs, "history": [], "stretches": []}
    state = load_state(path)
    before = {  # older states know fewer settings, and are all of Keras 2
        "recipe": _DEFAULTS | state["recipe"],
        "dataset": state["dataset"],
        "keras": state.get("keras", KERAS_2),
    }
    if before != belongs:
        raise CheckpointError(
            f"'{path}' belongs to {before}, but {belongs} is asked for: use the same, or another folder."
        )
    return state


class _Stretch(keras.callbacks.Callback):
    """Adds each epoch to the curve and saves the state; stops before an epoch that would not end in time.

    It stands behind the callbacks whose figures go into the curve.
    """

    def __init__(self, checkpoint: Path, state: dict, minutes: float | None, epoch_done: EpochDone | None):
        super().__init__()
        self.flips = SignFlips()
        self._checkpoint, self._state, self._epoch_done = checkpoint, state, epoch_done
        self._earlier, self._first_epoch = list(state["stretches"]), len(state["history"]) + 1
        self._clock = monotonic()
        self._environment = environment_now()
        self._ends_at = math.inf if minutes is None else self._clock + 60 * minutes

    def on_train_begin(self, logs=None):
        if self._state["history"]:
            restore_noise(self._checkpoint)

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch_clock = monotonic()

    def on_epoch_end(self, epoch, logs=None):
        row = {"epoch": epoch + 1, **{key: float(value) for key, value in logs.items()}}
        if self.flips.ratio is not None:
            row["flip_ratio"] = self.flips.ratio
        row["seconds"] = round(monotonic() - self._epoch_clock, 3)
        self._state["history"].append(row)
        self._save(last_epoch=epoch + 1)
        if self._epoch_done:
            self._epoch_done(row)
        self.model.stop_training = monotonic() + _SPARE * row["seconds"] > self._ends_at

    def _save(self, last_epoch: int) -> None:
        seconds = round(monotonic() - self._clock, 1)
        stretch = {"first_epoch": self._first_epoch, "last_epoch": last_epoch, **self._environment, "seconds": seconds}
        self._state["stretches"] = [*self._earlier, stretch]
        save_checkpoint(self._checkpoint, self.model, self._state)
