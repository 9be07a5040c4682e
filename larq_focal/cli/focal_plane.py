"""Commands for focal-plane processors: fit, compile, simulate."""

from __future__ import annotations

from pathlib import Path

import click

from larq_focal.cli.images import given_images, images_argument, resize_option
from larq_focal.cli.options import (
    import_option,
    json_option,
    one_of,
    output_path,
    sensor_option,
    spill_option,
    trust_option,
)
from larq_focal.cli.output import exit_status, quiet, show
from larq_focal.cli.progress import progress
from larq_focal.fixed_processors.known_processors import processor_names
from larq_focal.focal_plane.compiler.options import AUTO, DENSE_COUNTS, PLACEMENTS, WEIGHTS
from larq_focal.focal_plane.export import TOOLCHAINS
from larq_focal.focal_plane.progress import DEFAULT_LIMIT_S
from larq_focal.focal_plane.sensor.known_sensors import DEFAULT_SENSOR, sensor_names

_placement_option = click.option(
    "--placement",
    type=click.Choice(PLACEMENTS),
    default=AUTO,
    show_default=True,
    help="Channels in every block of pixels, or in tiles of the array of their own; auto takes the faster program.",
)
_weights_option = click.option(
    "--weights",
    type=click.Choice(WEIGHTS),
    default=AUTO,
    show_default=True,
    help="Weights from patterns of the controller; in tiles also packed in a digital or an analog register.",
)
_swap_option = click.option(
    "--swap-kernels",
    is_flag=True,
    help="Let the controller put other kernels into the store within the frame, where it cannot hold all.",
)


@click.command(short_help="Judge whether a model fits a focal-plane processor.")
@click.argument("model", type=click.Path(path_type=Path), required=False)
@click.option("--from-graph", type=click.Path(path_type=Path), help="A .qgraph file instead: needs no TensorFlow.")
@click.option(
    "--sensor",
    default=DEFAULT_SENSOR,
    show_default=True,
    help=f"{one_of((*sensor_names(), *processor_names()))}, or the path of a sensor's YAML file.",
)
@click.option("--program", "with_program", is_flag=True, help="Run a frame of its program too, and tell what it does.")
@click.option(
    "--time-limit",
    "limit_s",
    type=click.FloatRange(min=0),
    default=DEFAULT_LIMIT_S,
    show_default=True,
    help="Seconds of CPU time after which the search for a program, and for changes, is given up.",
)
@spill_option
@_placement_option
@_weights_option
@_swap_option
@trust_option
@json_option
@import_option
def fit(
    model: Path | None,
    from_graph: Path | None,
    sensor: str,
    with_program: bool,
    limit_s: float,
    spill: str,
    placement: str,
    weights: str,
    swap_kernels: bool,
    trust: bool,
    as_json: bool,
) -> None:
    """Judge whether a MODEL fits the registers of a focal-plane processor.

    Exit status: 0 for FIT, also WITH SPILL or SWAP, 3 for NO FIT, 4 for NOT JUDGED; 1 for an error, 2 for wrong usage.
    """
    from larq_focal.focal_plane import fit as fit_model

    if (model is None) == (from_graph is None):
        raise click.UsageError("Give a MODEL or --from-graph, and not both.")
    with progress("reading the network") as tell, quiet():
        result = fit_model(
            model or from_graph,
            sensor,
            with_program,
            spill=spill,
            placement=placement,
            weights=weights,
            swap_kernels=swap_kernels,
            limit_s=limit_s,
            trust=trust,
            progress=tell,
        )
    show(result, as_json)
    raise SystemExit(exit_status(result.verdict))


@click.command("compile", short_help="Compile a model to a program of the pixel array.")
@click.argument("model", type=click.Path(path_type=Path), required=False)
@click.option("--from-graph", type=click.Path(path_type=Path), help="A .qgraph file instead: needs no TensorFlow.")
@sensor_option
@click.option(
    "-o", "--output", type=output_path, required=True, help="Where the program goes (.scamp), or the exported project."
)
@click.option(
    "--export", type=click.Choice(TOOLCHAINS), help="Write a C++ project for the toolchain of this sensor to a folder."
)
@click.option(
    "--pixel-range",
    type=(float, float),
    default=(-1.0, 1.0),
    show_default=True,
    help="The network's input values for no light and for the brightest.",
)
@spill_option
@click.option(
    "--dense-on-array",
    type=click.Choice(DENSE_COUNTS),
    help="Run one-bit dense layers on the array too: exactly, by the addresses of ones, or by the chip's estimate.",
)
@click.option(
    "--classes",
    type=click.Path(path_type=Path),
    help="A text file with the name of a class per line, for the program; a .tflite file brings its own.",
)
@click.option("--analog-counting", is_flag=True, help="Count layers in an analog register where that takes less.")
@_placement_option
@_weights_option
@_swap_option
@trust_option
@json_option
@import_option
def compile_model(
    model: Path | None,
    from_graph: Path | None,
    sensor: str,
    output: Path,
    export: str | None,
    pixel_range: tuple[float, float],
    spill: str,
    dense_on_array: str | None,
    classes: Path | None,
    analog_counting: bool,
    placement: str,
    weights: str,
    swap_kernels: bool,
    trust: bool,
    as_json: bool,
) -> None:
    """Compile a MODEL to a program of a focal-plane processor.

    Exit status: 3 where there is no program because the network does not fit, 4 where parts of it are not understood;
    1 for another error, 2 for wrong usage.
    """
    from larq_focal.focal_plane.compiler import compile_network, write_program

    if (model is None) == (from_graph is None):
        raise click.UsageError("Give a MODEL or --from-graph, and not both.")
    with progress("reading the network") as tell, quiet():
        compiled = compile_network(
            model or from_graph,
            sensor,
            pixel_range,
            spill=spill,
            dense_on_array=dense_on_array,
            analog_counting=analog_counting,
            placement=placement,
            weights=weights,
            swap_kernels=swap_kernels,
            progress=tell,
            trust=trust,
            classes=classes,
        )
    if export:
        from larq_focal.focal_plane.export import export_scamp5

        export_scamp5(compiled, output)
    else:
        write_program(compiled.array, output, sensor)
    show(compiled, as_json)


@click.command(short_help="Run one frame of a program on the simulated array.")
@click.argument("program", type=click.Path(path_type=Path))
@images_argument
@click.option(
    "--input", "more_images", multiple=True, metavar="IMAGE", help="The same as IMAGES, as the command run takes them."
)
@resize_option
@click.option(
    "--noise",
    "noise_seed",
    type=click.IntRange(min=0),
    metavar="SEED",
    help="With the errors of analog registers that were measured of the sensor, drawn by this seed; exact without.",
)
@click.option("-o", "--output", type=output_path, help="Where the network's outputs and what is read out go (.npz).")
@json_option
def simulate(
    program: Path,
    images: tuple[str, ...],
    more_images: tuple[str, ...],
    resize: str,
    noise_seed: int | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Run one frame of a PROGRAM on the simulated array, and the controller's part: the classes of its IMAGES.

    IMAGES are a picture or a .npy array for a network of one input; else NAME=FILE for each input or, NAME:0=FILE, for
    each channel of one; or a .npz file with an array for each of these names.
    """
    from larq_focal.focal_plane.compiler import read_program
    from larq_focal.focal_plane.compiler import simulate as simulate_program
    from larq_focal.focal_plane.machine import Noise, load_noise

    with progress("reading the program") as tell:
        array = read_program(program)
        given = given_images((*images, *more_images), array.image_shapes, resize)
        tell("running a frame")
        noise = None if noise_seed is None else Noise(load_noise(array.sensor.name), array.sensor, noise_seed)
        result = simulate_program(array, given, noise)
    if output:
        result.save(output)
    show(result, as_json)
