"""Saved models of Keras 2 and Larq as files of Keras 3; importing this loads no Keras."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from larq_focal._keras_version import CHOICE, Stack, is_keras_3
from larq_focal.child import environment, python_command
from larq_focal.files import existing
from larq_focal.network.keras.errors import MigrationError, UntrustedModelError
from larq_focal.network.load import check_folder, load_keras_model

_SUFFIX = ".keras"
_ERRORS = {each.__name__: each for each in (MigrationError, UntrustedModelError, ValueError, ImportError, OSError)}
_FAILED = "larq_focal.migrate failed: "


def migrate(model: str | Path, path: str | Path, *, trust: bool = False) -> Path:
    """Writes a saved model of Keras 2 or Larq as a file of Keras 3, which computes the same.

    Layers and quantizers are translated class by class, functions of TensorFlow between the layers to those of
    ``keras.ops``; weights are taken over. The optimizer is left behind. For files neither Larq nor TensorFlow is
    needed; a SavedModel is loaded with both, and so must be trusted. Loading the new file takes ``import larq_focal``
    before, so that Keras knows its quantized layers.

    Args:
        model: path of an ``.h5`` or ``.keras`` file, or of a SavedModel folder.
        path: where the ``.keras`` file goes. A file that is there is replaced.
        trust: whether the file may name what is not known to be harmless, as for ``convert``.

    Returns:
        ``path``.

    Raises:
        FileNotFoundError: there is no such file.
        ImportError: Larq's stack is not installed, and ``model`` is a SavedModel.
        MigrationError: the model has something that Keras 3 does not have; the message names it.
        UntrustedModelError: loading it would run code, and ``trust`` is not given.
        ValueError: the file does not hold a model of Keras 2, or ``path`` does not end in ``.keras``.
    """
    source, path = existing(Path(model)), Path(path)
    if path.suffix != _SUFFIX:
        raise ValueError(f"'{path}' must end in {_SUFFIX}, by which Keras 3 knows its files.")
    if not source.is_dir():
        _run("keras", _migrate_file, source, path, trust)
        return path
    check_folder(source)
    from larq_focal.network.keras.file import check_keras_file

    check_keras_file(source, trust=trust)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"{source.name}{_SUFFIX}")
        _run("larq", _save_as_file, source, file, trust)
        _run("keras", _migrate_file, file, path, trust)
    return path


def _migrate_file(source: Path, path: Path, trust: bool) -> None:
    from larq_focal.network.keras.migration.migrate import migrate_file

    migrate_file(source, path, trust)


def _save_as_file(source: Path, path: Path, trust: bool) -> None:
    load_keras_model(source, trust=trust).save(path)


_STEPS = {each.__name__: each for each in (_migrate_file, _save_as_file)}


def _run(stack: Stack, step: Callable[[Path, Path, bool], None], source: Path, path: Path, trust: bool) -> None:
    """Runs a step on a stack: in a process of its own where this one has the other, which a process has for good."""
    if is_keras_3() == (stack == "keras"):
        step(source, path, trust)
        return
    command = python_command(__name__, step.__name__, str(source), str(path), *(["trust"] if trust else []))
    done = subprocess.run(command, env=environment(**{CHOICE: stack}), capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return
    kind, _, message = done.stdout.rpartition(_FAILED)[2].partition("\n")
    raise _ERRORS.get(kind, RuntimeError)(message.strip() or done.stderr.strip())


def _main(step: str, source: str, path: str, *trust: str) -> int:
    try:
        _STEPS[step](Path(source), Path(path), bool(trust))
    except tuple(_ERRORS.values()) as error:
        kind = next(name for name, cls in _ERRORS.items() if isinstance(error, cls))
        print(f"{_FAILED}{kind}\n{error}")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(_main(*sys.argv[1:]))
