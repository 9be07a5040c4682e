"""Where and with what a run was made: versions, machine and git revision, for its record."""

from __future__ import annotations

import importlib.metadata
import subprocess
from pathlib import Path

from larq_focal.deploy.machine import describe_machine

_PACKAGES = (
    "larq_focal",
    "larq",
    "larq-zoo",
    "larq-compute-engine",
    "keras",
    "jax",
    "torch",
    "tensorflow",
    "tf-keras",
    "tensorflow-model-optimization",
    "ai-edge-litert",
    "numpy",
)


def describe_environment(started: str, seconds: float) -> dict:
    """Versions, machine and git revision of a run that began at ``started`` (ISO 8601) and took ``seconds``."""
    return {
        "versions": {name: _version(name) for name in _PACKAGES},
        "machine": describe_machine(),
        "git": _git_revision(),
        "started": started,
        "seconds": round(seconds, 1),
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _git_revision() -> str | None:
    """Revision of the checkout that the package runs from, with ``-dirty`` for uncommitted changes; None elsewhere."""
    here = Path(__file__)
    if _git(here.parent, "ls-files", "--error-unmatch", here.name) is None:
        return None  # installed into an environment that may itself lie in someone else's checkout
    return _git(here.parent, "describe", "--always", "--dirty", "--abbrev=12")


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", folder, *words], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
