"""Training: recipes, the trainer that follows them in resumable stretches, and what few-bit networks take besides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larq_focal.lazy_door import lazy_door

if TYPE_CHECKING:
    from larq_focal.training.device_mlp import BinaryMLP
    from larq_focal.training.flips import SignFlips
    from larq_focal.training.low_memory_model import low_memory, low_memory_loss
    from larq_focal.training.normalisations import recalibrate_normalisations
    from larq_focal.training.recipe import Recipe
    from larq_focal.training.trainer import train_stretch
    from larq_focal.training.zoo_recipes import RECIPES, find_recipe

__all__ = [
    "RECIPES",
    "BinaryMLP",
    "Recipe",
    "SignFlips",
    "find_recipe",
    "low_memory",
    "low_memory_loss",
    "recalibrate_normalisations",
    "train_stretch",
]


if not TYPE_CHECKING:  # to a type checker this would make every name one of ours
    __getattr__, __dir__ = lazy_door(
        __name__,
        {
            "device_mlp": ("BinaryMLP",),
            "flips": ("SignFlips",),
            "low_memory_model": ("low_memory", "low_memory_loss"),
            "normalisations": ("recalibrate_normalisations",),
            "recipe": ("Recipe",),
            "trainer": ("train_stretch",),
            "zoo_recipes": ("RECIPES", "find_recipe"),
        },
    )
