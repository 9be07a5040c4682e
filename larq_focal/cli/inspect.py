"""The command inspect."""

from __future__ import annotations

from pathlib import Path

import click

from larq_focal.cli.images import given_images
from larq_focal.cli.options import import_option, json_option, output_path, sensor_option, trust_option
from larq_focal.cli.output import array, quiet, show
from larq_focal.cli.progress import progress
from larq_focal.files import read_text

PROGRAM_SUFFIX = ".scamp"
Region = tuple[int, int, int, int]


@click.command(short_help="Tell what one frame of a program does, step by step.")
@click.argument("target", type=click.Path(path_type=Path))
@sensor_option
@click.option("-o", "--output", type=output_path, help="Write a page to step through the program.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Images for a network, a .npy array or a .npz file with one for each input; for a compiled program an image, "
    "as simulate takes it; for another the grey values 0 to 255 of every pixel.",
)
@click.option("--planes", type=click.Path(path_type=Path), help="A .npz file with the planes that a program loads.")
@click.option("--region", help="Rows and columns to step through, as FIRST_ROW,FIRST_COLUMN,LAST_ROW,LAST_COLUMN.")
@trust_option
@json_option
@import_option
def inspect(
    target: Path,
    sensor: str,
    output: Path | None,
    data: Path | None,
    planes: Path | None,
    region: str | None,
    trust: bool,
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
            result = inspect_network(target, sensor, _batch(data), region=corners, trust=trust, progress=tell)
    show(result, as_json)
    if output:
        from larq_focal.report import write_program_page

        click.echo(write_program_page(result.to_page(), output), err=as_json)


def _inspect_file(target: Path, sensor: str, data: Path | None, planes: Path | None, region: Region | None):
    from larq_focal.focal_plane import load_sensor
    from larq_focal.focal_plane.compiler.program_file import FORMAT, read_program
    from larq_focal.focal_plane.inspection import inspect_array_program, inspect_program
    from larq_focal.focal_plane.machine import Simulator, assemble

    text = read_text(target)
    name = target.stem
    if FORMAT in text:
        program = read_program(target)
        if data is None:
            raise click.UsageError("A compiled program needs an image: give it with --data.")
        if planes:
            raise click.UsageError("--planes is for programs without a header; a compiled one brings its own.")
        images = program.array_images(given_images((str(data),), program.image_shapes, "none"))
        return inspect_array_program(program, images, name=name, region=region)
    image = array(data)
    simulator = Simulator(load_sensor(sensor))
    program = assemble(text, simulator.instruction_set)
    return inspect_program(program, simulator, name=name, image=image, planes=_planes(planes), region=region)


def _batch(path: Path | None):
    """Images for a network: an array, or the arrays of a .npz file by their names, or None."""
    return _planes(path) if path is not None and path.suffix.lower() == ".npz" else array(path)


def _planes(path: Path | None) -> dict | None:
    """The arrays of a .npz file by their names, or None."""
    if path is None:
        return None
    from larq_focal.arrays import read_npz

    return read_npz(path)


def _corners(text: str) -> Region:
    parts = text.split(",")
    if len(parts) != 4 or not all(part.strip().isdecimal() for part in parts):
        raise click.UsageError(f"--region takes four whole numbers with commas between, not '{text}'.")
    return tuple(int(part) for part in parts)
