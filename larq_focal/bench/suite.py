"""The runs of a benchmark: which networks are trained, by which recipe, and in which order."""

from __future__ import annotations

from dataclasses import dataclass, replace

from larq_focal._keras_version import is_keras_3
from larq_focal.datasets.rows import DATASETS
from larq_focal.training.recipe import Recipe


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
SUITE: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        Entry("full_precision", "Full precision", "two_layer_full_precision"),
        Entry("int8", _INT8, "two_layer_full_precision", int8_of="full_precision"),
        Entry("ste_sign", "Sign (STE)", "two_layer_ste_sign"),
        Entry("hysteresis", "Hysteresis sign", "two_layer_hysteresis"),
        Entry("gumbel", "Gumbel sign", "two_layer_gumbel"),
        Entry("lab", "Learnable activation binarizer", "two_layer_lab"),
    )
}


def choose(names: list[str] | None) -> list[Entry]:
    """The entries named, in the suite's order, with those that they build on; all of them for None.

    Raises:
        ValueError: a name is not in the suite.
    """
    if names is None:
        return list(SUITE.values())
    unknown = [name for name in names if name not in SUITE]
    if unknown:
        raise ValueError(f"No run named {', '.join(unknown)}: choose from {', '.join(SUITE)}.")
    wanted = {*names, *(SUITE[name].int8_of for name in names)}
    return [entry for entry in SUITE.values() if entry.name in wanted]


def recipe_of(entry: Entry, dataset: str, images: int, *, epochs: int | None = None, seed: int = 0) -> Recipe:
    """How the network of a run is trained: one equal budget for all, every tenth image kept for validation.

    Args:
        entry: The run.
        dataset: Name of the data set.
        images: How many training images there are.
        epochs: Passes over them; None for the data set's default.
        seed: Seed of the training.
    """
    row = DATASETS[dataset]
    return Recipe(
        entry.model,
        dataset,
        epochs=row.epochs if epochs is None else epochs,
        learning_rate=0.01,
        batch_size=row.batch_size,
        whole_batches=False,
        held_out=max(1, images // 10),
        seed=seed,
    )


def fine_tuning(recipe: Recipe) -> Recipe:
    """A trained network needs a tenth of the epochs and of the learning rate to settle on the int8 grid."""
    return replace(recipe, epochs=max(1, recipe.epochs // 10), learning_rate=recipe.learning_rate / 10, variant="int8")
