"""Installing the project beside a present-day TensorFlow and Keras changes the version of no package that is there."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.support.processes import ROOT

PRESENT = ("keras>=3.12", "tensorflow>=2.21", "numpy>=2")


def versions(*requirements: str) -> dict[str, str]:
    """What pip would install into an empty environment; nothing is installed."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-"]
    done = subprocess.run([*command, *requirements], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    packages = [package["metadata"] for package in json.loads(done.stdout)["install"]]
    return {package["name"]: package["version"] for package in packages}


@pytest.mark.slow
def test_the_versions_of_what_is_there_stay():
    before = versions(*PRESENT)
    pinned = (f"{name}=={version}" for name, version in before.items())
    with_us = versions(*pinned, f"{ROOT}[keras]")
    assert {"larq_focal", "ai-edge-litert"} <= with_us.keys()
    assert before.items() <= with_us.items()
    assert not {name for name in with_us if name.startswith(("larq-", "tf_keras"))}, "that is the other stack"
