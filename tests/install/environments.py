"""Virtual environments with chosen distributions alone, made without a package index."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution, PathDistribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.wheels import copy_sources


def install(source: Path, *options: str | Path, **environment: str) -> None:
    """Installs larq_focal from a copy of its sources, by pip, without its requirements."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    variables = {name: value for name, value in os.environ.items() if name not in ("CC", "CXX", "PYTHONPATH")}
    subprocess.run([*pip, *options, source], env=variables | environment, check=True)


def install_without_compiler(folder: Path, scratch: Path) -> Path:
    """Installs larq_focal into a folder, where no compiler is found: not even a shell's own search finds one."""
    copy_sources(scratch / "source")
    install(scratch / "source", "--target", folder, PATH="")
    return folder


def make_environment(folder: Path) -> Path:
    """A virtual environment with nothing in it, not even pip; returns its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder / "bin/python"


def packages_of(folder: Path) -> Path:
    """Where a virtual environment keeps its packages."""
    (packages,) = folder.glob("lib/python*/site-packages")
    return packages


def add_extra(folder: Path, site: Path, extra: str) -> list[str]:
    """Puts larq_focal, installed in ``site``, and what one of its extras requires into a virtual environment.

    larq_focal is copied. The files of what it requires are links to those that are installed for this Python, as an
    index may be out of reach; which distributions these are is told by their metadata alone.

    Returns:
        The names of the distributions that were added.
    """
    packages = packages_of(folder)
    shutil.copytree(site, packages, dirs_exist_ok=True)
    (metadata,) = site.glob("larq_focal-*.dist-info")
    required = _required(PathDistribution(metadata), [extra])
    for name in required:
        _link(distribution(name), packages)
    return required


def _required(start: Distribution, extras: Iterable[str]) -> list[str]:
    """The distributions that one needs with some extras, and those that they need."""
    found, waiting = set(), [(start, tuple(extras))]
    while waiting:
        one, extras = waiting.pop()
        for requirement in map(Requirement, one.requires or ()):
            marker, name = requirement.marker, canonicalize_name(requirement.name)
            wanted = marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras))
            if wanted and (name, *requirement.extras) not in found:
                found.add((name, *requirement.extras))
                waiting.append((distribution(name), tuple(requirement.extras)))
    return sorted({name for name, *_ in found})


def _link(one: Distribution, packages: Path) -> None:
    for file in one.files or ():
        if ".." not in file.parts and "__pycache__" not in file.parts:
            target = packages / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(one.locate_file(file))
