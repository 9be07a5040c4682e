"""The imports of the package run one way: those of functions and those that only type checkers read are imports too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.support.modules import PACKAGE, modules_in


def imports_of(name: str, modules: dict[str, Path]) -> set[str]:
    """The modules among ``modules`` that one names in its imports; what is taken from a door is an import of the door.

    That Python runs the doors of the packages around a module first is left out: no module can do without.
    """
    tree, named = ast.parse(modules[name].read_text(encoding="utf-8")), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            named.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name} imports relatively"
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            named.update(full & modules.keys())
            if full - modules.keys():
                named.add(node.module)
    return named & modules.keys()


def circle_in(imports: dict[str, set[str]]) -> list[str]:
    """Modules of which each imports the one after it, the first again at the end; empty where there is no circle."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return error.args[1][::-1]
    return []


def through_own_door(name: str, imported: set[str]) -> Iterator[str]:
    """The packages around a module that it imports by their door."""
    return (door for door in imported if name.startswith(f"{door}."))


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    modules = modules_in(PACKAGE)
    return {name: imports_of(name, modules) for name in modules}


def test_no_circle_of_imports(imports):
    circle = circle_in(imports)
    assert not circle, " imports ".join(circle)


def test_no_module_imports_through_the_door_of_its_own_package(imports):
    faults = {name: doors for name, imported in imports.items() if (doors := [*through_own_door(name, imported)])}
    assert not faults


def test_the_whole_package_is_looked_at(imports):
    assert {"larq_focal", "larq_focal.network.graph", "larq_focal.zoo.registry"} <= imports.keys()
    assert "larq_focal.network.graph" in imports["larq_focal.network.graph_file"]


@pytest.mark.parametrize(
    "back",
    [
        "import package.first",
        "import package.first as other",
        "from package import first",
        "from package.first import name",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from package.first import name",
        "def function():\n    from package.first import name",
    ],
)
def test_a_circle_is_found_in_every_way_of_writing_an_import(tmp_path, back):
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "first.py").write_text("from package.second import other\nname = 1\n")
    (package / "second.py").write_text(f"{back}\nother = 2\n")
    modules = modules_in(package)
    circle = circle_in({name: imports_of(name, modules) for name in modules})
    assert len(circle) == 3
    assert circle[0] == circle[-1]
    assert set(circle) == {"package.first", "package.second"}


def test_an_own_door_is_found(tmp_path):
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("from package.first import name\n")
    (package / "first.py").write_text("name = 1\n")
    (package / "second.py").write_text("from package import name\n")
    modules = modules_in(package)
    imported = {name: imports_of(name, modules) for name in modules}
    assert [*through_own_door("package.second", imported["package.second"])] == ["package"]
    assert imported["package"] == {"package.first"}
