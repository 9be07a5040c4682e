"""The source archive that `make wheels` writes installs like the repository itself."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from tests.install.environments import install
from tools.wheels import build_source_archive

pytestmark = pytest.mark.slow


def files_of(site: Path) -> set[str]:
    return {str(path.relative_to(site)) for path in site.glob("larq_focal/**/*") if path.suffix != ".pyc"}


def test_it_installs_the_same_files(site, tmp_path):
    archive = build_source_archive(tmp_path / "dist")
    install(archive, "--target", tmp_path / "site", PATH="")
    assert files_of(tmp_path / "site") == files_of(site)
    with tarfile.open(archive) as opened:
        names = [name for name in opened.getnames() if "larq_focal/delegate/" in name and name.endswith(".cc")]
    assert names, "what the delegate is compiled from"
