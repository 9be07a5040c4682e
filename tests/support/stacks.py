"""Tests of Larq's stack are skipped where it is missing or the process runs on Keras 3, and the run says how many."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from larq_focal._keras_version import is_keras_3

REASON = "of Larq's stack: run it on Python 3.10 to 3.12 with LARQ_FOCAL_STACK=larq"
_OF_THE_GATE = "This part of larq_focal needs Keras 2 with Larq, "
_MISSING_PACKAGE = re.compile(
    "No module named '(larq|larq_compute_engine|larq_zoo|tensorflow|tensorflow_\\w+|tf_keras)['.]"
)
_ON_KERAS_3 = Path(__file__).parents[1] / "keras3"


def is_installed(package: str) -> bool:
    return find_spec(package) is not None


def needs(*packages: str) -> pytest.MarkDecorator:
    """Marks a test of Larq's stack that may run beside Keras 3, as it starts another process or needs no Keras."""
    missing = [package for package in packages if not is_installed(package)]
    return pytest.mark.skipif(bool(missing), reason=f"{REASON} (it needs {', '.join(missing)})")


LARQ = needs("larq", "tensorflow", "tf_keras")
LCE = needs("larq_compute_engine")
LCE_ENGINE = pytest.param("lce", marks=LCE)
"""The engine of Larq Compute Engine, among others that a test runs on."""


def needs_larq(error: BaseException | str, path: Path) -> bool:
    """Whether a test, or the import of its module, failed for want of Larq's stack. Those of Keras 3 must not."""
    if not is_keras_3() or path.is_relative_to(_ON_KERAS_3):
        return False
    text = str(error)
    return _OF_THE_GATE in text or _MISSING_PACKAGE.search(text) is not None


def skip_module(report: pytest.CollectReport, path: Path) -> None:
    """Turns the failure to import a module of Larq's stack into a skip."""
    if report.failed and needs_larq(str(report.longrepr), path):
        report.outcome, report.longrepr = "skipped", (str(path), 1, f"Skipped: {REASON}")


@contextmanager
def skipping(path: Path) -> Iterator[None]:
    """Skips the test of a module for want of Larq's stack."""
    try:
        yield
    except ImportError as error:
        if not needs_larq(error, path):
            raise
        pytest.skip(REASON)


def summary(reasons: Iterable[str]) -> str | None:
    """One line on what was skipped, by the reasons that pytest gives."""
    count = sum(REASON in reason for reason in reasons)
    return f"Skipped {count} modules and tests {REASON}" if count else None
