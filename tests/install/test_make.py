"""Which stack `make` installs, and what it says where it cannot: by the interpreter, by STACK, by what is there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from tests.support.processes import ROOT

_OF_MAKE = ("MAKE", "MFLAGS", "STACK")
"""Beginnings of variables that a make which runs the tests passes on."""
pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")


@pytest.fixture
def make(tmp_path):
    """Runs make in a folder of its own, with an interpreter that says to be of a version, and gives what it prints."""
    for name in ("Makefile", "setup.cfg", "setup.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)

    def run(*words: str, version: tuple[int, int]) -> subprocess.CompletedProcess[str]:
        interpreter = tmp_path / "python"
        pretend = f"import sys; sys.version_info = {(*version, 0)}; exec(sys.argv[2])"
        interpreter.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{pretend}" "$@"\n')
        interpreter.chmod(0o755)
        command = ["make", *words, f"PYTHON={interpreter}"]
        environment = {name: each for name, each in os.environ.items() if not name.startswith(_OF_MAKE)}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)

    return run


@pytest.mark.parametrize(
    ("version", "words", "installed"),
    [
        ((3, 10), [], "larq"),
        ((3, 12), [], "larq"),
        ((3, 13), [], "keras"),
        ((3, 14), [], "keras"),
        ((3, 12), ["STACK=keras"], "keras"),
        ((3, 12), ["STACK=larq"], "larq"),
    ],
)
def test_the_interpreter_chooses_where_nobody_else_does(make, version, words, installed):
    printed = make("-n", "test", *words, version=version).stdout
    assert f"pip install --quiet --editable '.[{installed},test]'" in printed


@pytest.mark.parametrize(
    ("version", "words", "message"),
    [
        ((3, 13), ["STACK=larq"], "STACK=larq takes Python 3.10 to 3.12, which "),
        ((3, 9), [], "This takes Python 3.10 or later, which "),
    ],
)
def test_an_interpreter_that_does_not_fit_is_named(make, version, words, message, tmp_path):
    done = make("test", *words, version=version)
    assert done.returncode != 0
    assert done.stdout.startswith(f"{message}{tmp_path / 'python'} is not.")
    assert not (tmp_path / ".venv").exists()


def test_an_environment_of_the_other_stack_is_named(make, tmp_path):
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "stack").write_text("larq\n")
    done = make("test", "STACK=keras", version=(3, 12))
    assert done.returncode != 0
    assert ".venv was made with STACK=larq: leave out STACK=keras, or `make clean` before" in done.stderr
    assert "'.[larq,test]'" in make("-n", "test", version=(3, 13)).stdout  # what is there goes on
    assert make("clean", "STACK=keras", version=(3, 12)).returncode == 0
    assert not (tmp_path / ".venv").exists()
