"""Writes the page of quantizers and layers by backend, docs/backends.md, from the outcomes of the tests.

    python -m tools.backend_table tensorflow

runs the tests of each quantizer and each layer on a backend, keeps their outcomes in docs/data/backends/, and writes
the page of all that are kept; without a backend it only writes the page. Results of Larq that other backends are
compared with are made where Larq is installed, by ``python -m tests.keras3.larq_reference FOLDER``, and named by
``LARQ_FOCAL_TEST_REFERENCE=FOLDER``.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from larq_focal import layers
from larq_focal.files import write_text
from larq_focal.quantizers import FAMILIES, QUANTIZERS
from larq_focal.tables import pipe_table

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "backends.md"
DATA = ROOT / "docs" / "data" / "backends"
BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
MODULES = ("test_parts", "test_wall", "test_against_larq", "test_larq_quantizers")
CHECKS = {
    "forward": "what it computes, against Larq's stack (larq 0.14, TensorFlow): the largest difference",
    "gradient": "its pseudo-gradient and those of its weights, against float64: the largest difference",
    "training step": "four steps of training change every kernel, scale, memory and counter of noise",
    ".keras": "a training that is saved in the middle and loaded goes on with the same bits",
    ".weights.h5": "the same from weights alone",
    "compiled": "a step with `jit_compile=True` is the step without it (JAX: it is what all of this runs by)",
    "mixed precision": "a step of `mixed_bfloat16`, with weights of float32",
    "two replicas": "a step of two replicas is that of one: `MirroredStrategy`, or `DataParallel` on JAX",
}
_OF_NUMBERS = ("forward", "gradient")


def outcomes(report: Path) -> dict[str, dict[str, Any]]:
    """By part and check: the largest difference that tests name, or "failed", "skipped"; from a report of pytest."""
    found: dict[str, dict[str, Any]] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        named = {each.get("name"): each.get("value") for each in case.iter("property")}
        if "check" not in named:
            continue
        checks = found.setdefault(named["part"], {})
        before = checks.get(named["check"], 0.0)
        failed = any(case.find(kind) is not None for kind in ("failure", "error", "skipped"))  # or xfailed
        checks[named["check"]] = "failed" if failed or before == "failed" else max(before, float(named["difference"]))
    return found


def measure(backend: str) -> None:
    """Runs the tests on a backend and keeps their outcomes.

    Raises:
        RuntimeError: the tests could not be run.
    """
    environment = os.environ | {"LARQ_FOCAL_STACK": "keras", "KERAS_BACKEND": backend}
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        options = ["-q", "-p", "no:cacheprovider", "-o", "junit_family=xunit1", f"--junitxml={report}"]
        modules = [f"tests/keras3/{module}.py" for module in MODULES]
        done = subprocess.run([sys.executable, "-m", "pytest", *options, *modules], cwd=ROOT, env=environment)
        parts = outcomes(report) if report.exists() else {}
        is_told = any("failed" in checks.values() for checks in parts.values())
        if not parts or (done.returncode != 0 and not is_told):
            raise RuntimeError(f"The tests on {backend} could not be run.")
    packages = {name: version(name) for name in ("keras", backend, "numpy")}
    record = {"backend": backend, "python": platform.python_version(), "packages": packages, "parts": parts}
    DATA.mkdir(parents=True, exist_ok=True)
    write_text(DATA / f"{backend}.json", json.dumps(record, indent=1) + "\n")


def page() -> str:
    checks = "\n".join(f"- *{name}*: {meaning}" for name, meaning in CHECKS.items())
    introduction = f"""\
# Quantizers and layers by backend

<!-- Written by tools/backend_table.py from the outcomes of tests: run `python -m tools.backend_table BACKEND`. -->

Every quantizer, in a quantized convolution, and every layer, on the backends of [Keras 3](keras3.md). The tests are
those of `tests/keras3`; a table holds their outcomes on one backend:

{checks}

Differences are relative to the largest number where that is above 1; *equal* means every bit, of several settings and
steps of training. Gradients may be off by 3e-5. Noise is another than Larq's where the backend is not TensorFlow, and
another where a step is compiled: what does not depend on it is compared. Keras has no replicas on PyTorch; its compiler
is tested on a smaller network (`tests/keras3/test_quantized_layers.py`).
"""
    return "\n".join([introduction, *(_section(backend) for backend in BACKENDS if _file(backend).exists())])


def _file(backend: str) -> Path:
    return DATA / f"{backend}.json"


def _section(backend: str) -> str:
    record = json.loads(_file(backend).read_text(encoding="utf-8"))
    body = [
        (f"`{part}`", *(_cell(check, record["parts"].get(part, {}).get(check)) for check in CHECKS)) for part in names()
    ]
    packages = ", ".join(f"{name} {number}" for name, number in record["packages"].items())
    about = f"Python {record['python']}, {packages}."
    return f"## {BACKENDS[backend]}\n\n{about}\n\n{pipe_table(('part', *CHECKS), body)}\n"


def names() -> Iterator[str]:
    """The rows: quantizers family by family, then layers."""
    for family in FAMILIES:
        yield from (row.alias for row in QUANTIZERS if row.family == family)
    yield from layers.__all__


def _cell(check: str, outcome: float | str | None) -> str:
    if outcome is None:
        return "-"
    if outcome == "failed":
        return "**fails**"
    if check not in _OF_NUMBERS:
        return "yes"
    return "equal" if outcome == 0 else f"{outcome:.0e}"


def main(backends: list[str]) -> None:
    for backend in backends:
        measure(backend)
    write_text(PAGE, page())


if __name__ == "__main__":
    main(sys.argv[1:])
