"""The runs of a benchmark: which networks are trained, by which recipe, and in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from larq_focal._keras_version import is_keras_3
from larq_focal.datasets.names import training_length
from larq_focal.datasets.rows import DATASETS
from larq_focal.training.recipe import Recipe
from larq_focal.zoo.method_titles import METHOD_TITLES


@dataclass(frozen=True)
class Entry:
    """One run: a network of the zoo, trained by the benchmark's recipe.

    ``int8_of`` names the run whose trained network this one takes to int8 instead of training its own: fine-tuned by
    TF-MOT under Keras 2, and on Keras 3 calibrated on training images.
    """

    name: str
    title: str
    model: str
    int8_of: str | None = None


_INT8 = "int8 (calibrated)" if is_keras_3() else "int8 (TF-MOT)"


def _by_name(*entries: Entry) -> dict[str, Entry]:
    return {entry.name: entry for entry in entries}


SUITE: dict[str, Entry] = _by_name(
    Entry("full_precision", "Full precision", "two_layer_full_precision"),
    Entry("int8", _INT8, "two_layer_full_precision", int8_of="full_precision"),
    Entry("ste_sign", "Sign (STE)", "two_layer_ste_sign"),
    Entry("hysteresis", "Hysteresis sign", "two_layer_hysteresis"),
    Entry("gumbel", "Gumbel sign", "two_layer_gumbel"),
    Entry("lab", "Learnable activation binarizer", "two_layer_lab"),
)
"""For images."""
SIGNAL_SUITE: dict[str, Entry] = _by_name(
    Entry("full_precision", "Full precision", "human_activity_full_precision"),
    Entry("int8", _INT8, "human_activity_full_precision", int8_of="full_precision"),
    *(
        Entry(method, METHOD_TITLES[method], f"human_activity_{method}")
        for method in ("sign", "hysteresis", "gumbel", "lab")
    ),
)
"""For signals: networks of one dimension."""


def suite_of(dataset: str) -> dict[str, Entry]:
    """The runs of the benchmark on a data set of this name."""
    row = DATASETS.get(dataset)
    return SIGNAL_SUITE if row and row.is_signal else SUITE


def choose(names: Sequence[str] | None, suite: Mapping[str, Entry] = SUITE) -> list[Entry]:
    """The entries named, in the suite's order, with those that they build on; all of them for None.

    Raises:
        ValueError: a name is not in the suite.
    """
    if names is None:
        return list(suite.values())
    unknown = [name for name in names if name not in suite]
    if unknown:
        raise ValueError(f"No run named {', '.join(unknown)}: choose from {', '.join(suite)}.")
    wanted = {*names, *(suite[name].int8_of for name in names)}
    return [entry for entry in suite.values() if entry.name in wanted]


def recipe_of(entry: Entry, dataset: str, images: int, *, epochs: int | None = None, seed: int = 0) -> Recipe:
    """How the network of a run is trained: one equal budget for all, every tenth image kept for validation.

    Args:
        entry: The run.
        dataset: Name of the data set.
        images: How many training images there are.
        epochs: Passes over them; None for the data set's default.
        seed: Seed of the training.
    """
    usual_epochs, batch_size = training_length(dataset)
    return Recipe(
        entry.model,
        dataset,
        epochs=usual_epochs if epochs is None else epochs,
        learning_rate=0.01,
        batch_size=batch_size,
        whole_batches=False,
        held_out=max(1, images // 10),
        seed=seed,
    )


def fine_tuning(recipe: Recipe) -> Recipe:
    """A trained network needs a tenth of the epochs and of the learning rate to settle on the int8 grid."""
    return replace(recipe, epochs=max(1, recipe.epochs // 10), learning_rate=recipe.learning_rate / 10, variant="int8")
