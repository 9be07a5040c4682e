"""A Python for 64-bit ARM with NumPy and LiteRT, which runs under emulation: what the device part is tested in.

    python -m tools.arm64_python [FOLDER]

Run it from the repository on Debian or Ubuntu for x86-64, with the packages qemu-user-static and
debian-archive-keyring. It fills FOLDER, by default .arm64, with Debian's Python and with wheels, about 250 MB; the
host's own packages are left as they are. What is there already is not fetched again.

Emulation shows whether results are right. Its time says nothing about a device.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent.parent / ".arm64"
PYTHON_VERSION = "3.11"  # of Debian 12
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
SOURCE = f"deb [arch=arm64 signed-by={KEYRING}] http://deb.debian.org/debian bookworm main\n"
DEBIAN_PACKAGES = (
    *("python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib"),
    *("libc6", "libgcc-s1", "libstdc++6", "libatomic1", "zlib1g", "libbz2-1.0", "liblzma5"),
    *("libexpat1", "libffi8", "libssl3", "libuuid1", "libsqlite3-0"),
)
# LiteRT 2.2 and 2.3 end in a segmentation fault under qemu 7.2 as soon as an interpreter is made.
REQUIREMENTS = ("ai-edge-litert==2.1.6", "flatbuffers==25.12.19", "numpy==1.26.4")
PLATFORMS = ("manylinux2014_aarch64", *(f"manylinux_2_{minor}_aarch64" for minor in range(17, 37)))  # glibc 2.36
EMULATOR = "qemu-aarch64-static"
TOOLS = {  # programs and files, by the Debian package that brings them
    "apt": "apt-get",
    "dpkg": "dpkg",
    "qemu-user-static": EMULATOR,
    "debian-archive-keyring": KEYRING,
}


class Arm64Unavailable(RuntimeError):
    """The emulated Python cannot be set up here; the message says why."""


@dataclass(frozen=True)
class Arm64Python:
    """A Python for aarch64 in ``folder``, as ``set_up`` leaves it."""

    folder: Path

    def run(
        self, *arguments: str | Path, packages: Sequence[Path] = (), processor: str = "max", timeout_s: float = 600
    ) -> str:
        """Runs Python under emulation.

        Args:
            arguments: of the interpreter.
            packages: folders to import from, before the wheels of ``folder``.
            processor: what is emulated, such as "cortex-a72"; "max" has all that the emulator knows.
            timeout_s: how long it may take.

        Returns:
            What it printed.

        Raises:
            subprocess.CalledProcessError: it failed; its own message is in ``stderr``.
            subprocess.TimeoutExpired: it took too long.
        """
        root = self.folder / "root"
        path = os.pathsep.join(map(str, [*packages, self.folder / "site"]))
        command = [
            EMULATOR,
            "-cpu",
            processor,
            "-L",
            root,
            root / "usr/bin" / f"python{PYTHON_VERSION}",
            "-P",
            *arguments,
        ]
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": path,
            "PYTHONDONTWRITEBYTECODE": "1",
            "LANG": "C.UTF-8",
        }
        finished = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True, timeout=timeout_s
        )
        return finished.stdout

    def install(self, wheel: Path, folder: Path) -> None:
        """Unpacks a wheel into ``folder`` without what it depends on; pip refuses one for another platform."""
        _pip_install(folder, "--no-deps", wheel)


def missing_packages() -> list[str]:
    """Debian packages that an emulated Python takes and that are not installed."""
    return [package for package, tool in TOOLS.items() if shutil.which(tool) is None and not Path(tool).exists()]


def set_up(folder: Path = FOLDER) -> Arm64Python:
    """The emulated Python in ``folder``, which is filled with what it lacks.

    Raises:
        Arm64Unavailable: a tool is missing, or something cannot be fetched.
    """
    if missing := missing_packages():
        raise Arm64Unavailable(f"An emulated aarch64 takes the Debian packages {', '.join(missing)}.")
    recipe = "\n".join([SOURCE, *DEBIAN_PACKAGES, *REQUIREMENTS])
    written = folder / "recipe"
    if not written.exists() or written.read_text() != recipe:
        for part in ("root", "site"):
            shutil.rmtree(folder / part, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        written.write_text(recipe)
    steps = {"debs": _fetch_debian_packages, "root": _unpack_debian_packages, "site": _install_requirements}
    try:
        for name, step in steps.items():
            if (folder / name).exists() or (name == "debs" and (folder / "root").exists()):
                continue
            part = folder / f"{name}.part"
            part.mkdir(exist_ok=True)
            step(part)
            part.rename(folder / name)
    except subprocess.CalledProcessError as error:
        lines = (error.stderr or error.stdout or "").strip().splitlines() or [str(error)]
        raise Arm64Unavailable(f"The aarch64 Python cannot be set up: {lines[-1]}") from error
    shutil.rmtree(folder / "debs", ignore_errors=True)
    return Arm64Python(folder)


def _fetch_debian_packages(folder: Path) -> None:
    """With package lists of their own, so that no rights are needed and the host's lists stay as they are."""
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "sources.list").write_text(SOURCE)
    (folder / "status").touch()
    options = {
        "APT::Architecture": "arm64",
        "APT::Architectures": "arm64",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Dir::State": folder,
        "Dir::State::lists": folder / "lists",
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder / "cache",
        "Dir::Etc::SourceList": folder / "sources.list",
        "Dir::Etc::SourceParts": "/dev/null",
    }
    apt_get = ["apt-get", "-q", *(f"-o{name}={value}" for name, value in options.items())]
    _run([*apt_get, "update"])
    _run([*apt_get, "download", *DEBIAN_PACKAGES], cwd=folder)


def _unpack_debian_packages(folder: Path) -> None:
    for package in sorted((folder.parent / "debs").glob("*.deb")):
        _run(["dpkg", "-x", package, folder])


def _install_requirements(folder: Path) -> None:
    _pip_install(folder, *REQUIREMENTS)


def _pip_install(folder: Path, *arguments: str | Path) -> None:
    target = ["--target", folder, "--upgrade", "--python-version", PYTHON_VERSION, "--only-binary=:all:"]
    platforms = [f"--platform={platform}" for platform in PLATFORMS]
    _run([sys.executable, "-m", "pip", "install", "--quiet", *target, *platforms, *arguments])


def _run(command: Sequence[str | Path], **settings) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, **settings)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    try:
        python = set_up(parser.parse_args().folder.absolute())
    except Arm64Unavailable as error:
        sys.exit(str(error))
    script = "import platform, numpy, ai_edge_litert.interpreter; print(platform.machine(), numpy.__version__)"
    print(f"{python.folder}: {python.run('-c', script).strip()}")


if __name__ == "__main__":
    main()
