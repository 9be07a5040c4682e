"""Files of unknown origin are opened in one place for each format, which checks them; nothing goes around it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.support.modules import PACKAGE, modules_in

READERS = {  # a call by its last names, and the modules that may make it
    "np.load": set(),
    "numpy.load": set(),
    "np.fromfile": set(),
    "numpy.lib.format.read_array": set(),
    "np.lib.format.read_array": set(),
    "pickle.load": set(),
    "pickle.loads": set(),
    "yaml.load": {"larq_focal.yaml_text"},
    "yaml.safe_load": set(),
    "yaml.full_load": set(),
    "yaml.unsafe_load": set(),
    "parse_yaml": {"larq_focal.yaml_file", "larq_focal.focal_plane.compiler.program_file"},
}


def calls_in(path: Path) -> set[str]:
    calls = (node.func for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
    return {ast.unparse(call) for call in calls}


@pytest.fixture(scope="module")
def calls() -> dict[str, set[str]]:
    return {name: calls_in(path) for name, path in modules_in(PACKAGE).items()}


@pytest.mark.parametrize("call", READERS)
def test_only_its_reader_opens_a_format(calls, call):
    assert {name for name, made in calls.items() if call in made} == READERS[call]


def test_a_call_is_found(tmp_path):
    (tmp_path / "module.py").write_text("import numpy as np\n\n\ndef function(path):\n    return dict(np.load(path))\n")
    assert calls_in(tmp_path / "module.py") == {"dict", "np.load"}
