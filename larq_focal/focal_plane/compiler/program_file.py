"""The file of a compiled program: assembly text, headed by what the controller must know, as YAML behind ``#:``.

What the controller computes before and behind the array stands at the end, as two graphs behind ``#encoding:`` and
``#tail:``. To the assembler all this is a comment.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import yaml

from larq_focal.files import existing_file, write_text
from larq_focal.focal_plane.compiler.array_program import ArrayProgram
from larq_focal.focal_plane.compiler.controller_graphs import ControllerGraphs
from larq_focal.focal_plane.compiler.graph_lines import check_graphs, graph_lines, graph_of_lines
from larq_focal.focal_plane.compiler.plane_text import plane_lines, plane_of
from larq_focal.focal_plane.compiler.program_header import (
    controller_data,
    input_data,
    output_data,
    read_controller,
    read_input,
    read_output,
    read_scores,
    scores_data,
    sizes,
    text_value,
)
from larq_focal.focal_plane.compiler.program_names import check_names
from larq_focal.focal_plane.machine.assembly import assemble, disassemble
from larq_focal.focal_plane.machine.instruction_set import InstructionSet
from larq_focal.focal_plane.machine.program import ProgramError
from larq_focal.focal_plane.sensor import load_sensor
from larq_focal.focal_plane.sensor.sensor_file import SensorError
from larq_focal.yaml_text import YamlError, parse_yaml

FORMAT = "larq_focal.scamp/1"
_MARK, _ENCODING, _TAIL = "#:", "#encoding:", "#tail:"
_MOST_CONSTANT_BITS = 2**28  # of all planes in a file; beyond, something is wrong


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
        "inputs": [input_data(source) for source in array.inputs],
        "outputs": [output_data(output) for output in array.outputs],
        "scores": [scores_data(scores) for scores in array.scores],
        "planes": {name: list(plane_lines(bits)) for name, bits in array.constants.items()},
    }
    controller = array.controller
    if controller:
        header["controller"] = controller_data(controller)
    lines = yaml.safe_dump(header, sort_keys=False, default_flow_style=None, width=110, allow_unicode=True).splitlines()
    text = "\n".join([*(f"{_MARK} {line}" for line in lines), "", disassemble(array.program)])
    if not controller:
        return text
    graphs = [*graph_lines(controller.encoding, _ENCODING), *graph_lines(controller.tail, _TAIL)]
    return "\n".join([text.rstrip("\n"), "", *graphs, ""])


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
        height, width = array = sizes(header["array"], 2)
        sensor = replace(load_sensor(text_value(header["sensor"])), height=height, width=width)
        inputs = tuple(read_input(data, array) for data in header["inputs"])
        outputs = tuple(read_output(data, array) for data in header["outputs"])
        scores = tuple(read_scores(data) for data in header["scores"])
        if len(header["planes"]) * height * width > _MOST_CONSTANT_BITS:
            raise ProgramError(f"the header holds {len(header['planes']):,} planes, more than there is room for.")
        constants = {text_value(name): plane_of(lines, array) for name, lines in header["planes"].items()}
        controller = _controller(header, text.splitlines())
    except (ProgramError, SensorError):
        raise
    except (KeyError, TypeError, IndexError, AttributeError, ValueError, OverflowError) as error:
        fault = f"{type(error).__name__}: {error}"
        raise ProgramError(f"the header behind '{_MARK}' is at fault: {fault:.200}.") from None
    instructions = "\n".join("" if line.startswith((_ENCODING, _TAIL)) else line for line in text.splitlines())
    program = assemble(instructions, InstructionSet(sensor))
    array = ArrayProgram(sensor, program, inputs, outputs, scores, constants, controller)
    check_names(array)
    if controller:
        check_graphs(array)
    return array


def _controller(header: dict, lines: list[str]) -> ControllerGraphs | None:
    encoding, tail = (graph_of_lines(lines, mark) for mark in (_ENCODING, _TAIL))
    if encoding is None and tail is None and "controller" not in header:
        return None
    if encoding is None or tail is None:
        raise ProgramError(f"lines behind '{_ENCODING if encoding is None else _TAIL}' are missing.")
    return read_controller(header["controller"], encoding, tail)
