"""Installing larq_focal without any compiler: all works but the delegate, which says what it takes."""

from __future__ import annotations

import os
from glob import glob

import pytest

from tests.support.lce_file import residual_network
from tests.support.processes import run_python
from tests.support.stacks import LCE
from tools.wheels import REPOSITORY


@pytest.mark.slow
def test_it_installs_and_imports_without_the_delegate(site):
    assert not list(site.rglob("*.so"))
    modules = "larq_focal/**/*.py"
    assert set(glob(modules, root_dir=site, recursive=True)) == set(glob(modules, root_dir=REPOSITORY, recursive=True))
    done = run_python(
        """
        import larq_focal, larq_focal.delegate
        from larq_focal import Runtime, time
        from tests.support.flatbuffers import relu_network
        print(larq_focal.__file__, larq_focal.delegate.is_built())
        print(Runtime(relu_network()).run([[-1.0, 0.0, 1.0, 2.0]]).tolist())
        """,
        PYTHONPATH=os.pathsep.join([str(site), str(REPOSITORY)]),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{site / 'larq_focal' / '__init__.py'} False", "[[0.0, 0.0, 1.0, 2.0]]"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("has_lce", "expected"),
    [
        pytest.param(True, "ran on lce", marks=LCE),
        (False, "- delegate: larq_focal was installed without its LiteRT delegate, because its build found no C++17"),
    ],
)
def test_a_binary_network_runs_on_lce_or_asks_for_a_compiler(has_lce, expected, site, tmp_path):
    (tmp_path / "model.tflite").write_bytes(residual_network(1, 4, 32))
    done = run_python(
        f"""
        import importlib.util, sys
        if not {has_lce}:
            find = importlib.util.find_spec
            importlib.util.find_spec = lambda name, *more: None if name == "larq_compute_engine" else find(name, *more)
        from larq_focal import Runtime
        print("ran on", Runtime(sys.argv[1]).engine)
        """,
        tmp_path / "model.tflite",
        PYTHONPATH=str(site),
    )
    assert expected in done.stdout + done.stderr
