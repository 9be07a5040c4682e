"""How much memory a network takes: the growth of a process of its own, while it prepares and while it infers.

Linux only, which tells in /proc/self/status.
"""

from __future__ import annotations

import gc
import json
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from larq_focal.child import environment, own_lines, python_command
from larq_focal.deploy.runtime import EngineError, Runtime
from larq_focal.deploy.sysfiles import fields
from larq_focal.network.tflite.flatbuffer import FlatModel
from larq_focal.text import bytes_text

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_RESET_PEAK = "5"  # https://docs.kernel.org/filesystems/proc.html: the peak becomes what is resident now


@dataclass(frozen=True)
class Memory:
    """Growth of the resident memory at its peak, without code that is paged in from files.

    ``preparation_bytes`` is what the engine takes to load the model: packed weights above all, the file's own bytes not
    included. ``inference_bytes`` is what the first inference takes on top: activations and scratch.
    """

    preparation_bytes: int
    inference_bytes: int

    @property
    def total_bytes(self) -> int:
        return self.preparation_bytes + self.inference_bytes

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> Memory:
        return cls(int(record["preparation_bytes"]), int(record["inference_bytes"]))

    def __str__(self) -> str:
        return (
            f"Memory at its peak: {bytes_text(self.inference_bytes)} for an inference, "
            f"{bytes_text(self.preparation_bytes)} for the prepared model"
        )


def peak_memory(model: FlatModel, *, threads: int = 1, engine: str) -> Memory | None:
    """Measures a network in a process of its own.

    Args:
        model: the network.
        threads: how many the engine may use.
        engine: see ``Runtime``.

    Returns:
        The growth, or None on a system other than Linux.

    Raises:
        EngineError: the network does not run there.
    """
    if not _STATUS.exists():
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.tflite")
        path.write_bytes(model.content)
        options = json.dumps({"threads": threads, "engine": engine})
        command = python_command(__package__, "memory", str(path), options)
        done = subprocess.run(command, env=environment(), capture_output=True, text=True)
    if done.returncode != 0:
        reason = (own_lines(done.stderr) or [f"exit code {done.returncode}"])[-1]
        raise EngineError(f"'{model.name}' cannot be run for a measurement of its memory: {reason}")
    return Memory(**json.loads(done.stdout))


def memory_here(model: str | Path, *, threads: int, engine: str) -> Memory:
    """The growth of this process by a network, which should be the first that it runs. Arguments as ``peak_memory``."""
    content = Path(model).read_bytes()
    with suppress(ImportError):
        import_module("ai_edge_litert.interpreter")  # the library is not part of the model
    gc.collect()
    prepared = Growth()
    runtime = Runtime(content, threads=threads, engine=engine)
    preparation_bytes = prepared.peak_bytes()
    infer = runtime.prepare()
    inferred = Growth()
    infer()
    return Memory(preparation_bytes, inferred.peak_bytes())


class Growth:
    """The peak of this process's own memory from now on, above what it has now."""

    def __init__(self):
        with suppress(OSError):  # the peak then is that since the process began, an upper bound
            _CLEAR.write_text(_RESET_PEAK)
        self._before = _resident_bytes()

    def peak_bytes(self) -> int:
        now = _resident_bytes()
        from_files = now["RssFile"] - self._before["RssFile"]
        return max(0, now["VmHWM"] - self._before["VmRSS"] - from_files)


def _resident_bytes() -> dict[str, int]:
    status = fields(_STATUS)
    return {name: 1024 * int(status[name].split()[0]) for name in ("VmRSS", "VmHWM", "RssFile")}
