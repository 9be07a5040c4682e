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
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path, filter="data")
    source = tmp_path / archive.name.removesuffix(".tar.gz")
    install(source, "--target", tmp_path / "site", PATH="")
    assert files_of(tmp_path / "site") == files_of(site)
    assert {*source.glob("larq_focal/delegate/**/*.cc")}, "what the delegate is compiled from"
