"""The build backend: that of setuptools, which gets a C++ compiler from ziglang where the system has none.

The variable LARQ_FOCAL_BUILD_FOR, such as "linux-aarch64", asks for a wheel for another platform.
"""

from __future__ import annotations

import os

from setuptools import build_meta
from setuptools.build_meta import *  # noqa: F403  the hooks that stay as they are

from tools.compiler import ZIG_PACKAGE, needs_zig

if "LARQ_FOCAL_BUILD_FOR" in os.environ:
    # Python's own variable, set here so that only the build sees it: pip would fetch a compiler that runs there.
    os.environ["_PYTHON_HOST_PLATFORM"] = os.environ["LARQ_FOCAL_BUILD_FOR"]


def get_requires_for_build_wheel(config_settings=None) -> list[str]:
    return build_meta.get_requires_for_build_wheel(config_settings) + _compilers()


def get_requires_for_build_editable(config_settings=None) -> list[str]:
    return build_meta.get_requires_for_build_editable(config_settings) + _compilers()


def _compilers() -> list[str]:
    return [ZIG_PACKAGE] if needs_zig() else []
