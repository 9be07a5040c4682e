"""What a person must know to run an exported project."""

from __future__ import annotations

from collections.abc import Mapping

from larq_focal.focal_plane.compiler.compiled import Compiled
from larq_focal.focal_plane.export.tail import FixedTail
from larq_focal.network.ops import Linear

_TEXT = """# {network} on SCAMP-5

Written by larq_focal for the toolchain of the SCAMP-5 vision system. Such projects have been compiled and run against a
simulation of the maker's headers, and on no chip.

## Build

Make a new project of the SCAMP-5 software for the M0 core, and put these files beside each other as its sources:
`main.cpp`, `kernels.hpp`, `planes.hpp`, `support.hpp`{controller}. `main.cpp` is the only file to compile; it includes
the others. Nothing but `scamp5.hpp` is needed.

## Connect

- The image falls on rows 0 to {last_row} from the top and columns 0 to {last_column} from the left of the array{block}.
- USB to the host. The program stops with a message where the order in which planes are read is not one that it knows.
- 100 frames a second are set in `main`; the exposure is one frame. `get_image` reads what fell on the pixels since the
  last frame.

## What it takes

{words} words of the {limit} of the kernel store, {calls}. Constant planes take {constants} bytes of the
controller's flash at most, planes that are read {buffers} bytes of its memory.

## What it posts

| channel | what | data |
| --- | --- | --- |
{channels}

{tail}

    python decode.py frame.npz

computes the outputs of the network on the host from planes and counts, by their names above: set `POST_PLANES` to 1.
A plane is rows of 32 bytes from the top; bit c % 8 of byte c / 8, least significant first, is column c from the right.

## Where the chip may differ

- Analog registers lose some levels at every write; what is compared near its threshold may come out otherwise.
- Which registers the library's calls overwrite is known in part only: R1 to R4 by drawing and by reading events. Here
  R0 and R12 are relied upon across `scamp5_load_pattern` and `scamp5_scan_dreg`.
- How many words of the kernel store the library itself takes is not published.
"""


def readme(compiled: Compiled, tail: FixedTail | str, results: Mapping[str, str], first_channel: int) -> str:
    """The text of ``README.md``."""
    source = compiled.array.inputs[0]
    height, width = source.image_shape[:2]
    rows, columns = (1, 1) if source.layout.tiles else source.layout.pitch
    channels = []
    if isinstance(tail, FixedTail):
        scores = "shares of 2^15" if tail.has_softmax else f"scores in steps of 2^-{tail.shift}"
        channels = [
            f"| {first_channel} | the class | int32 |",
            f"| {first_channel + 1} | {len(tail.biases)} {scores} | int32 |",
        ]
    for number, (name, kind) in enumerate(results.items(), first_channel + 2):
        channels.append(f"| {number} | `{name}` (`POST_PLANES`) | {'int8, 32 a row' if kind == 'plane' else 'int32'} |")
    planes = sum(kind == "plane" for kind in results.values())
    return _TEXT.format(
        network=compiled.graph.name,
        controller=", `controller.hpp`" if isinstance(tail, FixedTail) else "",
        last_row=height * rows - 1,
        last_column=width * columns - 1,
        block=f", each pixel of the network on a block of {rows}x{columns}" if rows * columns > 1 else "",
        words=f"{compiled.store_icw:,}",
        limit=f"{compiled.sensor.code_store_icw or 0:,}",
        calls=", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in compiled.calls.items()),
        constants=f"{len(compiled.array.constants) * (compiled.sensor.plane_bytes + compiled.sensor.height):,}",
        buffers=f"{planes * compiled.sensor.plane_bytes:,}",
        channels="\n".join(channels),
        tail=_tail_text(compiled, tail),
    )


def _tail_text(compiled: Compiled, tail: FixedTail | str) -> str:
    if isinstance(tail, str):
        return f"The controller computes nothing behind the array: {tail}. The host does."
    layers = [op.name for op in compiled.graph if op.name in compiled.tail and isinstance(op, Linear)]
    names = f" ({', '.join(layers)})" if layers else ""
    return (
        f"The controller computes what is behind the array{names} as one affine map of whole numbers with weights of "
        f"16 bits, which rounding to steps of 2^-{tail.shift} puts off by at most half a step for each of "
        f"{tail.weights.shape[1]:,} values and once for the bias."
    )
