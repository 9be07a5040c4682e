"""The tests on Keras 3 pass beside those of Larq: by one process of their own, which has TensorFlow as its backend."""

from __future__ import annotations

import subprocess
import sys

import pytest

from larq_focal._keras_version import is_keras_3
from tests.support.own_process import outside_of_workers
from tests.support.processes import ROOT

ALSO = (
    "tests/training/test_flips.py",
    "tests/training/test_normalisations.py",
    "tests/training/test_trainer.py::test_noise_goes_on_where_it_stopped",
)
"""Tests that run on both Kerases."""


@pytest.mark.slow
@pytest.mark.skipif(is_keras_3(), reason="this run is one on Keras 3")
def test_the_tests_on_keras_3_pass(tmp_path):
    """With a reference of Larq's that the process makes itself."""
    environment = {name: value for name, value in outside_of_workers().items() if name != "TF_USE_LEGACY_KERAS"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/keras3", *ALSO],
        cwd=ROOT,
        env={**environment, "LARQ_FOCAL_STACK": "keras", "KERAS_BACKEND": "tensorflow"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert " passed" in done.stdout.splitlines()[-1]


def test_larqs_run_collects_none_of_them():
    """They need another stack than the process that would run them."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider", "tests/keras3"],
        cwd=ROOT,
        env={**outside_of_workers(), "LARQ_FOCAL_STACK": "larq"},
        capture_output=True,
        text=True,
    )
    assert "no tests collected" in done.stdout
