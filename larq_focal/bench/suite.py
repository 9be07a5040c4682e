"""The runs of a benchmark: which networks are trained, by which recipe, and in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from larq_focal._keras_version import is_keras_3
from larq_focal.datasets.names import training_length
from larq_focal.datasets.rows import DATASETS
from larq_focal.training.recipe import Recipe
from larq_focal.zoo.method_titles import METHOD_TITLES
from larq_focal.zoo.rows.row import FULL_PRECISION

Form = Literal["converted", "tf-mot", "calibrated", "stock"]
Budget = Literal["bytes", "latency"]
FileForm = Literal["float", "int8", "stock_int8", "stock_int4", "stock_int2"]
"""What is not binary in a file, or what stock tools make of the float file."""
STOCK = "stock_"


@dataclass(frozen=True)
class Entry:
    """One run: a network of the zoo, trained by the benchmark's recipe, and the form in which it is judged.

    ``form`` is "converted" as it was trained, "calibrated" to int8 by ``larq_focal.convert`` on training images,
    fine-tuned to int8 by "tf-mot", or what "stock" tools make of it: ``stock_form`` names which.

    ``made_of`` names the run whose trained network this one takes instead of training its own.

    ``equal`` makes the network as wide as has the bytes or the latency of the most accurate binary run: ``filters``
    are its maps, of which all are taken in one proportion.
    """

    name: str
    title: str
    model: str
    form: Form = "converted"
    made_of: str | None = None
    stock_form: str = ""
    equal: Budget | None = None
    filters: tuple[int, ...] = ()

    @property
    def is_binary(self) -> bool:
        return not self.model.endswith(FULL_PRECISION)


STOCK_TITLES = {
    "int8": "int8 (stock)",
    "int4": "int4 weights (stock)",
    "int2": "int2 dense, int4 conv. (stock)",
}


def _suite(family: str, filters: tuple[int, ...], *binary: Entry, with_tf_mot: bool = False) -> dict[str, Entry]:
    """A float network and what becomes of it, binary ones, and float and int8 ones of their bytes and latency."""
    full, first = f"{family}_{FULL_PRECISION}", FULL_PRECISION
    int8 = [Entry("int8", "int8 (calibrated)", full, "calibrated", first)]
    if with_tf_mot:
        int8 = [
            Entry("int8", "int8 (TF-MOT)", full, "tf-mot", first),
            replace(int8[0], name="int8_calibrated"),
        ]
    entries = (
        Entry(first, "Full precision", full),
        *int8,
        *(Entry(f"stock_{form}", title, full, "stock", first, form) for form, title in STOCK_TITLES.items()),
        *binary,
        *(
            Entry(f"{name}_equal_{budget}", f"{title} of equal {budget}", full, form, equal=budget, filters=filters)
            for budget in get_args(Budget)
            for name, title, form in (("float", "Float", "converted"), ("int8", "int8", "calibrated"))
        ),
    )
    return {entry.name: entry for entry in entries}


SUITE: dict[str, Entry] = _suite(
    "two_layer",
    (16, 32),
    Entry("ste_sign", "Sign (STE)", "two_layer_ste_sign"),
    Entry("hysteresis", "Hysteresis sign", "two_layer_hysteresis"),
    Entry("gumbel", "Gumbel sign", "two_layer_gumbel"),
    Entry("lab", "Learnable activation binarizer", "two_layer_lab"),
    with_tf_mot=not is_keras_3(),
)
"""For images."""
SIGNAL_SUITE: dict[str, Entry] = _suite(
    "human_activity",
    (24, 24),
    *(Entry(name, METHOD_TITLES[name], f"human_activity_{name}") for name in ("sign", "hysteresis", "gumbel", "lab")),
)
"""For signals: networks of one dimension, of whose layers TF-MOT does not take all."""


def suite_of(dataset: str) -> dict[str, Entry]:
    """The runs of the benchmark on a data set of this name."""
    row = DATASETS.get(dataset)
    return SIGNAL_SUITE if row and row.is_signal else SUITE


def choose(names: Sequence[str] | None, suite: Mapping[str, Entry] = SUITE) -> list[Entry]:
    """The entries named, in the suite's order, with those that they build on; all of them for None.

    Those of equal bytes or latency need a binary one beside them: the first of the suite, if none is named.

    Raises:
        ValueError: a name is not in the suite.
    """
    if names is None:
        return list(suite.values())
    unknown = [name for name in names if name not in suite]
    if unknown:
        raise ValueError(f"No run named {', '.join(unknown)}: choose from {', '.join(suite)}.")
    wanted = {*names, *(suite[name].made_of for name in names)}
    if any(suite[name].equal for name in names) and not any(suite[name].is_binary for name in names):
        wanted.add(next(entry.name for entry in suite.values() if entry.is_binary))
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
