"""What is changed in Larq is what the list of patches says, and nothing else is."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from larq_focal import layers, quantizers  # noqa: F401 (importing them applies the patches)
from larq_focal.nn.keras2.larq_patches import PATCHES, apply_patches
from tests.support.modules import PACKAGE, modules_in
from tests.support.processes import output_of

LISTED = ["larq.context.quantized_scope", "larq.layers_base._is_binary", "larq.utils.patch_object"]
FOREIGN = {"keras", "larq", "tensorflow", "tf", "tf_keras"}


def names() -> list[str]:
    return sorted(f"{patch.module.__name__}.{patch.name}" for patch in PATCHES)


def test_the_patches_are_these_and_each_says_why():
    assert names() == LISTED
    for patch in PATCHES:
        assert len(patch.reason.split()) > 5
        assert str(patch) == f"{patch.module.__name__}.{patch.name}: {patch.reason}"


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.name)
def test_each_is_in_its_place_however_often_it_is_applied(patch):
    assert getattr(patch.module, patch.name) is patch.replacement
    apply_patches()
    assert getattr(patch.module, patch.name) is patch.replacement


@pytest.mark.slow
@pytest.mark.parametrize("package", ["quantizers", "layers", "zoo.registry"])
def test_importing_changes_in_larq_what_is_listed_and_nothing_in_keras(package):
    """Compares what every module and class held before with what it holds after."""
    code = f"""
        import importlib, sys
        import larq
        from larq import context, layers_base, utils

        def content():
            found = {{}}
            for module in list(sys.modules.values()):
                if getattr(module, "__name__", "").partition(".")[0] in ("larq", "tf_keras"):
                    for name, value in list(vars(module).items()):
                        found[module.__name__, name] = value
                        if isinstance(value, type) and value.__module__ == module.__name__:
                            for part, held in list(vars(value).items()):
                                found[module.__name__, f"{{name}}.{{part}}"] = held
            return found

        before = content()
        importlib.import_module("larq_focal.{package}")
        after = content()
        changed = [place for place in before if after.get(place) is not before[place]]
        print("changed:", *sorted(".".join(place) for place in changed if not place[1].startswith("__")))
        """
    assert output_of(code, TF_USE_LEGACY_KERAS="1").splitlines()[-1].split()[1:] == LISTED


FOR_A_MOMENT = Path("network/keras/keras3/traced.py")
"""It lets variables of Keras 3 meet symbolic tensors while a function is traced, and undoes that."""


def changed_in(tree: ast.AST) -> set[str]:
    """The names of which a file changes an attribute or an item: ``larq`` for ``larq.utils.patch_object = ...``."""
    targets = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del)
    ]
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    targets += [call.args[0] for call in calls if ast.unparse(call.func) in ("setattr", "delattr")]
    return {root(target) for target in targets}


def root(target: ast.expr) -> str:
    while isinstance(target, ast.Attribute | ast.Subscript):
        target = target.value
    return target.id if isinstance(target, ast.Name) else ""


def test_nothing_else_in_the_package_changes_larq_keras_or_tensorflow():
    for file in modules_in(PACKAGE).values():
        if file.relative_to(PACKAGE) == FOR_A_MOMENT:
            continue
        assert not changed_in(ast.parse(file.read_text(encoding="utf-8"))) & FOREIGN, file


@pytest.mark.parametrize(
    "line",
    ["larq.math.sign = f", "a, larq.b = f", "del keras.x", "setattr(tf, 'x', f)", "tf.a.b += 1", "larq.a[0] = f"],
)
def test_such_a_change_would_be_seen(line):
    assert changed_in(ast.parse(line)) & FOREIGN
