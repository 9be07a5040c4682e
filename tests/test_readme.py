"""What the README promises, works as it stands there; what has no place on its one screen is reached from it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

import pytest

from tests.support.stacks import LARQ

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
ONE_SCREEN = 70
"""Lines."""


def links_of(page: Path) -> set[Path]:
    """The files and folders of the repository that a page leads to, or shows."""
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    return {(page.parent / target).resolve() for target in targets if not re.match(r"\w+:", target)}


def reached_from(page: Path) -> set[Path]:
    found, waiting = set(), [page]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += (link for link in links_of(one) if link.suffix == ".md")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("stack", [pytest.param("larq", marks=LARQ), "keras"])
def test_example_runs_as_printed(stack, tmp_path):
    (example,) = re.findall(r"```python\n(.*?)```", README, re.S)
    environment = os.environ | {"LARQ_FOCAL_STACK": stack}
    done = subprocess.run(
        [sys.executable, "-c", example], env=environment, capture_output=True, text=True, cwd=tmp_path, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "model.tflite").exists()
    assert "Packed: 2 of 2" in done.stdout and "on scamp5: FIT\n" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_it_is_one_screen():
    assert len(README.splitlines()) <= ONE_SCREEN


def test_commands_exist():
    from larq_focal.cli import main

    named = re.findall(r"^\| `larq-focal ([\w-]+)", COMMANDS, re.M)
    assert sorted(named) == sorted(main.commands)


def test_python_twins_exist():
    rows = [line.split("|") for line in COMMANDS.splitlines() if line.startswith("| `")]
    for _, command, _, twins, _ in rows:
        named = re.findall(r"`(?:lqf|larq_focal)\.([\w.]+)`", twins)
        assert named, command
        for twin in named:
            package, _, name = f"larq_focal.{twin}".rpartition(".")
            assert name in import_module(package).__all__ and hasattr(import_module(package), name)


def test_make_targets_exist():
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M)
    assert set(re.findall(r"^    make ([\w-]+)", README, re.M)) <= set(targets)


def absent(paths: Iterable[Path]) -> list[Path]:
    return [path for path in paths if not path.exists()]


def test_every_page_is_reached_and_no_link_leads_nowhere():
    reached = reached_from(ROOT / "README.md")
    assert not absent(link for page in reached for link in links_of(page))
    pages = {path for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "api"}  # made by mkdocstrings
    assert pages | {ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"} <= reached


def test_the_index_lists_every_page_of_its_folder():
    index = ROOT / "docs" / "index.md"
    assert {*index.parent.glob("*.md")} - {index} <= links_of(index)


def test_pictures_exist():
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", README, re.S)
    assert pictures and all((ROOT / path).stat().st_size > 1000 for path in pictures)
