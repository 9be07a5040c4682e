"""Python code in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run_python(code: str, *arguments: object, **environment: str | None) -> subprocess.CompletedProcess[str]:
    """Runs ``code`` with this Python; ``environment`` adds variables, or takes them away where the value is None."""
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", **environment}
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        env={name: value for name, value in variables.items() if value is not None},
        cwd=ROOT.anchor,
        capture_output=True,
        text=True,
    )


def output_of(code: str, *arguments: object, **environment: str | None) -> str:
    """What ``code`` prints; it must succeed."""
    process = run_python(code, *arguments, **environment)
    assert process.returncode == 0, process.stderr
    return process.stdout.strip()
