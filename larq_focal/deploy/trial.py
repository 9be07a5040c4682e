"""A first inference in a process of its own, so that the crash of an engine is an error: for files from strangers."""

from __future__ import annotations

import signal
import subprocess
import tempfile
from pathlib import Path

from larq_focal.child import environment, own_lines, python_command
from larq_focal.deploy.engines import EngineError
from larq_focal.network.tflite.flat_model import FlatModel

_WORKER = "larq_focal.deploy.trial_worker"
_SECONDS = 120
_RAN, _REFUSED = 0, 1


def try_apart(model: FlatModel, threads: int, engine: str, timeout_s: float = _SECONDS) -> None:
    """Loads a model in another process and runs it once on random input.

    It costs the start of a Python process, and tells of crashes only: what an engine computes without right to it, and
    without a crash, stays unseen.

    Args:
        model: the file.
        threads: how many the engine may use.
        engine: the name of the engine.
        timeout_s: how long it may take.

    Raises:
        EngineError: the engine refused the model, crashed on it, or did not come to an end.
    """
    with tempfile.TemporaryDirectory(prefix="larq_focal-") as folder:
        path = Path(folder, "model.tflite")
        path.write_bytes(model.content)
        command = python_command(_WORKER, str(path), str(threads), engine)
        try:
            done = subprocess.run(command, env=environment(), capture_output=True, timeout=timeout_s, check=False)
        except subprocess.TimeoutExpired:
            raise EngineError(
                f"'{model.name}' was tried on the engine '{engine}' in a process of its own, and had not finished "
                f"after {timeout_s:g} s."
            ) from None
    if done.returncode == _RAN:
        return
    printed = "\n".join(own_lines(done.stderr.decode(errors="replace")))
    if done.returncode == _REFUSED:
        raise EngineError(printed.replace("'model'", f"'{model.name}'"))
    number = -done.returncode
    cause = signal.Signals(number).name if number in signal.valid_signals() else f"exit code {done.returncode}"
    raise EngineError(
        f"'{model.name}' crashes the engine '{engine}' ({cause}): the file is damaged, or was made to do harm. It was "
        "tried in a process of its own; do not run it."
    )
