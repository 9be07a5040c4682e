"""Trains the members of an ensemble one after the other, in stretches as a single network is."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import monotonic

import numpy as np

from larq_focal.datasets.dataset import Dataset, as_input
from larq_focal.nn import keras
from larq_focal.training.normalisations import recalibrate_normalisations
from larq_focal.training.recipe import Recipe
from larq_focal.training.trainer import EpochDone, Training, discard_state, epochs_done, split, train_stretch
from larq_focal.zoo.networks.ensemble import boosted_weights, boosting_vote, ensemble


def train_ensemble(
    recipe: Recipe,
    build: Callable[[Recipe], keras.Model],
    data: Dataset,
    folder: str | Path,
    *,
    minutes: float | None = None,
    epoch_done: EpochDone | None = None,
) -> Training:
    """Trains the members of a recipe's ensemble, or goes on with them, for at most ``minutes``.

    Args:
        recipe: With an ensemble; epochs and all else are those of each member.
        build: Makes the network of a recipe without one.
        data: Its data set.
        folder: Where a folder for each member lies.
        minutes: Length of this stretch; None trains to the end.
        epoch_done: Called with each row of the curve; epochs are counted on from member to member.

    Returns:
        The training; its model is the ensemble once all members are trained, and their last one before that.

    Raises:
        CheckpointError: A checkpoint is damaged, or is one of another recipe or other data.
        ValueError: A boosted member has no vote, as it misses none of its images, or half of their weight or more.
    """
    ends_at = math.inf if minutes is None else monotonic() + 60 * minutes
    _, (images, labels) = split(recipe, data)
    weights, members, votes, history, stretches = np.full(len(labels), 1 / len(labels)), [], [], [], []
    for index, place in enumerate(member_folders(recipe, folder)):
        before = index * recipe.epochs

        def member_epoch_done(row: dict, before: int = before) -> None:
            if epoch_done:
                epoch_done({**row, "epoch": before + row["epoch"]})

        own = replace(recipe, ensemble=None, variant=place.name)
        member = build(replace(own, seed=_seed(recipe.seed, index)))
        drawn = np.random.default_rng([recipe.seed, index]).choice(len(labels), len(labels), p=weights / weights.sum())
        has_trained = epochs_done(place) < recipe.epochs  # in this stretch, for at least one epoch
        left = None if minutes is None else max(0.0, ends_at - monotonic()) / 60
        training = train_stretch(
            own, member, data, place, minutes=left, epoch_done=member_epoch_done, images_drawn=drawn
        )
        history += [{**row, "epoch": before + row["epoch"]} for row in training.history]
        stretches += [
            {**stretch, **{key: before + stretch[key] for key in ("first_epoch", "last_epoch")}}
            for stretch in training.stretches
        ]
        is_last = index + 1 == recipe.ensemble.members
        if not training.finished or (has_trained and not is_last and monotonic() > ends_at):
            return Training(recipe, member, history, stretches)
        if recipe.recalibrate:
            recalibrate_normalisations(member, as_input(images[: recipe.recalibrate]))
        members.append(member)
        if recipe.ensemble.boosted:
            missed = member.predict(as_input(images), batch_size=256, verbose=0).argmax(-1) != labels
            votes.append(boosting_vote(missed, weights))
            weights = boosted_weights(weights, missed, votes[-1])
    return Training(recipe, ensemble(members, votes or None), history, stretches)


def member_folders(recipe: Recipe, folder: str | Path) -> list[Path]:
    """Where the training of each member lies; for a recipe without an ensemble that is the folder itself."""
    if recipe.ensemble is None:
        return [Path(folder)]
    return [Path(folder) / f"{recipe.ensemble.name}-{number}" for number in range(1, recipe.ensemble.members + 1)]


def share_done(recipe: Recipe, folder: str | Path) -> float:
    """Which share of a recipe's epochs the checkpoints in its folder have.

    Raises:
        CheckpointError: One is damaged.
    """
    return sum(map(epochs_done, member_folders(recipe, folder))) / recipe.total_epochs


def discard_states(recipe: Recipe, folder: str | Path) -> None:
    """Removes the checkpoints of a recipe, where there are any."""
    for place in member_folders(recipe, folder):
        discard_state(place)


def _seed(seed: int, index: int) -> int:
    """Of a member's weights: the first has the ensemble's seed, the others draw theirs from it."""
    return int(np.random.SeedSequence([seed, index]).generate_state(1)[0]) if index else seed
