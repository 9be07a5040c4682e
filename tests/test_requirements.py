"""Tests whose programs are missing: skipped with a line that says what to install, or failures under --require-all."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support import requirements
from tests.support.processes import ROOT


def run_without_programs(*options: str) -> subprocess.CompletedProcess[str]:
    """A run of one test that needs an ssh server and one that needs a browser, with nothing on the path."""
    tests = ["tests/cli/test_device.py::test_over_ssh", "tests/report/test_browser.py"]
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, *tests],
        env={**variables, "PATH": "/nonexistent"},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("workers", [[], ["--numprocesses", "1"]])
def test_the_run_ends_with_what_to_install(workers):
    done = run_without_programs(*workers)
    assert done.returncode == 0, done.stdout
    *_, line, _ = done.stdout.splitlines()
    assert line.startswith("Skipped ")
    assert "on Debian: apt-get install chromium chromium-driver openssh-client" in line


@pytest.mark.slow
def test_a_run_that_requires_all_fails():
    done = run_without_programs(requirements.OPTION)
    assert done.returncode == 1
    assert "--require-all: apt-get install chromium chromium-driver" in done.stdout
    assert " skipped" not in done.stdout


def test_one_line_for_all_that_was_skipped():
    reasons = ["Skipped: apt-get install b a", "Skipped: another matter", "Skipped: apt-get install c a"]
    assert requirements.summary(reasons).startswith("Skipped 2 tests ")
    assert requirements.summary(reasons).endswith("apt-get install a b c")
    assert requirements.summary(["Skipped: another matter"]) is None
