"""The list of the zoo's models, and the table of their structures beside the published ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from larq_focal.recipes.table import RECIPES
from larq_focal.zoo.download import manifest
from larq_focal.zoo.registry import MODELS, ModelRow
from larq_focal.zoo.structure import Comparison, compare

_DIGITS = {"mebibytes": 2, "megabytes": 2, "training_saving": 2}


@dataclass(frozen=True)
class Listing:
    """Models of the zoo, each with the data sets that it has weights of and recipes for."""

    rows: tuple[ModelRow, ...]
    weights: dict[str, list[str]]
    recipes: dict[str, list[str]]

    def to_dict(self) -> list[dict[str, Any]]:
        """Plain values for JSON, an object for each model."""
        return [
            {
                "name": row.name,
                "title": row.title,
                "source": row.source,
                "weights": self.weights[row.name],
                "recipes": self.recipes[row.name],
                "stays_float": row.stays_float,
            }
            for row in self.rows
        ]

    def __rich__(self) -> Table:
        table = Table(box=None, pad_edge=False, caption="Sources: --json", caption_justify="left")
        for heading in ("model", "title", "weights", "recipe for"):
            table.add_column(heading, no_wrap=heading != "title")
        for row in self.to_dict():
            table.add_row(row["name"], row["title"], ", ".join(row["weights"]), ", ".join(row["recipes"]))
        return table


@dataclass(frozen=True)
class Structures:
    """Published counts beside ours."""

    comparisons: tuple[Comparison, ...]

    def to_dict(self) -> list[dict[str, Any]]:
        """Plain values for JSON, an object for each count."""
        return [comparison.to_dict() for comparison in self.comparisons]

    def __rich__(self) -> Table:
        table = Table(
            box=None,
            pad_edge=False,
            padding=(0, 1, 0, 0),
            caption="Sources, and what explains a difference: --json",
            caption_justify="left",
        )
        for title in ("model", "count"):
            table.add_column(title, no_wrap=True)
        for title in ("ours", "published", "differs"):
            table.add_column(title, justify="right", no_wrap=True)
        for each in self.comparisons:
            digits = _DIGITS.get(each.published.figure, 0)
            figures = f"{each.ours:,.{digits}f}", f"{each.published.value:,.{digits}f}", f"{each.difference:+.2%}"
            table.add_row(each.model, each.published.figure.replace("_", " "), *figures)
        return table


def list_models(trained_only: bool = False) -> Listing:
    """All models of the zoo, or those with weights or a recipe."""
    weights = {
        name: [key.removeprefix(f"{name}-") for key in manifest() if key.startswith(f"{name}-")] for name in MODELS
    }
    recipes = {name: [] for name in MODELS}
    for recipe in RECIPES.values():
        recipes[recipe.model].append(recipe.dataset + (f" ({recipe.variant})" if recipe.variant else ""))
    rows = (row for row in MODELS.values() if not trained_only or weights[row.name] or recipes[row.name])
    return Listing(tuple(rows), weights, recipes)


def list_structures(compared: Callable[[Comparison], None] | None = None) -> Structures:
    """Every published count beside ours; builds the models, which takes a minute or two.

    Args:
        compared: Called with each comparison as it is made.
    """
    comparisons = []
    for row in MODELS.values():
        for comparison in compare(row):
            comparisons.append(comparison)
            if compared:
                compared(comparison)
    return Structures(tuple(comparisons))
