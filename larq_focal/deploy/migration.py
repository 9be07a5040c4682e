"""Saved models of Keras 2 and Larq as files of Keras 3; importing this loads no Keras."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from larq_focal._keras_version import CHOICE, is_keras_3
from larq_focal.child import environment, python_command
from larq_focal.files import existing
from larq_focal.network.keras.errors import MigrationError, UntrustedModelError

_SUFFIX = ".keras"
_ERRORS = {each.__name__: each for each in (MigrationError, UntrustedModelError, ValueError, ImportError, OSError)}
_FAILED = "larq_focal.migrate failed: "


def migrate(model: str | Path, path: str | Path, *, trust: bool = False) -> Path:
    """Writes a saved model of Keras 2 or Larq as a file of Keras 3, which computes the same.

    Layers and quantizers are translated class by class, functions of TensorFlow between the layers to those of
    ``keras.ops``; weights are taken over. The optimizer is left behind. Neither Larq nor TensorFlow is needed. Loading
    the new file takes ``import larq_focal`` before, so that Keras knows its quantized layers.

    Args:
        model: path of an ``.h5`` or ``.keras`` file.
        path: where the ``.keras`` file goes. A file that is there is replaced.
        trust: whether the file may name what is not known to be harmless, as for ``convert``.

    Returns:
        ``path``.

    Raises:
        FileNotFoundError: there is no such file.
        MigrationError: the model has something that Keras 3 does not have; the message names it.
        UntrustedModelError: loading it would run code, and ``trust`` is not given.
        ValueError: the file does not hold a model of Keras 2, or ``path`` does not end in ``.keras``.
    """
    source, path = existing(Path(model)), Path(path)
    if path.suffix != _SUFFIX:
        raise ValueError(f"'{path}' must end in {_SUFFIX}, by which Keras 3 knows its files.")
    if is_keras_3():
        from larq_focal.network.keras.migration.migrate import migrate_file

        migrate_file(source, path, trust)
    else:
        _in_a_process_of_keras_3(source, path, trust)
    return path


def _in_a_process_of_keras_3(source: Path, path: Path, trust: bool) -> None:
    """The same where this process has Keras 2, which a process has for good."""
    command = python_command(__name__, str(source), str(path), *(["trust"] if trust else []))
    done = subprocess.run(command, env=environment(**{CHOICE: "keras"}), capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return
    kind, _, message = done.stdout.rpartition(_FAILED)[2].partition("\n")
    raise _ERRORS.get(kind, RuntimeError)(message.strip() or done.stderr.strip())


def _main(source: str, path: str, *trust: str) -> int:
    try:
        migrate(source, path, trust=bool(trust))
    except tuple(_ERRORS.values()) as error:
        kind = next(name for name, cls in _ERRORS.items() if isinstance(error, cls))
        print(f"{_FAILED}{kind}\n{error}")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(_main(*sys.argv[1:]))
