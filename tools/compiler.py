"""The C++ compiler that the delegate is built with: the system's, or else Clang from the package ziglang.

Zig's Clang brings its own C and C++ libraries. It compiles for the C library 2.17 and links the C++ library statically,
so that what it builds runs on Linux systems from 2014 on, and cross-compiles for aarch64.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path

ZIG_PACKAGE = "ziglang==0.17.*"
_ZIG_TARGETS = {"linux-x86_64": "x86_64-linux-gnu.2.17", "linux-aarch64": "aarch64-linux-gnu.2.17"}
_PROGRAM = '#include <string>\nextern "C" int length(const char* text) { return std::string(text).size(); }\n'


@cache
def system_compiler() -> tuple[str, ...] | None:
    """The command of the first compiler that makes a shared library of C++17, or None.

    Tried are the variable CXX, alone where it is set, else that which Python was compiled with, c++, g++ and clang++.
    """
    if "CXX" in os.environ:
        commands = [os.environ["CXX"]]
    elif "_PYTHON_HOST_PLATFORM" in os.environ:  # for another platform
        return None
    else:
        commands = [sysconfig.get_config_var("CXX") or "c++", "c++", "g++", "clang++"]
    return next(filter(_works, (tuple(shlex.split(command)) for command in commands)), None)


def needs_zig() -> bool:
    """Whether a build for this platform takes the package ziglang: no compiler works, and ziglang has one."""
    return system_compiler() is None and _zig_target() is not None


def compiler() -> tuple[str, ...] | None:
    """The command of the system's compiler, else of ziglang's if it is installed, else None."""
    found = system_compiler()
    target = _zig_target()
    package = find_spec("ziglang")
    if found is not None or target is None or package is None:
        return found
    return (str(Path(package.origin).with_name("zig")), "c++", "-target", target, "-s")


def _works(command: tuple[str, ...]) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "program.cc")
        source.write_text(_PROGRAM)
        words = [*command, "-std=c++17", "-shared", "-fPIC", source, "-o", source.with_suffix(".so")]
        try:
            return subprocess.run(words, capture_output=True).returncode == 0
        except OSError:
            return False


def _zig_target() -> str | None:
    """What Zig calls this platform, or None where its libraries would not be this Python's."""
    is_musl = "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or "")
    is_64_bit = sys.maxsize > 2**32
    return _ZIG_TARGETS.get(sysconfig.get_platform()) if is_64_bit and not is_musl else None
