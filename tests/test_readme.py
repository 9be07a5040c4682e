"""What the README promises, works as it stands there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.stacks import LARQ

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


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


def test_commands_exist():
    from larq_focal.cli import main

    named = set(re.findall(r"^\| `larq-focal ([\w-]+)", README, re.M))
    assert named == set(main.commands)


def test_python_twins_exist():
    import larq_focal

    for name in re.findall(r"\| `lqf\.(\w+)` \|", README):
        assert name in larq_focal.__all__


def test_make_targets_exist():
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M)
    assert set(re.findall(r"^    make ([\w-]+)", README, re.M)) <= set(targets)


def test_pages_exist():
    pages = re.findall(r"\]\((docs/\w+\.md)\)", README)
    assert {ROOT / page for page in pages} == {*(ROOT / "docs").glob("*.md")} - {ROOT / "docs/index.md"}


def test_pictures_exist():
    for path in re.findall(r"!\[.*?\]\((.*?)\)", README, re.S):
        assert (ROOT / path).stat().st_size > 1000
