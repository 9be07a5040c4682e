"""The recipes of the zoo's trained models."""

from __future__ import annotations

from dataclasses import replace

from larq_focal.training.distortion import Distortion
from larq_focal.training.recipe import Recipe

_COMPARED = ("sign", "lab", "hysteresis")
_TWO_LAYER = ("full_precision", "ste_sign", "hysteresis", "gumbel", "lab", "ternary", "zero_one")
_LENET = ("full_precision", "sign", "xnor", "bireal", "irnet", "tbn", "recu", "hysteresis", "gumbel", "lab")
_ACTIVITIES = ("wisdm", "unimib_shar")
_MCU_DIGITS = Recipe(
    "mcu_digits",
    "mnist",
    epochs=150,
    learning_rate=5e-3,
    batch_size=256,
    distortion=Distortion(degrees=12, zoom=0.12, shift=2, elastic=0.7),
    recalibrate=10_000,
)
_SMALLER_DIGITS = {"1kB": [8, 16, 24, 16], "2kB": [8, 24, 32, 32]}
"""Maps of the convolutions, by about how much their weights take."""

_RECIPES = (
    Recipe(
        "small_residual_react",
        "cifar10",
        epochs=31,
        restart_after=18,
        shift=4,
        flip=True,
        arithmetic="mixed_bfloat16",
    ),
    *(
        # One equal and small budget for each way to binarize: for a comparison, not for the best accuracy.
        Recipe(
            f"small_residual_{method}",
            "cifar10",
            epochs=6,
            learning_rate=0.01,
            shift=4,
            flip=True,
            recalibrate=2000,
            variant="compared",
            options={"filters": [32, 64, 128], "blocks": 2},
        )
        for method in _COMPARED
    ),
    Recipe("resnet8_full_precision", "cifar10", epochs=30, shift=4, flip=True),
    Recipe("resnet8_bireal", "cifar10", epochs=30, shift=4, flip=True),
    *(Recipe(f"two_layer_{method}", "mnist", epochs=4, learning_rate=0.01, recalibrate=2000) for method in _TWO_LAYER),
    *(Recipe(f"lenet_{method}", "mnist", epochs=8) for method in _LENET),
    _MCU_DIGITS,
    *(
        # Fewer maps and fewer epochs than the one of the pretrained weights: a curve of accuracy against bytes.
        replace(_MCU_DIGITS, epochs=80, variant=variant, options={"filters": filters})
        for variant, filters in _SMALLER_DIGITS.items()
    ),
    Recipe(
        "mcu_images",
        "cifar10",
        epochs=36,
        learning_rate=5e-3,
        shift=4,
        flip=True,
        recalibrate=10_000,
    ),
    Recipe("human_activity_sign", "basic_motions", epochs=200, batch_size=8, held_out=8, recalibrate=32),
    *(Recipe("human_activity_sign", name, epochs=60, held_out=500, recalibrate=2000) for name in _ACTIVITIES),
    Recipe("two_layer_ste_sign", "digits", epochs=30, batch_size=32, held_out=100),
)
RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in _RECIPES}


def find_recipe(model: str, dataset: str, *, variant: str = "", seed: int = 0, epochs: int | None = None) -> Recipe:
    """The recipe of a model on a data set.

    Args:
        model: Name of the model in the zoo.
        dataset: Name of the data set.
        variant: Name of the variant; "" is the recipe of the pretrained weights.
        seed: Its seed.
        epochs: Another number of epochs than the recipe's, for a trial.

    Raises:
        ValueError: There is no such recipe; the message names those there are.
    """
    found = [
        recipe for recipe in _RECIPES if (recipe.model, recipe.dataset, recipe.variant) == (model, dataset, variant)
    ]
    if not found:
        raise ValueError(
            f"No recipe for '{model}' on {dataset}" + (f", variant '{variant}'" if variant else "") + ": there are "
            f"{', '.join(RECIPES)}."
        )
    recipe = replace(found[0], seed=seed)
    return recipe if epochs is None else replace(recipe, epochs=epochs, restart_after=None)
