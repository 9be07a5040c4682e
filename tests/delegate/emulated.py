"""Runs models with every kernel of this processor: what ``test_arm64`` starts in the emulated Python.

    python -m tests.delegate.emulated INPUTS.npz OUTPUTS.npz

INPUTS holds "<case>/model" (the content of a file) and "<case>/input<i>"; OUTPUTS gets "<kernel>/<case>/output<i>".
"""

from __future__ import annotations

import sys

import numpy as np

from larq_focal import delegate
from tests.delegate.engines import WithDelegate


def main() -> None:
    inputs_path, outputs_path = sys.argv[1:]
    arrays = dict(np.load(inputs_path))
    outputs = {}
    for name in [key.removesuffix("/model") for key in arrays if key.endswith("/model")]:
        content = arrays[f"{name}/model"].tobytes()
        inputs = [array for key, array in arrays.items() if key.startswith(f"{name}/input")]
        for kernel in delegate.kernels():
            # XNNPACK's sums differ from one processor to another in the last bit, which flips signs.
            results = WithDelegate(content, xnnpack=False, kernel=kernel).run(*inputs)
            outputs |= {f"{kernel}/{name}/output{i}": array for i, array in enumerate(results)}
    np.savez(outputs_path, **outputs)


if __name__ == "__main__":
    main()
