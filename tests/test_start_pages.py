"""Each page of docs/start works from top to bottom: its Python and then its commands, in one folder of a new user."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from larq_focal._keras_version import is_keras_3
from tests.support.processes import output_of
from tests.support.stacks import REASON
from tests.test_documentation import BLOCK, OF_KERAS_3, OF_LARQ, ROOT

PAGES = sorted((ROOT / "docs" / "start").glob("*.md"))
STEP = re.compile(rf"(?s:{BLOCK.pattern})|^    (?:export (\S+)|larq-focal (.*))$", re.M)
ELSEWHERE = ("--host ", "folder:photos")
"""What takes a board (tests/deploy/test_remote.py) or minutes of training (tests/bench/test_own_data.py)."""


def steps(page: Path) -> list[tuple[str, str, str]]:
    """What a page says to run, in its order: a block of Python, a variable to export, or words of a command."""
    found = STEP.findall(page.read_text(encoding="utf-8"))
    return [step for step in found if not any(each in step[2] for each in ELSEWHERE)]


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if steps(page)], ids=lambda page: page.stem)
def test_a_page_works_from_top_to_bottom(page, tmp_path):
    text = page.read_text(encoding="utf-8")
    environment = {"LARQ_FOCAL_STACK": "larq"} if OF_LARQ.search(text) else {}
    if environment and is_keras_3():
        pytest.skip(REASON)
    if OF_KERAS_3.search(text) and not is_keras_3():
        environment = {"LARQ_FOCAL_STACK": "keras", "KERAS_BACKEND": "tensorflow"}
    start = f"import os\nos.chdir({str(tmp_path)!r})\nfrom larq_focal.cli import main\n"
    code = start
    for block, variable, command in steps(page):
        if variable:  # for the processes from here on
            output_of(code, **environment)
            environment |= [variable.split("=")]
            code = start
        else:
            code += block or f"main({shlex.split(command)}, standalone_mode=False)\n"
    output_of(code, **environment)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_command_has_an_environment_before_it(page):
    """``larq-focal`` by its name alone is found where the page has said to activate the environment."""
    text = page.read_text(encoding="utf-8")
    command = re.search(r"^    (?:larq-focal|pip) ", text, re.M)
    assert command is None or 0 < text.find("    . env/bin/activate\n") < command.start()
