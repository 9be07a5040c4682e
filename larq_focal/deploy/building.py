"""How an engine's interpreter is made: one at a time, and with the reason where it cannot be made."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from larq_focal import delegate
from larq_focal.stderr import held_stderr, held_text, write_stderr

if TYPE_CHECKING:
    from larq_focal.network.tflite.flat_model import FlatModel

_one_build = threading.RLock()
"""Held while an interpreter is built, so that what is printed meanwhile belongs to it."""


_LOG_LINES = ("INFO: ", "WARNING: ", "ERROR: ")
"""How the lines begin that interpreters print; of one that was built, they are of no interest."""


_UNRELATED = re.compile(r"INFO:|\w+: \[(npu_registry|litert_dispatch|dispatch_delegate)\.cc")
"""How lines begin that do not say why an engine could not be made; those of other processors are printed each time."""


_ADVICE = {
    "edgetpu-custom-op": "The file was compiled for an Edge TPU: run the .tflite file that it was compiled from.",
    "Flex": "Operations with Flex in front are TensorFlow's own: convert the model without SELECT_TF_OPS.",
}
"""By how the name of a custom operation begins."""


class EngineError(RuntimeError):
    """An engine cannot run a model; the message says why and what to do."""


def delegate_library() -> Path:
    """The file of the delegate.

    Raises:
        EngineError: it was not compiled.
    """
    try:
        return delegate.library_path()
    except delegate.DelegateMissing as error:
        raise EngineError(str(error)) from error


def _foreign(model: FlatModel) -> Iterator[str]:
    """What to say of custom operations that are not those of Larq Compute Engine, where a model does not load."""
    known = (*model.binary_operations, *model.few_bit_operations)
    kinds = [kind for kind in model.custom_operations if kind not in known]
    if not kinds:
        return
    operations = "operation" if len(kinds) == 1 else "operations"
    yield f"it has the custom {operations} {', '.join(kinds)}, which not every engine knows."
    yield from (advice for start, advice in _ADVICE.items() if any(kind.startswith(start) for kind in kinds))


def built(engine: str, model: FlatModel, build: Callable[[], Any]) -> Any:
    """The interpreter that ``build`` makes, or an error with what its C++ code printed before it gave up."""
    with _one_build:
        failure = None
        with held_stderr() as file:
            try:
                interpreter = build()
            except (RuntimeError, ValueError) as error:
                failure = error
            printed = held_text(file).splitlines()
    if failure is not None:
        reasons = " ".join(
            [*_foreign(model), *(line for line in printed if not _UNRELATED.match(line)), str(failure).strip()]
        )
        raise EngineError(f"{engine} cannot load '{model.name}': {reasons}") from failure
    write_stderr("".join(f"{line}\n" for line in printed if not line.startswith(_LOG_LINES)))  # of other threads
    return interpreter
