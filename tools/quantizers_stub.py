"""Writes what editors, type checkers and the site read of ``larq_focal.quantizers``, whose names its modules list.

    python -m tools.quantizers_stub

A new quantizer is found when the package is imported; only tools that read code without running it need this file.
"""

from __future__ import annotations

from pathlib import Path

from larq_focal import quantizers
from larq_focal.files import write_text
from larq_focal.quantizers.registry import family_modules

STUB = Path(quantizers.__file__).with_suffix(".pyi")
REFERENCE = Path(__file__).parents[1] / "docs/api/quantizers.md"
HEADER = "# Written by tools/quantizers_stub.py; run `make docs` after a change of the names.\n"


def stub() -> str:
    """The imports of the package and those that it makes while it runs, each by its name."""
    homes = {name: module.__name__ for module in family_modules() for name in module.__all__}
    homes |= {name: _home_of(name) for name in quantizers.__all__ if name not in homes}
    return HEADER + "".join(sorted(_line(home, name) for name, home in homes.items()))


def reference() -> str:
    """The page of the site with all classes and functions, family by family."""
    page = ["# Quantizers\n\nWith curves, and what becomes of each, in [a table](../quantizers.md).\n"]
    family = None
    for module in family_modules():
        if (here := module.__name__.split(".")[2]) != family:
            family = here
            page.append(f"\n## {family.replace('_', ' ').capitalize()}\n")
        page += [f"\n::: {module.__name__}.{name}\n" for name in module.__all__]
    homes = {name: _home_of(name) for name in quantizers.__all__}
    parts = [
        f"\n::: {home}.{name}\n" for name, home in homes.items() if home.startswith("larq_focal.quantizers.parts.")
    ]
    page += ["\n## Parts of quantizers\n", *parts]
    return "".join(page)


def _line(home: str, name: str) -> str:
    line = f"from {home} import {name} as {name}\n"
    return line if len(line) <= 121 else f"from {home} import (\n    {name} as {name},\n)\n"


def _home_of(name: str) -> str:
    """The module that defines a name which the door imports; the wall, whichever room is behind it."""
    home = getattr(getattr(quantizers, name), "__module__", None) or "larq_focal.quantizers.registry"
    return "larq_focal.nn" if home.startswith("larq_focal.nn.") else home


if __name__ == "__main__":
    write_text(STUB, stub())
    write_text(REFERENCE, reference())
