"""What the tests on Keras 3 share."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

REFERENCE = "LARQ_FOCAL_TEST_REFERENCE"
"""The environment variable that names a folder which ``tests.keras3.larq_reference`` filled, where Larq is missing."""


collect_ignore_glob = [] if os.environ.get("LARQ_FOCAL_STACK") == "keras" else ["test_*.py"]


@pytest.fixture(scope="session")
def larq_reference(tmp_path_factory) -> Path:
    """What Larq computes, in files."""
    if os.environ.get(REFERENCE):
        return Path(os.environ[REFERENCE])
    if find_spec("larq") is None:
        pytest.skip(f"Larq is not installed, and {REFERENCE} names no folder of its results")
    folder = tmp_path_factory.mktemp("larq")
    command = [sys.executable, "-m", "tests.keras3.larq_reference", str(folder)]
    process = subprocess.run(command, env=larq_environment(), capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    return folder


@pytest.fixture
def outcome(record_property) -> Callable[..., None]:
    """Says what a test shows of which part, and how far it is off, for the table of ``tools.backend_table``."""

    def record(part: str, check: str, difference: float = 0.0) -> None:
        for name, value in (("part", part), ("check", check), ("difference", float(difference))):
            record_property(name, value)

    return record


def larq_environment() -> dict[str, str]:
    """The environment of a process that runs Larq."""
    return {name: value for name, value in os.environ.items() if name not in ("KERAS_BACKEND", "LARQ_FOCAL_STACK")}
