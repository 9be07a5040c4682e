"""What some tests need beside Python packages. Where it is missing they are skipped, and the run says what to install.

With pytest's option --require-all such tests fail instead.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import NoReturn

import pytest

OPTION = "--require-all"
_INSTALL = "apt-get install "
_is_all_required = False


def configure(is_all_required: bool) -> None:
    global _is_all_required
    _is_all_required = is_all_required


def require(missing: Collection[str]) -> None:
    """Skips the running test unless ``missing``, names of Debian packages, is empty."""
    if missing:
        skip(f"{_INSTALL}{' '.join(sorted(missing))}")


def skip(reason: str) -> NoReturn:
    """Skips the running test because this system lacks something."""
    if _is_all_required:
        pytest.fail(f"{OPTION}: {reason}", pytrace=False)
    pytest.skip(reason)


def summary(reasons: Iterable[str]) -> str | None:
    """One line on the tests that were skipped for want of packages, by the reasons that pytest gives."""
    lists = [found[1].split() for reason in reasons if (found := re.search(rf"{_INSTALL}(.*)", reason))]
    if not lists:
        return None
    packages = " ".join(sorted({name for names in lists for name in names}))
    return f"Skipped {len(lists)} tests for want of programs. To run them too, on Debian: {_INSTALL}{packages}"
