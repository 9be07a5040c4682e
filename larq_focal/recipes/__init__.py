"""Recipes: how the models of the zoo are trained, in resumable stretches."""

from larq_focal.recipes.recipe import Recipe

__all__ = ["Recipe"]
