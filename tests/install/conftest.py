"""What the tests of this folder share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.install.environments import install_without_compiler


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """A folder that larq_focal was installed into, by pip, without a compiler."""
    return install_without_compiler(*(tmp_path_factory.mktemp(name) for name in ("site", "scratch")))
