"""The controller's part as C++."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from larq_focal.focal_plane.compiler.compiled import Compiled
from larq_focal.focal_plane.compiler.layers.dense import Scores
from larq_focal.focal_plane.compiler.outputs import Output
from larq_focal.focal_plane.export.statements import identifier
from larq_focal.focal_plane.export.tail import FixedTail
from larq_focal.focal_plane.machine.controller import COUNT_LEVELS


def tail_lines(tail: FixedTail, compiled: Compiled) -> Iterator[str]:
    """``lqf_controller::answer()``: the class, and the scores or shares, from what the array was read."""
    units, inputs = tail.weights.shape
    yield from (
        "namespace lqf_controller {",
        "",
        f"constexpr int UNITS = {units};",
        f"constexpr int INPUTS = {inputs};",
    )
    yield from (f"constexpr int SHIFT = {tail.shift};  // scores are in steps of 2 to the power of minus this", "")
    yield "static const int16_t weights[UNITS][INPUTS] = {"
    yield from (f"    {{{', '.join(map(str, row))}}}," for row in tail.weights)
    yield from ("};", f"static const int64_t biases[UNITS] = {{{', '.join(f'{bias}LL' for bias in tail.biases)}}};", "")
    yield from ("struct Answer {", "    int32_t label;")
    meaning = "shares of 2^15" if tail.has_softmax else "scores, in steps of 2^-SHIFT, cut to 32 bits"
    yield from (f"    int32_t scores[UNITS];  // {meaning}", "};", "")
    yield from ("// Values as the array was read, one behind the other.", "static void read_values(int32_t* value) {")
    for output in compiled.array.outputs:
        yield from _output_lines(output, compiled)
    for scores in compiled.array.scores:
        yield from _scores_lines(scores)
    yield from ("}", "", "static Answer answer() {", "    static int32_t values[INPUTS];", "    read_values(values);")
    yield from (
        "    Answer result{};",
        "    static int64_t sums[UNITS];",
        "    for (int u = 0; u < UNITS; u++) {",
        "        sums[u] = biases[u];",
        "        for (int i = 0; i < INPUTS; i++) sums[u] += int64_t(weights[u][i]) * values[i];",
        "        if (sums[u] > sums[result.label]) result.label = u;",
        "    }",
    )
    if tail.has_softmax:
        yield "    lqf::softmax(sums, UNITS, SHIFT, result.scores);"
    else:
        yield "    for (int u = 0; u < UNITS; u++)"
        yield "        result.scores[u] = sums[u] > INT32_MAX ? INT32_MAX : sums[u] < INT32_MIN ? INT32_MIN : sums[u];"
    yield from ("    return result;", "}", "", "}  // namespace lqf_controller")


def _output_lines(output: Output, compiled: Compiled) -> Iterator[str]:
    """Each value is the count of its bits, or a sign."""
    layout, name = output.layout, identifier(output.name)
    down, right = layout.spacing.unit
    conventions, width = compiled.sensor.conventions, compiled.sensor.width
    bits = max(len(names) for names in output.planes)
    yield f"    static const uint8_t* const planes_{name}[{len(output.planes)}][{bits}] = {{"
    for names in output.planes:
        known = [f"plane_{identifier(one)}" for one in names] + ["nullptr"] * (bits - len(names))
        yield f"        {{{', '.join(known)}}},"
    yield "    };"
    places = ", ".join(
        f"{{{place.plane}, {place.row * down}, {conventions.column_address(place.column * right, width)}}}"
        for place in layout.places
    )
    yield f"    static const int places_{name}[{layout.channels}][3] = {{{places}}};  // plane, row, column"
    if output.offsets is not None:
        offsets = np.broadcast_to(output.offsets, layout.shape).ravel()
        yield f"    static const int16_t offsets_{name}[] = {{{', '.join(map(str, offsets))}}};"
        offset = f"offsets_{name}[element]"
    else:
        offset = "1"
    step = conventions.column_address(0, width) - conventions.column_address(layout.pitch[1], width)
    yield from (
        f"    for (int y = 0, element = 0; y < {layout.height}; y++)",
        f"        for (int x = 0; x < {layout.width}; x++)",
        f"            for (int channel = 0; channel < {layout.channels}; channel++, element++) {{",
        f"                const int* place = places_{name}[channel];",
        f"                const int r = place[1] + y * {layout.pitch[0]}, c = place[2] - x * {step};",
        "                int32_t count = 0;",
        f"                for (int k = 0; k < {bits}; k++) {{",
        f"                    const uint8_t* plane = planes_{name}[place[0]][k];",
        "                    if (plane) count += lqf::bit(plane + r * lqf::ROW_BYTES, c) << k;",
        "                }",
        f"                *value++ = 2 * count - {offset};",
        "            }",
    )


def _scores_lines(scores: Scores) -> Iterator[str]:
    for terms, offset in zip(scores.terms, scores.offsets, strict=True):
        parts = [f"{factor} * {_count(scores, name)}" for name, factor in terms]
        yield f"    *value++ = {' + '.join([*parts, str(-offset)])};"


def _count(scores: Scores, name: str) -> str:
    result = f"result_{identifier(name)}"
    if scores.pixels is None:
        return result
    return f"int32_t((int64_t({result}) * {2 * scores.pixels} + {COUNT_LEVELS}) / {2 * COUNT_LEVELS})"
