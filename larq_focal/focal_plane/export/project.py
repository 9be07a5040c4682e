"""A compiled network as a project for the SCAMP-5 vision system's own toolchain."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from larq_focal.files import write_text
from larq_focal.focal_plane.compiler.compiled import Compiled
from larq_focal.focal_plane.compiler.program_file import write_program
from larq_focal.focal_plane.export.decoding import PROGRAM
from larq_focal.focal_plane.export.planes import plane_lines
from larq_focal.focal_plane.export.readme import readme
from larq_focal.focal_plane.export.statements import EXPORTED, calls_of, identifier, kernel_lines, script_lines
from larq_focal.focal_plane.export.tail import FixedTail, fixed_tail
from larq_focal.focal_plane.export.tail_text import tail_lines
from larq_focal.focal_plane.machine.forms import ANALOG
from larq_focal.focal_plane.machine.instruction_set import InstructionSet
from larq_focal.focal_plane.machine.program import Program

SIDE = 256
SUPPORT = "support.hpp"
FIRST_CHANNEL = 100
_START_WORDS = 2  # of the kernel that lifts FLAG and the mask
_CLEAR_WORDS = 1  # of the kernel that is recorded again for each plane that is drawn
_REFRESH_WORDS = 2


class ExportError(ValueError):
    """A program that cannot be exported; the message names the fault and the fix."""


def export_scamp5(compiled: Compiled, folder: str | Path) -> Path:
    """Writes a project: ``main.cpp`` with what it includes, ``decode.py`` for the host, and a ``README.md``.

    Follows ``scamp5.hpp`` and what it includes, as published in github.com/luozhongrui/scamp5_algorithms, and the
    idioms of published programs (github.com/lauriebose, github.com/computational-imaging/PixelRNN). No chip has run
    what is written here.

    Args:
        compiled: a network compiled for an array of 256x256 pixels whose columns count from the right.
        folder: where the project goes; it is made if it is not there.

    Returns:
        The folder.

    Raises:
        ExportError: the array is not SCAMP-5's, the image does not come by light, the program calls what the library
            does not have or swaps kernels, or the store has no room for the kernels of the frame loop.
    """
    _check(compiled)
    folder = Path(folder)
    tail = fixed_tail(compiled.array.controller.tail, _shapes(compiled))
    refreshed = _refreshed(compiled)
    files = {
        "main.cpp": _main_lines(compiled, tail),
        "planes.hpp": _with_guard(plane_lines(_constants(compiled), compiled.sensor)),
        "kernels.hpp": _with_guard(_kernel_file_lines(compiled, refreshed)),
        "decode.py": iter([_DECODE]),
        "README.md": iter([readme(compiled, tail, results_of(compiled), FIRST_CHANNEL)]),
    }
    if isinstance(tail, FixedTail):
        files["controller.hpp"] = _with_guard(tail_lines(tail, compiled))
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in files.items():
        write_text(folder / name, "\n".join(lines).rstrip() + "\n")
    shutil.copyfile(Path(__file__).with_name(SUPPORT), folder / SUPPORT)
    write_program(compiled.array, folder / PROGRAM, compiled.sensor.name)
    return folder


def _check(compiled: Compiled) -> None:
    sensor, array = compiled.sensor, compiled.array
    if (sensor.height, sensor.width) != (SIDE, SIDE) or sensor.conventions.columns_from != "right":
        raise ExportError(f"{sensor.name} is not addressed as SCAMP-5: 256x256 pixels, columns from the right.")
    for source in array.inputs:
        if not source.sees_light:
            raise ExportError(
                f"'{source.name}' is loaded as planes, and an exported program sees light only: binarize single pixels "
                "of an image of one channel first."
            )
    for call in calls_of(array.program):
        if call.name not in EXPORTED:
            raise ExportError(f"the program calls {call.name}, which is not exported.")
    if array.program.fills:
        raise ExportError(
            "the frame puts other kernels into the store, and those of an exported program are recorded once: compile "
            "it without swap_kernels."
        )
    limit = sensor.code_store_icw
    words = compiled.store_icw + _START_WORDS + _CLEAR_WORDS
    if limit is not None and words > limit:
        raise ExportError(f"the kernels take {words} words with those of the frame loop, and the store holds {limit}.")


def _refreshed(compiled: Compiled) -> tuple[str, ...]:
    """Registers that are refreshed while planes are drawn: as many as the store has room for."""
    digital = compiled.sensor.digital
    used = [name for name in digital.free + digital.propagation if name in compiled.allocation.named]
    limit = compiled.sensor.code_store_icw
    if limit is not None:
        room = limit - compiled.store_icw - _START_WORDS - _CLEAR_WORDS
        used = used[: max(room // _REFRESH_WORDS, 0)]
    return tuple(used)


def _shapes(compiled: Compiled) -> dict[str, tuple[int, ...]]:
    array = compiled.array
    shapes = {output.name: tuple(output.layout.shape) for output in array.outputs}
    return shapes | {scores.name: (len(scores.terms),) for scores in array.scores}


def _constants(compiled: Compiled) -> dict[str, object]:
    return {f"plane_{identifier(name)}": bits for name, bits in compiled.array.constants.items()}


def results_of(compiled: Compiled) -> dict[str, str]:
    """What is posted for the host, by name: "plane" or "count"; planes that only spill are not."""
    array = compiled.array
    results = {name: "plane" for output in array.outputs for names in output.planes for name in names}
    return results | {name: "count" for scores in array.scores for unit in scores.terms for name, _ in unit}


def _last_rows(compiled: Compiled) -> dict[str, int]:
    """The last row that is wanted of each plane that is read: all of one that is loaded again."""
    rows = {call.result: SIDE - 1 for call in calls_of(compiled.array.program) if call.name == "read_plane"}
    for output in compiled.array.outputs:
        layout = output.layout
        farthest = max(place.row for place in layout.places) * layout.spacing.unit[0]
        last = farthest + (layout.height - 1) * layout.pitch[0]
        rows |= {name: last for names in output.planes for name in names}
    loaded = {call.operands[1] for call in calls_of(compiled.array.program) if call.name == "load_plane"}
    return rows | {name: SIDE - 1 for name in rows if name in loaded}


def _with_guard(lines: Iterator[str]) -> Iterator[str]:
    yield from ("#pragma once", "", f'#include "{SUPPORT}"', "")
    yield from lines


def _kernel_file_lines(compiled: Compiled, refreshed: tuple[str, ...]) -> Iterator[str]:
    yield from ("using namespace SCAMP5_PE;", "")
    yield from (
        "// Once, at the start: no analog write is masked, and R12 is written everywhere.",
        "static void start() {",
    )
    yield from ("    scamp5_kernel_begin();", "        all();", "        SET(R0);", "    scamp5_kernel_end();", "}", "")
    yield from ("// Digital registers decay within seconds, and drawing is slow.", "static void refresh() {")
    if refreshed:
        yield "    scamp5_kernel_begin();"
        yield from (f"        REFRESH({name});" for name in refreshed)
        yield "    scamp5_kernel_end();"
    yield from ("}", "")
    program = compiled.array.program
    ends = _kernels_ending_digitally(compiled, len(refreshed))
    for kernel in program.kernels:
        yield from kernel_lines(kernel, kernel.name in ends)


def _kernels_ending_digitally(compiled: Compiled, refreshed: int) -> set[str]:
    """Kernels behind which a nop lets analog registers keep what they hold, as far as the store has room for it."""
    instruction_set = InstructionSet(compiled.sensor)
    program: Program = compiled.array.program
    holds = [place for place in compiled.allocation.spills_to if place == "analog"] or compiled.accumulations
    if not holds:
        return set()
    ends = [
        kernel.name
        for kernel in program.kernels
        if instruction_set.words(kernel.instructions[-1])[-1].form.clock != ANALOG
    ]
    limit = compiled.sensor.code_store_icw
    room = len(ends) if limit is None else limit - compiled.store_icw - _START_WORDS - _CLEAR_WORDS
    return set(ends[: max(room - _REFRESH_WORDS * refreshed, 0)])


def _main_lines(compiled: Compiled, tail: FixedTail | str) -> Iterator[str]:
    has_tail = isinstance(tail, FixedTail)
    results, last_rows = results_of(compiled), _last_rows(compiled)
    loads_in = any(call.name == "load_in" for call in calls_of(compiled.array.program))
    yield f"// The network {identifier(compiled.graph.name)}, compiled by larq_focal. See README.md."
    yield from ('#include "kernels.hpp"', '#include "planes.hpp"', "")
    yield from ("#ifndef POST_PLANES", f"#define POST_PLANES {int(not has_tail)}  // 1: what decode.py takes, too")
    yield from ("#endif", "")
    for name, last in last_rows.items():
        yield f"static uint8_t plane_{identifier(name)}[{last + 1} * lqf::ROW_BYTES];"
        if last == SIDE - 1:
            known = identifier(name)
            yield f"static const uint8_t* plane_{known}_row(int r) {{ return plane_{known} + r * lqf::ROW_BYTES; }}"
    counts = [c.result for c in calls_of(compiled.array.program) if c.result and c.name != "read_plane"]
    yield from (f"static int32_t result_{identifier(name)};" for name in dict.fromkeys(counts))
    if has_tail:
        yield from ("", '#include "controller.hpp"')
    yield from ("", "static void frame() {", *script_lines(compiled.array.program.main, last_rows))
    if loads_in:
        yield "    vs_scamp5_set_dac(4095);  // the library asks for it after IN was used"
    yield from ("}", "", "static void post() {")
    if has_tail:
        yield from (
            "    const lqf_controller::Answer answer = lqf_controller::answer();",
            f"    vs_post_set_channel({FIRST_CHANNEL});",
            "    vs_post_int32(&answer.label, 1, 1);",
            f"    vs_post_set_channel({FIRST_CHANNEL + 1});",
            "    vs_post_int32(answer.scores, 1, lqf_controller::UNITS);",
        )
    yield "#if POST_PLANES"
    for number, (name, kind) in enumerate(results.items(), FIRST_CHANNEL + 2):
        yield f"    vs_post_set_channel({number});"
        if kind == "plane":
            data = f"reinterpret_cast<const int8_t*>(plane_{identifier(name)})"
            yield f"    vs_post_int8({data}, {last_rows[name] + 1}, lqf::ROW_BYTES);"
        else:
            yield f"    vs_post_int32(&result_{identifier(name)}, 1, 1);"
    yield from ("#endif", "}", "")
    scratch = compiled.sensor.digital.free[0]
    yield from (
        "int main() {",
        "    vs_init();",
        "    vs_post_bind_io_agent(vs_usb);",
        "    scamp5_bind_io_agent(vs_usb);",
        "    start();",
        f"    if (!lqf::find_scan_order({scratch})) {{",
        '        vs_post_text("The order in which planes are read is not known: nothing would be right.\\n");',
        "        return 1;",
        "    }",
        "    vs_frame_trigger_set(1, 100);  // frames per second",
        "    while (1) {",
        "        vs_frame_loop_control();",
        "        frame();",
        "        post();",
        "    }",
        "}",
    )


_DECODE = '''"""What the exported program posts, as values of the network.

    python decode.py frame.npz

prints the outputs for one frame; the file holds, by the names in README.md, the arrays that were posted. From Python
call ``decoded``. Needs larq_focal, without TensorFlow.
"""

import sys
from pathlib import Path

import numpy as np

from larq_focal.focal_plane.export import decoded

if __name__ == "__main__":
    with np.load(sys.argv[1]) as posted:
        for name, value in decoded(Path(__file__).parent, dict(posted)).items():
            print(name, value.tolist())
'''
