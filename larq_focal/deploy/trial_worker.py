"""Runs a model once in this process, which may crash:

    python -m larq_focal.deploy.trial_worker MODEL THREADS ENGINE

Where the engine refuses the model, the exit code is 1 and the standard error stream says why.
"""

from __future__ import annotations

import sys

import numpy as np

from larq_focal.deploy.engines import ENGINES, EngineError
from larq_focal.deploy.values import random_input
from larq_focal.network.tflite.flatbuffer import read_flatbuffer


def main(path: str, threads: str, engine: str) -> int:
    """Runs the file ``path`` on random input and returns the exit code."""
    model, random = read_flatbuffer(path), np.random.default_rng(0)
    try:
        ENGINES[engine](model, int(threads)).run([random_input(tensor, random) for tensor in model.inputs])
    except (EngineError, ImportError, RuntimeError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
