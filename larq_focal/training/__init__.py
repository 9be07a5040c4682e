"""Training: recipes, the trainer that follows them in resumable stretches, and what few-bit networks take besides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larq_focal.lazy_door import lazy_door

if TYPE_CHECKING:
    from larq_focal.layers.overparameterised.branched_conv import BranchedConv2D
    from larq_focal.layers.overparameterised.branched_kernel import BranchedKernel
    from larq_focal.layers.overparameterised.parallel_normalization import ParallelNormalization
    from larq_focal.training.flips import SignFlips
    from larq_focal.training.minimal_network import fold
    from larq_focal.training.normalisations import recalibrate_normalisations
    from larq_focal.training.recipe import Recipe
    from larq_focal.training.trainer import train_stretch
    from larq_focal.training.zoo_recipes import RECIPES, find_recipe

__all__ = [
    "RECIPES",
    "BranchedConv2D",
    "BranchedKernel",
    "ParallelNormalization",
    "Recipe",
    "SignFlips",
    "find_recipe",
    "fold",
    "recalibrate_normalisations",
    "train_stretch",
]
_OVERPARAMETERISED = "larq_focal.layers.overparameterised"


if not TYPE_CHECKING:  # to a type checker this would make every name one of ours
    __getattr__, __dir__ = lazy_door(
        __name__,
        {
            f"{_OVERPARAMETERISED}.branched_conv": ("BranchedConv2D",),
            f"{_OVERPARAMETERISED}.branched_kernel": ("BranchedKernel",),
            f"{_OVERPARAMETERISED}.parallel_normalization": ("ParallelNormalization",),
            "flips": ("SignFlips",),
            "minimal_network": ("fold",),
            "normalisations": ("recalibrate_normalisations",),
            "recipe": ("Recipe",),
            "trainer": ("train_stretch",),
            "zoo_recipes": ("RECIPES", "find_recipe"),
        },
    )
