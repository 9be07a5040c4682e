"""The list of the zoo's models, and the table of their structures beside the published ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from larq_focal.result import Result
from larq_focal.tables import add_figures, add_words, new_table
from larq_focal.text import counted
from larq_focal.training.zoo_recipes import RECIPES
from larq_focal.zoo.manifest import manifest
from larq_focal.zoo.registry import MODELS, ModelRow

if TYPE_CHECKING:
    from larq_focal.zoo.structure import Comparison

_DIGITS = {"mebibytes": 2, "megabytes": 2, "training_saving": 2}


@dataclass(frozen=True, repr=False)
class Listing(Result):
    """Models of the zoo, each with the data sets that it has weights of and recipes for.

    With ``by_family`` the table has one row for all the methods of a network.
    """

    rows: tuple[ModelRow, ...]
    weights: dict[str, list[str]]
    recipes: dict[str, list[str]]
    by_family: bool = False

    @property
    def headline(self) -> str:
        trained = sum(bool(self.weights[row.name]) for row in self.rows)
        return f"{counted(len(self.rows), 'model')}, {trained:,} with weights"

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

    def __rich__(self) -> Group:
        return Group(self._families(), *self._methods()) if self.by_family else Group(self._models())

    def _models(self) -> Table:
        table = new_table()
        add_words(table, "model")
        for heading in ("title", "weights", "recipe for"):
            table.add_column(heading)
        for row in self.rows:
            lists = ", ".join(self.weights[row.name]), ", ".join(self.recipes[row.name])
            table.add_row(row.name, Text(row.title), *lists)
        return table

    def _families(self) -> Table:
        table = new_table()
        add_words(table, "model")
        table.add_column("title")
        add_figures(table, "weights", "recipes")
        for family, rows in self._by_family().items():
            name, title = family, rows[0].title
            if len(rows) > 1:
                name, title = f"{family}_METHOD", title.rpartition(", ")[0]
            counts = (sum(len(of[row.name]) for row in rows) for of in (self.weights, self.recipes))
            table.add_row(name, Text(title), *(f"{count:,}" if count else "" for count in counts))
        return table

    def _by_family(self) -> dict[str, list[ModelRow]]:
        families: dict[str, list[ModelRow]] = {}
        for row in self.rows:
            families.setdefault(row.family, []).append(row)
        return families

    def _methods(self) -> list[Text]:
        """Which methods the networks take; networks that take the same share a line."""
        networks: dict[tuple[str | None, ...], list[str]] = {}
        for family, rows in self._by_family().items():
            if len(rows) > 1:
                networks.setdefault(tuple(row.method for row in rows), []).append(family)
        usual = max(networks, key=lambda methods: len(networks[methods]), default=())
        lines = [Text()]
        for methods, families in networks.items():
            named = "METHOD" if methods == usual else f"METHOD of {', '.join(families)}"
            lines.append(Text.assemble((named, "bold"), f": {', '.join(map(str, methods))}"))
        hint = Text("A line for each model: larq-focal zoo list lenet, or --trained. Sources: --json.", "dim")
        return [*lines, Text(), hint]


@dataclass(frozen=True, repr=False)
class Structures(Result):
    """Published counts beside ours."""

    comparisons: tuple[Comparison, ...]

    @property
    def headline(self) -> str:
        agreeing = sum(comparison.agrees for comparison in self.comparisons)
        return f"{agreeing:,} of {counted(len(self.comparisons), 'published count')} met"

    def to_dict(self) -> list[dict[str, Any]]:
        """Plain values for JSON, an object for each count."""
        return [comparison.to_dict() for comparison in self.comparisons]

    def __rich__(self) -> Group:
        table = new_table()
        add_words(table, "model")
        table.add_column("count")
        add_figures(table, "ours", "published", "differs")
        for each in self.comparisons:
            digits = _DIGITS.get(each.published.figure, 0)
            figures = f"{each.ours:,.{digits}f}", f"{each.published.value:,.{digits}f}", f"{each.difference:+.2%}"
            table.add_row(each.model, each.published.figure.replace("_", " "), *figures)
        return Group(table, Text(), Text("Sources, and what explains a difference: --json", "dim"))


def list_models(contains: str = "", *, trained_only: bool = False) -> Listing:
    """Models of the zoo; all of them are shown by family, a choice of them one by one. Needs no TensorFlow.

    Args:
        contains: Part of the name or title of those that are wanted, in upper or lower case.
        trained_only: Only those with weights or a recipe.

    Raises:
        ValueError: No model's name or title contains that.
    """
    weights = {
        name: [key.removeprefix(f"{name}-") for key in manifest() if key.startswith(f"{name}-")] for name in MODELS
    }
    recipes: dict[str, list[str]] = {name: [] for name in MODELS}
    for recipe in RECIPES.values():
        recipes[recipe.model].append(recipe.dataset + (f" ({recipe.variant})" if recipe.variant else ""))
    wanted = contains.lower()
    rows = tuple(
        row
        for row in MODELS.values()
        if (wanted in row.name or wanted in row.title.lower())
        and (not trained_only or weights[row.name] or recipes[row.name])
    )
    if not rows:
        trained = " with weights or a recipe" if trained_only else ""
        raise ValueError(f"No model{trained} has '{contains}' in its name or title: see `larq-focal zoo list`.")
    return Listing(rows, weights, recipes, by_family=not contains and not trained_only)


def list_structures(compared: Callable[[Comparison], None] | None = None) -> Structures:
    """Every published count beside ours; builds the models, which takes a minute or two.

    Args:
        compared: Called with each comparison as it is made.
    """
    from larq_focal.zoo.structure import compare

    comparisons = []
    for row in MODELS.values():
        for comparison in compare(row):
            comparisons.append(comparison)
            if compared:
                compared(comparison)
    return Structures(tuple(comparisons))
