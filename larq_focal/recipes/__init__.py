"""Recipes: how the models of the zoo are trained, in resumable stretches, and the cards of what came out."""

from typing import TYPE_CHECKING

from larq_focal.recipes.card import model_card
from larq_focal.recipes.recipe import Recipe
from larq_focal.recipes.table import RECIPES, find_recipe

__all__ = ["RECIPES", "Recipe", "find_recipe", "model_card", "run_recipe"]


if TYPE_CHECKING:
    from larq_focal.recipes.running import run_recipe
else:

    def __getattr__(name: str):
        if name == "run_recipe":  # brings TensorFlow, which the names above do without
            from larq_focal.recipes.running import run_recipe

            return run_recipe
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
