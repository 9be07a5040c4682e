"""The command inspect."""

from __future__ import annotations

from pathlib import Path

import click

from larq_focal.cli.options import json_option
from larq_focal.cli.output import array, quiet, show
from larq_focal.cli.progress import progress

PROGRAM_SUFFIX = ".scamp"
Region = tuple[int, int, int, int]


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--sensor", default="scamp5", show_default=True, help="A sensor's name, or the path of its YAML file.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write a page to step through the program.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="A .npy array: images for a network, or for a program the grey values 0 to 255 of every pixel.",
)
@click.option("--planes", type=click.Path(path_type=Path), help="A .npz file with the planes that a program loads.")
@click.option("--region", help="Rows and columns to step through, as FIRST_ROW,FIRST_COLUMN,LAST_ROW,LAST_COLUMN.")
@json_option
def inspect(
    target: Path,
    sensor: str,
    output: Path | None,
    data: Path | None,
    planes: Path | None,
    region: str | None,
    as_json: bool,
) -> None:
    """Tell what one frame of a program does (TARGET.scamp), or of a network that is compiled for it."""
    from larq_focal.focal_plane.inspection import inspect_network

    corners = _corners(region) if region else None
    if target.suffix == PROGRAM_SUFFIX:
        with progress("running a frame"):
            result = _inspect_file(target, sensor, data, planes, corners)
    else:
        if planes:
            raise click.UsageError("--planes is for programs; a network brings its own.")
        with progress("reading the network") as tell, quiet():
            result = inspect_network(target, sensor, array(data), region=corners, progress=tell)
    show(result, as_json)
    if output:
        from larq_focal.report import write_program_page

        click.echo(write_program_page(result.to_page(), output), err=as_json)


def _inspect_file(target: Path, sensor: str, data: Path | None, planes: Path | None, region: Region | None):
    from larq_focal.focal_plane import load_sensor
    from larq_focal.focal_plane.compiler.program_file import FORMAT, read_program
    from larq_focal.focal_plane.inspection import inspect_array_program, inspect_program
    from larq_focal.focal_plane.machine import Simulator, assemble

    if not target.is_file():
        raise FileNotFoundError(f"There is no file '{target}'.")
    image, name = array(data), target.stem
    text = target.read_text(encoding="utf-8")
    if FORMAT in text:
        program = read_program(target)
        if image is None:
            raise click.UsageError("A compiled program needs an image: give it with --data.")
        images = {source.name: image[..., None] if image.ndim == 2 else image for source in program.inputs}
        return inspect_array_program(program, images, name=name, region=region)
    simulator = Simulator(load_sensor(sensor))
    program = assemble(text, simulator.instruction_set)
    return inspect_program(program, simulator, name=name, image=image, planes=_planes(planes), region=region)


def _planes(path: Path | None) -> dict | None:
    """The arrays of a .npz file by their names, or None."""
    if path is None:
        return None
    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as found:
            return {name: found[name] for name in found.files}
    except (ValueError, TypeError, EOFError) as error:
        raise ValueError(f"'{path}' is not a whole .npz file of planes; write it with numpy.savez.") from error


def _corners(text: str) -> Region:
    parts = text.split(",")
    if len(parts) != 4 or not all(part.strip().isdecimal() for part in parts):
        raise click.UsageError(f"--region takes four whole numbers with commas between, not '{text}'.")
    return tuple(int(part) for part in parts)
