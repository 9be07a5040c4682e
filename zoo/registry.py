"""Every model of the zoo by its name: the list, the contract tests and the table of structures are made from these."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from larq_focal.zoo.rows import ROWS, ModelRow

if TYPE_CHECKING:
    from larq_focal.nn import keras

MODELS: dict[str, ModelRow] = {row.name: row for row in ROWS}


def build(name: str, **options: Any) -> keras.Model:
    """The model of a name in ``MODELS``; ``options`` are arguments of its factory.

    Raises:
        ValueError: There is no such model.
    """
    return find(name).build(**options)


def find(name: str) -> ModelRow:
    """The row of a name.

    Raises:
        ValueError: There is no such model; the message names the nearest ones.
    """
    if name not in MODELS:
        near = get_close_matches(name, MODELS, 4, 0.5)
        raise ValueError(
            f"No model '{name}' in the zoo: `larq-focal zoo list` shows them all"
            + (f"; do you mean {', '.join(near)}?" if near else ".")
        )
    return MODELS[name]
