"""Quantizers, layers and networks stand on the wall to Keras: none of them says TensorFlow, Keras or Larq itself."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.support.modules import PACKAGE

FRAMEWORKS = {"tensorflow", "tf_keras", "keras", "larq", "larq_zoo", "jax", "torch"}
FOLDERS = ("quantizers", "layers", "zoo", "training", "bench")
ABOVE = sorted(path for folder in FOLDERS for path in (PACKAGE / folder).rglob("*.py"))


def frameworks_of(text: str) -> set[str]:
    """What a module imports or names of Keras and its backends, but for what the wall offers."""
    found = set(re.findall(r"\b(tf)\.\w", "\n".join(line for line in text.splitlines() if "http" not in line)))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names} & FRAMEWORKS
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module.split(".")[0]} & FRAMEWORKS
            full = {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
            behind = ("larq_focal.keras", "larq_focal.nn.keras2", "larq_focal.nn.keras3")
            found |= {name for name in full if name.startswith(behind)}
    return found


@pytest.mark.parametrize("path", ABOVE, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_says_no_framework(path: Path):
    assert not frameworks_of(path.read_text(encoding="utf-8"))


def test_all_of_them_are_looked_at():
    names = {path.name for path in ABOVE}
    assert {"hysteresis.py", "lsq.py", "gumbel.py", "xnor_conv.py", "rprelu.py", "quicknet.py", "two_layer.py"} <= names
    assert len(ABOVE) > 50


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import tensorflow as tf\ny = tf.abs(1)", {"tensorflow", "tf"}),
        ("from tf_keras import layers", {"tf_keras"}),
        ("def function():\n    import larq.layers", {"larq"}),
        ("from larq_focal.keras import tf", {"larq_focal.keras", "larq_focal.keras.tf"}),
        ("from larq_focal.nn import keras2", {"larq_focal.nn.keras2"}),
        ("from larq_focal.nn import keras, ops", set()),
    ],
)
def test_every_way_to_say_one_is_found(text, found):
    assert frameworks_of(text) == found
