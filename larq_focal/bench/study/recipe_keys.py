"""The keys of a recipe in a study file."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from larq_focal.messages import shown
from larq_focal.training.distortion import Distortion
from larq_focal.training.ensemble import Ensemble
from larq_focal.training.recipe import Recipe
from larq_focal.yaml_file import Section

_ELSEWHERE = ("model", "dataset", "seed", "options", "variant")
"""Fields of a recipe that other keys of a study file decide, and its label, which decides nothing."""
_KINDS = {"int": (int, "a whole number"), "float": ((int, float), "a number"), "bool": (bool, "true or false")}
_PARTS = {"distortion": Distortion, "ensemble": Ensemble}
_FIELDS = {each.name: str(each.type) for each in fields(Recipe) if each.name not in _ELSEWHERE}


def recipe_with(recipe: Recipe, section: Section) -> Recipe:
    """``recipe`` with the fields that a file's section gives.

    Raises:
        ValueError: a key is not a field of a recipe, or its value is none that the field takes.
    """
    given = dict(section.some(_FIELDS, _field))
    try:
        for name, kind in _PARTS.items():
            if given.get(name) is not None:
                given[name] = kind(**given[name])
        return replace(recipe, **given)
    except (TypeError, ValueError) as error:
        section.refuse_file(f"'{section.prefix.rstrip('.')}' is not a recipe: {str(error).rstrip('.')}")


def _field(section: Section, key: str) -> Any:
    value = section.value(key)
    wanted, _, none = _FIELDS[key].partition(" | ")
    if wanted in _KINDS and not (value is None and none):
        types, name = _KINDS[wanted]
        if not isinstance(value, types) or (wanted != "bool" and isinstance(value, bool)):
            section.refuse(key, f"must be {name}{' or null' * bool(none)}, not {shown(value)}")
    return value
