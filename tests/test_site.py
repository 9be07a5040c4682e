"""The documentation builds as a site without a warning, and the site has every page and every public name."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import larq_focal as lqf
from tests.support.processes import ROOT

PACKAGES = {"compress", "layers", "quantizers", "training"}
"""Packages whose page has all of their names."""


def build(folder: Path) -> subprocess.CompletedProcess:
    """Builds the site of a folder that has ``docs`` of its own."""
    shutil.copy(ROOT / "mkdocs.yml", folder)  # a link would lead to the folder where it is
    os.symlink(ROOT / "larq_focal", folder / "larq_focal")
    command = [sys.executable, "-m", "zensical", "build", "--strict"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "docs", folder / "docs")
    done = build(folder)
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    assert "No issues found" in told and "griffe" not in told, told
    return folder / "site"


def test_every_page_has_one_place_in_the_navigation():
    placed = re.findall(r"^ +- (?:\w+: )?([\w/]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.M)
    pages = [str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")]
    assert sorted(placed) == sorted(pages)


@pytest.mark.slow
def test_every_page_is_there(site):
    pages = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    assert pages <= {path.relative_to(site) for path in site.rglob("*.html")}


@pytest.mark.slow
def test_every_public_name_has_its_place(site):
    reference = "".join(path.read_text(encoding="utf-8") for path in (site / "api").glob("*.html"))
    names = {name for name in lqf.__all__ if callable(getattr(lqf, name))}
    assert not {name for name in names if not has_heading(reference, name)}
    for package in PACKAGES:
        page = (site / f"api/{package}.html").read_text(encoding="utf-8")
        classes = {
            name for name in getattr(lqf, package).__all__ if isinstance(getattr(getattr(lqf, package), name), type)
        }
        assert not {name for name in classes if not has_heading(page, name)}


def has_heading(page: str, name: str) -> bool:
    return re.search(rf'<h\d[^>]* id="larq_focal\.(?:\w+\.)*{name}"', page) is not None


@pytest.mark.slow
def test_nothing_comes_from_other_servers(site):
    loaded = re.compile(
        r"<(?:script|img)[^>]* src=\"?https?:|<link[^>]* rel=\"?(?:stylesheet|preconnect)\"?[^>]*https?:"
    )
    assert not [path for path in site.rglob("*.html") if loaded.search(path.read_text(encoding="utf-8"))]


@pytest.mark.slow
def test_a_broken_link_is_an_error(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/index.md").write_text("[nowhere](missing.md)\n")
    done = build(tmp_path)
    assert done.returncode != 0 and "page does not exist" in done.stderr
