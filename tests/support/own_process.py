"""Tests in processes of their own, which take their memory with them: those marked ``own_process``."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

MARK = "own_process"
_INSIDE = "LARQ_FOCAL_OWN_PROCESS"
_OF_WORKERS = ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID")


def outside_of_workers() -> dict[str, str]:
    """The environment of this process, for one that is no worker of its run."""
    return {name: value for name, value in os.environ.items() if name not in _OF_WORKERS}


def is_run_elsewhere(item: pytest.Item) -> bool:
    """Runs a marked test by a pytest of its own, whose failure is that of the test; False for all other tests."""
    if item.get_closest_marker(MARK) is None or _INSIDE in os.environ:
        return False
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", item.nodeid],
        cwd=item.config.rootpath,
        env={**outside_of_workers(), _INSIDE: "1"},
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        pytest.fail(f"In a process of its own:\n{done.stdout}\n{done.stderr}", pytrace=False)
    return True
