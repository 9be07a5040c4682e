"""Looks into compiled networks: what the program does, where the maps lie, and whether it is exact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from larq_focal.focal_plane.compiler.array_program import ArrayProgram
from larq_focal.focal_plane.compiler.compilation import compile_network
from larq_focal.focal_plane.compiler.compiled import Compiled
from larq_focal.focal_plane.compiler.input_stage.light import GREY_LEVELS, grey_values
from larq_focal.focal_plane.compiler.layers.weights import are_spread, kernel_homes
from larq_focal.focal_plane.compiler.placement.layout import Layout
from larq_focal.focal_plane.inspection.map_place import MapPlace
from larq_focal.focal_plane.inspection.program_inspection import report_of
from larq_focal.focal_plane.inspection.program_report import Exactness, ProgramReport
from larq_focal.focal_plane.inspection.step_recorder import Region, StepRecorder
from larq_focal.focal_plane.machine import Simulator
from larq_focal.focal_plane.progress import Progress, silent
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.focal_plane.sensor.spills import Spill
from larq_focal.network.graph import QuantGraph
from larq_focal.network.interpret import interpret
from larq_focal.network.kernel_sums import rescale
from larq_focal.network.load import KERAS_SUFFIXES, as_graph, load_keras_model
from larq_focal.network.ops import Linear

Images = np.ndarray | Mapping[str, np.ndarray]


def inspect_network(
    network: Any,
    sensor: str | Path | Sensor = "scamp5",
    images: Images | None = None,
    *,
    pixel_range: tuple[float, float] = (-1.0, 1.0),
    seed: int = 0,
    region: Region | None = None,
    keras_model: Any | None = None,
    spill: Spill = "analog",
    placement: str = "auto",
    weights: str = "auto",
    swap_kernels: bool = False,
    trust: bool = False,
    progress: Progress = silent,
) -> ProgramReport:
    """Compiles ``network`` and runs it on images, the first of which is recorded step by step.

    What is read out of the array is compared with the network's graph, pixel by pixel; where ``network`` is a Keras
    model, or the file of one, its outputs are compared with Keras too.

    Args:
        network: a Keras model, a QuantGraph, or the path of a network's file.
        sensor: a sensor's name, the path of its YAML file, or a ``Sensor``.
        images: ``[N, height, width, channels]`` as the network takes them, of several inputs one such array for each
            name; by default one of random grey levels.
        pixel_range: the network's input values for no light and for the brightest.
        seed: of the random image.
        region: the part of the array to record, see ``StepRecorder``.
        keras_model: the Keras model that ``network`` was read from, where it is not one itself.
        spill: how far planes may move, as in ``compile``.
        placement: where channels lie, as in ``compile``.
        weights: where the program takes weights from, as in ``compile``.
        swap_kernels: whether kernels may be swapped in the store within the frame, as in ``compile``.
        trust: whether the file of a Keras model may run code that it brings, as in ``load_keras_model``.
        progress: called with a line of text before each part of the work.

    Raises:
        UnsupportedError: the array cannot run a layer.
        RegisterError: a layer needs more registers than there are.
        StoreError: the kernels take more words than the store holds.
        UntrustedModelError: the file would run code, and ``trust`` is not given.
        ValueError: the images have another shape than the network takes, or the region is not within the array.
    """
    if isinstance(network, str | Path) and Path(network).suffix in KERAS_SUFFIXES:
        network = load_keras_model(network, trust=trust)
    graph = as_graph(network, trust=trust)
    how = {"placement": placement, "weights": weights, "swap_kernels": swap_kernels}
    compiled = compile_network(graph, sensor, pixel_range, spill, progress=progress, **how)
    if keras_model is None and not isinstance(network, QuantGraph | str | Path):
        keras_model = network
    return inspect_compiled(
        compiled, images, pixel_range=pixel_range, seed=seed, region=region, keras_model=keras_model, progress=progress
    )


def inspect_compiled(
    compiled: Compiled,
    images: Images | None = None,
    *,
    pixel_range: tuple[float, float] = (-1.0, 1.0),
    seed: int = 0,
    region: Region | None = None,
    keras_model: Any | None = None,
    progress: Progress = silent,
) -> ProgramReport:
    """Runs a compiled network on images, the first of which is recorded step by step.

    Args:
        compiled: the network, compiled with the same ``pixel_range``.
        keras_model: the Keras model that it was read from, to compare its outputs too.
        images, pixel_range, seed, region, progress: as in ``inspect_network``.

    Raises:
        ValueError: the images have another shape than the network takes, or the region is not within the array.
    """
    progress("running a frame")
    graph = compiled.graph
    if images is None:
        images = _random_images(compiled.array.image_shapes, pixel_range, seed)
    exactness = [_against_graph(compiled, images)]
    if keras_model is not None:
        exactness.append(_against_keras(compiled, keras_model, images))
    return inspect_array_program(
        compiled.array,
        compiled.array_images(images)[0],
        layouts=compiled.layouts,
        kernels=_kernels(compiled),
        name=graph.name,
        region=region,
        exactness=exactness,
    )


def inspect_array_program(
    array: ArrayProgram,
    images: Mapping[str, np.ndarray],
    *,
    layouts: Mapping[str, Layout] | None = None,
    kernels: Sequence[MapPlace] = (),
    name: str = "program",
    region: Region | None = None,
    exactness: Sequence[Exactness] = (),
) -> ProgramReport:
    """Runs one frame of a compiled program and records it.

    Args:
        array: the program, as ``compile_network`` makes it or ``read_program`` reads it.
        images: by the name of the input, as ``ArrayProgram.frame`` takes them.
        layouts: where its maps lie, by the names of values; those of inputs and outputs are added.
        kernels: where the weights lie that are kept on the array.
        name: what reports call the program.
        region: the part of the array to record, see ``StepRecorder``.
        exactness: how the program compares with references, if it was compared.

    Raises:
        ValueError: an image is missing or has another shape, or the region is not within the array.
    """
    simulator = Simulator(array.sensor)
    ends = {value.name: value.layout for value in (*array.inputs, *array.outputs)}
    every = {**(layouts or {}), **ends}
    recorder = StepRecorder(simulator, region, extent=_extent(every.values()))
    _, run = array.frame(simulator, images, recorder)
    maps = [_map_place(value, layout) for value, layout in every.items()]
    return report_of(array.program, simulator, run, recorder, name, [*maps, *kernels], exactness)


def _random_images(
    shapes: Mapping[str, tuple[int, ...]], pixel_range: tuple[float, float], seed: int
) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    greys = grey_values(pixel_range)
    return {name: greys[rng.integers(0, GREY_LEVELS, (1, *shape))] for name, shape in shapes.items()}


def _against_keras(compiled: Compiled, model: Any, images: Images) -> Exactness:
    """Outputs of the network: those of the array, and what the controller makes of them."""
    simulated = compiled.run(images)
    if isinstance(images, Mapping):
        given = [images[name] for name in compiled.array.image_shapes]
        images = given[0] if len(given) == 1 else given
    expected = model(images)
    expected = [expected] if len(simulated) == 1 else list(expected)
    pairs = [(simulated[name], np.asarray(value)) for name, value in zip(compiled.output_names, expected, strict=True)]
    differing = sum(np.count_nonzero(~np.isclose(a, b, rtol=1e-4, atol=1e-4)) for a, b in pairs)
    return Exactness("Keras", sum(value.size for _, value in pairs), int(differing))


def _against_graph(compiled: Compiled, images: Images) -> Exactness:
    """Values that are read out of the array."""
    expected = interpret(compiled.graph, images, [output.name for output in compiled.array.outputs])
    simulator = Simulator(compiled.sensor)
    compared = differing = 0
    for number, given in enumerate(compiled.array_images(images)):
        values, _ = compiled.array.frame(simulator, given)
        for name, value in values.items():
            op, value = compiled.graph[name], value.astype(np.float32)
            value = rescale(op, value[None])[0] if isinstance(op, Linear) else value
            compared += value.size
            differing += int(np.count_nonzero(value != expected[name][number]))
    return Exactness("the network's graph", compared, differing)


def _extent(layouts: Iterable[Layout]) -> tuple[int, int] | None:
    """Rows and columns from the corner of the array to the end of all maps; None where there are none."""
    ends = []
    for layout in layouts:
        (rows, columns), tiles = layout.extent, layout.tiles
        if tiles:
            rows, columns = (grid * size for grid, size in zip(tiles.grid, tiles.size, strict=True))
        ends.append((rows, columns))
    return (max(rows for rows, _ in ends), max(columns for _, columns in ends)) if ends else None


def _map_place(name: str, layout: Layout) -> MapPlace:
    down, right = layout.spacing.unit
    return MapPlace(
        name=name,
        kind="feature map",
        height=layout.height,
        width=layout.width,
        pitch=layout.pitch,
        places=tuple((place.plane, place.row * down, place.column * right) for place in layout.places),
    )


def _kernels(compiled: Compiled) -> list[MapPlace]:
    """The kernels whose weights lie in the tiles of their outputs."""
    found = []
    for name, schedule in compiled.schedules.items():
        codes, layout = compiled.graph[name].kernel.codes, compiled.layout_behind(name)
        if layout and are_spread(codes, schedule.weights):
            height, width = codes.shape[:2]
            places = kernel_homes(layout)
            found.append(MapPlace(name=name, kind="kernel", height=height, width=width, pitch=(1, 1), places=places))
    return found
