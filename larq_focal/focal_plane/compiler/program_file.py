"""The file of a compiled program: assembly text, headed by what the controller must know, as YAML behind ``#:``.

To the assembler the header is a comment. In a plane, every line gives a row, its bits in runs (``0110*62`` stands for
62 times 0110), and the rows of the array that are so, as ``first-last/step``; rows that are not named hold zeros.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from larq_focal.files import existing_file, write_text
from larq_focal.focal_plane.compiler.array_program import ArrayProgram
from larq_focal.focal_plane.compiler.input_stage.inputs import ArrayInput, LightInput, PairInput, PlaneInput
from larq_focal.focal_plane.compiler.layers.dense import Scores
from larq_focal.focal_plane.compiler.outputs import Output
from larq_focal.focal_plane.compiler.placement.layout import Layout, Place
from larq_focal.focal_plane.compiler.placement.tiles import Tiles
from larq_focal.focal_plane.compiler.program_names import check_names
from larq_focal.focal_plane.machine.assembly import assemble, disassemble
from larq_focal.focal_plane.machine.images import check_pixel_range
from larq_focal.focal_plane.machine.instruction_set import InstructionSet
from larq_focal.focal_plane.machine.program import ProgramError
from larq_focal.focal_plane.sensor import load_sensor
from larq_focal.focal_plane.sensor.sensor_file import SensorError
from larq_focal.messages import short, shown
from larq_focal.network.ops import Pair
from larq_focal.yaml_text import YamlError, parse_yaml

FORMAT = "larq_focal.scamp/1"
_MARK = "#:"
_LONGEST_RUN_UNIT = 16
_MOST_BITS = 2**24  # of a value, and _MOST_CONSTANT_BITS of all planes in a file; beyond, something is wrong
_MOST_CONSTANT_BITS = 2**28
_LARGEST = 2**31  # of an offset or factor
_MOST_COUNT_BITS = 32  # planes of one count


def write_program(array: ArrayProgram, path: str | Path, sensor: str | Path | None = None) -> Path:
    """Writes ``array`` as text.

    Args:
        array: the program.
        path: where it goes.
        sensor: the name or path by which ``load_sensor`` finds the sensor; its own name where None.
    """
    return write_text(path, program_text(array, sensor))


def program_text(array: ArrayProgram, sensor: str | Path | None = None) -> str:
    """The text of ``write_program``."""
    header = {
        "format": FORMAT,
        "sensor": str(sensor or array.sensor.name),
        "array": [array.sensor.height, array.sensor.width],
        "inputs": [_input_data(source) for source in array.inputs],
        "outputs": [_output_data(output) for output in array.outputs],
        "scores": [_scores_data(scores) for scores in array.scores],
        "planes": {name: list(_plane_lines(bits)) for name, bits in array.constants.items()},
    }
    lines = yaml.safe_dump(header, sort_keys=False, default_flow_style=None, width=110).splitlines()
    return "\n".join([*(f"{_MARK} {line}" for line in lines), "", disassemble(array.program)])


def read_program(path: str | Path) -> ArrayProgram:
    """Reads what ``write_program`` wrote.

    Raises:
        FileNotFoundError: there is no such file.
        ProgramError: the header or a line of the program is at fault; the message names it.
        SensorError: the sensor named in the file is not known.
    """
    path = Path(path)
    existing_file(path)
    try:
        return program_from_text(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise ProgramError(f"'{path}' is not the text of a program.") from None
    except (ProgramError, SensorError) as error:
        raise type(error)(f"'{path}': {error}") from None


def program_from_text(text: str) -> ArrayProgram:
    """The program of a text; errors as in ``read_program``."""
    marked = [line[len(_MARK) + 1 :] for line in text.splitlines() if line.startswith(_MARK)]
    try:
        header = parse_yaml("\n".join(marked))
    except YamlError as error:
        raise ProgramError(f"the header behind '{_MARK}' is not YAML: {error}.") from None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ProgramError(f"the header behind '{_MARK}' lacks 'format: {FORMAT}'; write the file with compile.")
    try:
        height, width = array = _sizes(header["array"], 2)
        sensor = replace(load_sensor(_text(header["sensor"])), height=height, width=width)
        inputs = tuple(_input(data, array) for data in header["inputs"])
        outputs = tuple(_output(data, array) for data in header["outputs"])
        scores = tuple(_scores(data) for data in header["scores"])
        if len(header["planes"]) * height * width > _MOST_CONSTANT_BITS:
            raise ProgramError(f"the header holds {len(header['planes']):,} planes, more than there is room for.")
        constants = {_text(name): _plane(lines, array) for name, lines in header["planes"].items()}
    except (ProgramError, SensorError):
        raise
    except (KeyError, TypeError, IndexError, AttributeError, ValueError, OverflowError) as error:
        fault = f"{type(error).__name__}: {error}"
        raise ProgramError(f"the header behind '{_MARK}' is at fault: {fault:.200}.") from None
    program = ArrayProgram(sensor, assemble(text, InstructionSet(sensor)), inputs, outputs, scores, constants)
    check_names(program)
    return program


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ProgramError(f"the header has a value of type {type(value).__name__} where a text must stand.")
    return value


def _whole(value: Any) -> int:
    if type(value) is not int or abs(value) > _LARGEST:
        raise ProgramError(f"the header has {_shown(value)} where a whole number must stand.")
    return value


def _sizes(values: Any, count: int) -> tuple[int, ...]:
    """``count`` sizes, each above 0."""
    if not isinstance(values, list) or len(values) != count:
        raise ProgramError(f"the header has {_shown(values)} where {count} sizes must stand.")
    sizes = tuple(_whole(value) for value in values)
    if min(sizes) < 1 or math.prod(sizes) > _MOST_BITS:
        raise ProgramError(f"the header names the size {list(sizes)}, which is out of bounds.")
    return sizes


def _shown(value: Any) -> str:
    """A value in a message, in a few letters."""
    return shown(value) if isinstance(value, str | int | float | bool | None) else f"a {type(value).__name__}"


def _layout_data(layout: Layout) -> dict[str, Any]:
    data = {
        "shape": list(layout.shape),
        "pitch": list(layout.pitch),
        "spread": layout.is_spread,
        "places": [[place.plane, place.row, place.column] for place in layout.places],
    }
    if layout.tiles:
        data |= {"tile": list(layout.tiles.size), "tiles": list(layout.tiles.grid)}
    return data


def _layout(data: Mapping[str, Any], array: Pair) -> Layout:
    height, width, channels = _sizes(data["shape"], 3)
    places = tuple(Place(*(_whole(value) for value in place)) for place in data["places"])
    if len(places) != channels or any(min(place.plane, place.row, place.column) < 0 for place in places):
        raise ProgramError(f"the header places {len(places)} channels of {channels}.")
    if {place.plane for place in places} != set(range(1 + max(place.plane for place in places))):
        raise ProgramError("the header leaves planes without a channel: places begin with plane 0 and leave none out.")
    if type(data["spread"]) is not bool:
        raise ProgramError(f"the header has {_shown(data['spread'])} where true or false must stand.")
    tiles = Tiles(_sizes(data["tile"], 2), _sizes(data["tiles"], 2)) if "tile" in data else None
    layout = Layout(height, width, _sizes(data["pitch"], 2), places, data["spread"], tiles)
    if not _is_within(layout, array):
        raise ProgramError(f"the header places '{_text(data['name'])}' outside of the array of {array[0]}x{array[1]}.")
    return layout


def _is_within(layout: Layout, array: Pair) -> bool:
    """Whether all that a layout names lies on the array."""
    for axis, size in enumerate((layout.height, layout.width)):
        unit, pitch = layout.spacing.unit[axis], layout.pitch[axis]
        farthest = max((place.row, place.column)[axis] for place in layout.places)
        if layout.is_spread:
            farthest = max(farthest, layout.tiles.grid[axis] - 1 if layout.tiles else pitch - 1)
        is_beyond_tiles = layout.tiles is not None and (
            layout.tiles.grid[axis] * unit > array[axis] or farthest >= layout.tiles.grid[axis]
        )
        if is_beyond_tiles or farthest * unit + (size - 1) * pitch >= array[axis]:
            return False
    return True


def _input_data(source: ArrayInput) -> dict[str, Any]:
    data = {"name": source.name, "kind": source.to_dict()["kind"], **_layout_data(source.layout)}
    if source.sees_light:
        data["pixel_range"] = list(source.pixel_range)
    if isinstance(source, PairInput):
        data["image"] = list(source.image_size)
    return data


def _input(data: Mapping[str, Any], array: Pair) -> ArrayInput:
    name, kind, layout = _text(data["name"]), data["kind"], _layout(data, array)
    if kind == "planes":
        return PlaneInput(name, layout)
    if kind not in ("light", "pairs"):
        raise ProgramError(f"the header gives '{name:.60}' as {_shown(kind)}; inputs are light, pairs or planes.")
    try:
        pixel_range = check_pixel_range(data["pixel_range"])
    except ValueError as error:
        raise ProgramError(f"the header's {error}") from None
    if kind == "light":
        return LightInput(name, layout, pixel_range)
    image = _sizes(data["image"], 2)
    lit = image if layout.tiles else (image[0] * layout.pitch[0], image[1] * layout.pitch[1])
    if lit[0] > array[0] or lit[1] > array[1]:
        raise ProgramError(f"the image of '{name:.60}', {image[0]}x{image[1]}, is larger than the array.")
    return PairInput(name, layout, pixel_range, image)


def _output_data(output: Output) -> dict[str, Any]:
    data = {"name": output.name, **_layout_data(output.layout), "planes": [list(names) for names in output.planes]}
    if output.offsets is not None:
        same = (output.offsets == output.offsets[0, 0]).all()
        data["offsets"] = (output.offsets[0, 0] if same else output.offsets).tolist()
    return data


def _output(data: Mapping[str, Any], array: Pair) -> Output:
    layout, name = _layout(data, array), _text(data["name"])
    offsets = None
    if "offsets" in data:
        offsets = np.asarray(data["offsets"])
        if offsets.dtype.kind not in "iu" or (offsets.size and np.abs(offsets).max() > _LARGEST):
            raise ProgramError(f"the offsets of '{name:.60}' are not whole numbers.")
        if offsets.shape not in (layout.shape, layout.shape[-1:]):
            raise ProgramError(f"the offsets of '{name:.60}' have the shape {list(offsets.shape)}, not its own.")
        offsets = np.broadcast_to(offsets.astype(np.int64), layout.shape)
    planes = tuple(tuple(_text(result) for result in names) for names in data["planes"])
    if len(planes) != layout.planes or not all(0 < len(names) <= _MOST_COUNT_BITS for names in planes):
        raise ProgramError(f"'{name:.60}' lies in {layout.planes} planes; the header reads {len(planes)} of it.")
    return Output(name, layout, planes, offsets)


def _scores_data(scores: Scores) -> dict[str, Any]:
    terms = [[f"{factor} * {name}" for name, factor in unit] for unit in scores.terms]
    return {"name": scores.name, "terms": terms, "offsets": list(scores.offsets)}


def _scores(data: Mapping[str, Any]) -> Scores:
    terms = [[term.split(" * ") for term in unit] for unit in data["terms"]]
    if len(data["offsets"]) != len(terms):
        raise ProgramError(f"the header gives {len(terms)} sums and {len(data['offsets'])} offsets.")
    units = tuple(tuple((name, _whole(int(f"{factor:.20}"))) for factor, name in unit) for unit in terms)
    return Scores(_text(data["name"]), units, tuple(_whole(offset) for offset in data["offsets"]))


def _plane_lines(bits: np.ndarray) -> Iterator[str]:
    rows: dict[bytes, list[int]] = {}
    for index, row in enumerate(bits):
        if row.any():
            rows.setdefault(row.tobytes(), []).append(index)
    for indices in rows.values():
        yield f"{_row_text(bits[indices[0]])} : {' '.join(_ranges(indices))}"


def _row_text(row: np.ndarray) -> str:
    """The shortest of the texts with runs of 1 to 16 bits."""
    letters = "".join("1" if bit else "0" for bit in row)
    texts = []
    for unit in range(1, _LONGEST_RUN_UNIT + 1):
        parts = [letters[start : start + unit] for start in range(0, len(letters), unit)]
        runs = [(part, len(list(same))) for part, same in groupby(parts)]
        texts.append(" ".join(f"{part}*{count}" if count > 1 else part for part, count in runs))
    return min(texts, key=len)


def _ranges(indices: Sequence[int]) -> Iterator[str]:
    start = 0
    while start < len(indices):
        stop = start + 1
        step = indices[stop] - indices[start] if stop < len(indices) else 1
        while stop < len(indices) and indices[stop] - indices[stop - 1] == step:
            stop += 1
        first, last = indices[start], indices[stop - 1]
        yield str(first) if first == last else f"{first}-{last}" + (f"/{step}" if step > 1 else "")
        start = stop


def _plane(lines: Iterable[str], shape: tuple[int, int]) -> np.ndarray:
    bits = np.zeros(shape, bool)
    for line in lines:
        row, _, indices = line.partition(":")
        letters = ""
        for run in row.split():
            match = re.fullmatch(r"([01]+)(?:\*(\d{1,5}))?", run)
            if not match:
                raise ProgramError(f"'{short(run, 60)}' in a plane of the header is not a run of bits such as 0110*62.")
            times = int(match[2] or 1)
            if len(letters) + len(match[1]) * times > shape[1]:
                raise ProgramError(
                    f"a row of more than {shape[1]} bits in a plane of the header; the array is narrower."
                )
            letters += match[1] * times
        if len(letters) != shape[1]:
            raise ProgramError(f"a row of {len(letters)} bits in a plane of the header; the array has {shape[1]}.")
        for part in indices.split():
            match = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5})(?:/(\d{1,5}))?)?", part)
            if not match or int(match[2] or match[1]) >= shape[0]:
                raise ProgramError(
                    f"'{short(part, 60)}' in a plane of the header names no rows of the array, as in 0-252/4."
                )
            bits[int(match[1]) : int(match[2] or match[1]) + 1 : max(int(match[3] or 1), 1)] = [
                c == "1" for c in letters
            ]
    return bits
