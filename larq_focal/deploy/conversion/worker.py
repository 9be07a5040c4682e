"""Runs Larq Compute Engine's converter in this process, which may crash:

    python -m larq_focal.deploy.conversion.worker SAVED_MODEL OUT  (by ``larq_focal.child``)

It calls what ``larq_compute_engine.convert_saved_model`` of version 0.16 calls, without importing TensorFlow. An
exception ends the process with exit code 1; its message is the last line on the standard error stream.
"""

from __future__ import annotations

import sys
from pathlib import Path

from larq_focal.deploy.lce_extension import lce_extension

_TAGS = ["serve"]
_SIGNATURES = ["serving_default"]
_SAVED_MODEL_VERSION = 1
_TARGET = "arm"


def main(saved_model: str, out: str) -> int:
    """Converts the folder ``saved_model`` into the file ``out`` and returns the exit code."""
    converter = lce_extension("mlir._tf_tfl_flatbuffer")
    try:
        content = converter.convert_saved_model_to_tflite_flatbuffer(
            saved_model, _TAGS, _SIGNATURES, _SAVED_MODEL_VERSION, _TARGET, None
        )
    except Exception as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    Path(out).write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
