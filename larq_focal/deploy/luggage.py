"""What goes to another machine so that a network can be timed there: Python files, the model, the delegate."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path
from typing import Any

from larq_focal import delegate
from larq_focal.delegate.sources import compile_command, source_files
from larq_focal.deploy.engines import AUTO
from larq_focal.network.tflite.flatbuffer import FlatModel

LIBRARY = "larq_focal/delegate/_litert_delegate.abi3.so"
_PACKAGE = Path(__file__).parents[1]
_ELF_MACHINES = {62: "x86_64", 183: "aarch64"}


class RemoteError(RuntimeError):
    """Nothing was timed on the other machine; the message says why and what to do."""


def packed(
    network: FlatModel, there: dict[str, Any], wheel: str | Path | None, host: str, engine: str = AUTO
) -> tuple[bytes, list[list[str]]]:
    """What is sent to another machine.

    Args:
        network: the network.
        there: what the machine said of itself: "machine", the file of an installed "delegate", a "compiler".
        wheel: a wheel of larq_focal for it.
        host: its name, for messages.
        engine: what runs the network there, see ``Runtime``.

    Returns:
        A gzipped tar archive, and the commands that it takes to prepare it there.

    Raises:
        RemoteError: no delegate can be had for that machine, or the wheel has none.
        OSError: the wheel cannot be read.
    """
    files = {_name(path): path.read_bytes() for path in _PACKAGE.rglob("*.py")}
    files[f"{network.name}.tflite"] = network.content
    commands: list[list[str]] = []
    if network.binary_operations or network.few_bit_operations or engine == "compiled":
        library = _from_wheel(wheel) if wheel else _own_library()
        sources = source_files(".cc", ".h")
        if library and _machine(library) == there["machine"]:
            files[LIBRARY] = library
        elif wheel:
            raise RemoteError(f"'{wheel}' is not for {there['machine']}, which '{host}' is.")
        elif there["delegate"]:
            commands.append(["cp", there["delegate"], LIBRARY])
        elif there["compiler"] and sources:
            files |= {_name(path): path.read_bytes() for path in sources}
            units = [_name(path) for path in sources if path.suffix == ".cc"]
            commands.append(compile_command([there["compiler"]], units, LIBRARY))
        else:
            raise RemoteError(
                f"'{network.name}' needs the delegate, and there is no delegate for {there['machine']}: build a wheel "
                f"(make wheels) and give it with --wheel, or install a C++ compiler on '{host}' (Debian: apt-get "
                "install g++)."
            )
    return _tar(files), commands


def _name(path: Path) -> str:
    return path.relative_to(_PACKAGE.parent).as_posix()


def _from_wheel(path: str | Path) -> bytes | None:
    try:
        with zipfile.ZipFile(path) as wheel:
            return wheel.read(LIBRARY)
    except (zipfile.BadZipFile, KeyError) as error:
        raise RemoteError(f"'{path}' is not a wheel of larq_focal with a delegate.") from error


def _own_library() -> bytes | None:
    return delegate.library_path().read_bytes() if delegate.is_built() else None


def _machine(library: bytes) -> str | None:
    """What the library is compiled for, by the ELF header: e_machine stands at byte 18."""
    return _ELF_MACHINES.get(int.from_bytes(library[18:20], "little")) if library[:4] == b"\x7fELF" else None


def _tar(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
