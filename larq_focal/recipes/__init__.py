"""Recipes: how the models of the zoo are trained, in resumable stretches, and the cards of what came out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larq_focal.lazy_door import lazy_door

if TYPE_CHECKING:
    from larq_focal.recipes.card import model_card
    from larq_focal.recipes.recipe import Recipe
    from larq_focal.recipes.running import run_recipe
    from larq_focal.recipes.table import RECIPES, find_recipe

__all__ = ["RECIPES", "Recipe", "find_recipe", "model_card", "run_recipe"]


if not TYPE_CHECKING:  # to a type checker this would make every name one of ours
    __getattr__, __dir__ = lazy_door(
        __name__,
        {
            "card": ("model_card",),
            "recipe": ("Recipe",),
            "running": ("run_recipe",),
            "table": ("RECIPES", "find_recipe"),
        },
    )
