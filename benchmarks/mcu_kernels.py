"""Instructions of a product on emulated microcontrollers, layer by layer: plain kernels, and those of the target.

    python -m benchmarks.mcu_kernels [MICROCONTROLLER ...]

Run it from the repository with a cross compiler and an emulator (Debian: gcc-arm-none-eabi, qemu-system-arm,
gcc-riscv64-unknown-elf, qemu-system-misc). Each layer is run on one drawn image, its outputs are held against the
interpreter, and what the same network takes without the layer is taken off. The counts are exact and the same on every
machine with the same compilers.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from larq_focal.mcu.emulator import MICROCONTROLLERS
from larq_focal.network import QuantGraph, interpret
from tests.mcu.emulated_program import emulate
from tests.mcu.networks import Chain, samples


def layers() -> dict[str, tuple[Chain, str]]:
    """Networks that end in a layer of interest, with the name of the value before it."""
    image, ternary = (16, 16, 32), (-1, 0, 1)
    padded = {"padding": "same", "pad_value": 1.0}
    nibbles = Chain("few bits", image).levels("q", range(16), np.arange(1, 16) * 16 + 0.5)
    return {
        "signs x signs, 3x3, 32 to 32, to signs": (_signs(image).conv("c", 32, **padded).sign("s1"), "s"),
        "signs x signs, 3x3, 32 to 8, to signs": (_signs(image).conv("c", 8, **padded).sign("s1"), "s"),
        "signs x signs, 3x3, 32 to 32, sums": (_signs(image).conv("c", 32, **padded), "s"),
        "signs x -1, 0, 1, 3x3, 32 to 32, sums": (_signs(image).conv("c", 32, codes=ternary, **padded), "s"),
        "4 bits x signs, 3x3, 32 to 32, sums": (nibbles.conv("c", 32), "q"),
        "pixels x signs, 5x5, 1 to 32, sums": (Chain("pixels", (28, 28, 1)).conv("c", 32, size=(5, 5)), "image"),
        "signs x signs, dense, 2048 to 64, sums": (_signs((8, 8, 32)).flat().dense("d", 64), "flat"),
    }


def _signs(shape: tuple[int, ...]) -> Chain:
    return Chain("signs", shape).sign("s", 127.5)


def products(graph: QuantGraph) -> int:
    """Multiply-accumulates of the last layer."""
    layer = next(op for op in reversed([*graph]) if hasattr(op, "kernel"))
    return int(np.prod(layer.shape[:-1], dtype=np.int64) * np.prod(layer.kernel.shape))


def instructions(chain: Chain, before: str, name: str, target: str | None) -> float:
    """Instructions of a product."""
    graph, inputs = chain.graph(), samples(chain.graph(), 1)
    with tempfile.TemporaryDirectory() as folder:
        whole = emulate(graph, inputs, name, Path(folder) / "whole", target)
        np.testing.assert_array_equal(whole.output, interpret(graph, inputs, graph.outputs)[graph.outputs[0]])
        rest = 0
        if before != "image":
            kept = [op.name for op in graph].index(before) + 1
            part = QuantGraph("before", [*graph][:kept], [before])
            rest = emulate(part, inputs, name, Path(folder) / "rest", target).instructions
    return (whole.instructions - rest) / products(graph)


def main(names: list[str]) -> None:
    for name in names or MICROCONTROLLERS:
        print(f"{name}: instructions of a product, plain and for the target")
        for title, (chain, before) in layers().items():
            plain, own = (instructions(chain, before, name, target) for target in ("generic", None))
            print(f"  {title:40} {plain:7.3f} {own:7.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
