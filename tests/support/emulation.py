"""A Python for aarch64 under emulation, for the tests that need one."""

from __future__ import annotations

from tests.support.requirements import require, skip
from tools.arm64_python import Arm64Python, Arm64Unavailable, missing_packages, set_up


def emulated_python() -> Arm64Python:
    """It; the running test is skipped where there is none."""
    require(missing_packages())
    try:
        return set_up()
    except Arm64Unavailable as error:
        skip(str(error))
