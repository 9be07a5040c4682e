"""The build backend: that of setuptools, which gets a C++ compiler from ziglang where the system has none."""

from __future__ import annotations

from setuptools import build_meta
from setuptools.build_meta import *  # noqa: F403  the hooks that stay as they are

from tools.compiler import ZIG_PACKAGE, needs_zig


def get_requires_for_build_wheel(config_settings=None) -> list[str]:
    return build_meta.get_requires_for_build_wheel(config_settings) + _compilers()


def get_requires_for_build_editable(config_settings=None) -> list[str]:
    return build_meta.get_requires_for_build_editable(config_settings) + _compilers()


def _compilers() -> list[str]:
    return [ZIG_PACKAGE] if needs_zig() else []
