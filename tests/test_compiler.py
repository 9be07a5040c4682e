"""Which compiler the delegate is built with, on systems that have one or none."""

from __future__ import annotations

import sysconfig

import pytest
from setuptools import build_meta

from tools import build_backend, compiler
from tools.compiler import ZIG_PACKAGE


@pytest.fixture(autouse=True)
def system(monkeypatch, tmp_path):
    """One without a compiler; tests put programs into the folder that it gives, the only one on the path."""
    compiler.system_compiler.cache_clear()
    for name in ("CXX", "_PYTHON_HOST_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sysconfig, "get_platform", lambda: "linux-x86_64")
    for kind in ("wheel", "editable"):
        monkeypatch.setattr(build_meta, f"get_requires_for_build_{kind}", lambda settings: [])
    yield tmp_path
    compiler.system_compiler.cache_clear()


def program(path, script: str) -> str:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def requirements() -> list[str]:
    """Those of a wheel, and of an editable one, beside setuptools' own."""
    wheel = build_backend.get_requires_for_build_wheel()
    assert build_backend.get_requires_for_build_editable() == wheel
    return wheel


def test_without_a_compiler_the_build_takes_ziglang(system):
    assert compiler.system_compiler() is None
    assert requirements() == [ZIG_PACKAGE]


def test_a_compiler_that_works_is_enough(system):
    program(system / "c++", "exit 0")
    assert compiler.compiler() == compiler.system_compiler() == ("c++",)
    assert requirements() == []


def test_one_that_fails_is_passed_over(system):
    program(system / "c++", "exit 1")
    assert requirements() == [ZIG_PACKAGE]
    compiler.system_compiler.cache_clear()
    program(system / "clang++", "exit 0")
    assert compiler.system_compiler() == ("clang++",)


def test_the_variable_counts_alone_and_may_hold_options(system, monkeypatch):
    program(system / "c++", "exit 0")
    monkeypatch.setenv("CXX", f"{program(system / 'mine', 'exit 0')} -m64")
    assert compiler.system_compiler() == (str(system / "mine"), "-m64")
    compiler.system_compiler.cache_clear()
    monkeypatch.setenv("CXX", "missing")
    assert requirements() == [ZIG_PACKAGE]


def test_compilers_of_this_system_do_not_compile_for_another(system, monkeypatch):
    program(system / "c++", "exit 0")
    monkeypatch.setenv("_PYTHON_HOST_PLATFORM", "linux-aarch64")
    assert requirements() == [ZIG_PACKAGE]


@pytest.mark.parametrize(("platform", "target"), [("linux-x86_64", "x86_64"), ("linux-aarch64", "aarch64")])
def test_ziglang_compiles_for_the_platform_of_the_build(system, platform, target, monkeypatch):
    monkeypatch.setattr(sysconfig, "get_platform", lambda: platform)
    package = system / "ziglang"
    package.mkdir()
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(system)
    command = compiler.compiler()
    assert command[:4] == (str(package / "zig"), "c++", "-target", f"{target}-linux-gnu.2.17")


@pytest.mark.parametrize("platform", ["macosx-14.0-arm64", "win-amd64", "linux-riscv64"])
def test_platforms_that_were_not_tried_are_left_alone(platform, monkeypatch):
    monkeypatch.setattr(sysconfig, "get_platform", lambda: platform)
    assert requirements() == [] and compiler.compiler() is None
