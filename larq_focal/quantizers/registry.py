"""Every quantizer that a Larq layer knows by an alias: collected from the modules of the families.

A new quantizer is a module in the folder of its family: its class, with a ``quantizer_row``, and ``__all__``.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

from larq_focal.nn import needs_no_constraint
from larq_focal.quantizers import from_larq  # noqa: F401 (registers its rows)
from larq_focal.quantizers.parts.row import ROWS, QuantizerRow

FAMILIES = {
    "signs": "Signs, for kernels and inputs",
    "binary_kernels": "Binary kernels",
    "binary_activations": "Binary inputs",
    "few_bits": "Three levels and more",
}
"""The folders of quantizers, and their titles."""


def family_modules() -> Iterator[ModuleType]:
    """The modules that hold a quantizer each, imported."""
    for family in FAMILIES:
        package = import_module(f"larq_focal.quantizers.{family}")
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            yield import_module(module.name)


PUBLIC_NAMES: dict[str, Any] = {name: vars(module)[name] for module in family_modules() for name in module.__all__}
"""What the modules of the families offer, by name."""


def _place(row: QuantizerRow) -> tuple[int, bool, str]:
    is_ours = row.quantizer.__module__.startswith("larq_focal.quantizers.")
    return [*FAMILIES].index(row.family), is_ours, row.alias


QUANTIZERS: tuple[QuantizerRow, ...] = tuple(sorted(ROWS.values(), key=_place))
"""The rows, family by family, Larq's own first."""

for _row in QUANTIZERS:
    if not _row.needs_clip:
        needs_no_constraint(_row.quantizer)


def row_named(alias: str) -> QuantizerRow | None:
    """The row with this alias, None if there is none."""
    return next((row for row in QUANTIZERS if row.alias == alias), None)
