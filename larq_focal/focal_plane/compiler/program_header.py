"""What the controller must know of a compiled program, as plain values in the header of its file, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from larq_focal.focal_plane.compiler.controller_graphs import ControllerGraphs
from larq_focal.focal_plane.compiler.input_stage.inputs import ArrayInput, LightInput, PairInput, PlaneInput
from larq_focal.focal_plane.compiler.layers.dense import Scores
from larq_focal.focal_plane.compiler.outputs import Output
from larq_focal.focal_plane.compiler.placement.layout import Layout, Place
from larq_focal.focal_plane.compiler.placement.tiles import Tiles
from larq_focal.focal_plane.machine.images import check_pixel_range
from larq_focal.focal_plane.machine.program import ProgramError
from larq_focal.messages import shown
from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Pair
from larq_focal.network.tflite.metadata import FileMetadata

_MOST_BITS = 2**24  # of a value; beyond, something is wrong
_LARGEST = 2**31  # of an offset or factor
_MOST_COUNT_BITS = 32  # planes of one count


def text_value(value: Any) -> str:
    if not isinstance(value, str):
        raise ProgramError(f"the header has a value of type {type(value).__name__} where a text must stand.")
    return value


def whole_number(value: Any) -> int:
    if type(value) is not int or abs(value) > _LARGEST:
        raise ProgramError(f"the header has {_shown(value)} where a whole number must stand.")
    return value


def sizes(values: Any, count: int) -> tuple[int, ...]:
    """``count`` sizes, each above 0."""
    if not isinstance(values, list) or len(values) != count:
        raise ProgramError(f"the header has {_shown(values)} where {count} sizes must stand.")
    found = tuple(whole_number(value) for value in values)
    if min(found) < 1 or math.prod(found) > _MOST_BITS:
        raise ProgramError(f"the header names the size {list(found)}, which is out of bounds.")
    return found


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
    height, width, channels = sizes(data["shape"], 3)
    places = tuple(Place(*(whole_number(value) for value in place)) for place in data["places"])
    if len(places) != channels or any(min(place.plane, place.row, place.column) < 0 for place in places):
        raise ProgramError(f"the header places {len(places)} channels of {channels}.")
    if {place.plane for place in places} != set(range(1 + max(place.plane for place in places))):
        raise ProgramError("the header leaves planes without a channel: places begin with plane 0 and leave none out.")
    if type(data["spread"]) is not bool:
        raise ProgramError(f"the header has {_shown(data['spread'])} where true or false must stand.")
    tiles = Tiles(sizes(data["tile"], 2), sizes(data["tiles"], 2)) if "tile" in data else None
    layout = Layout(height, width, sizes(data["pitch"], 2), places, data["spread"], tiles)
    if not _is_within(layout, array):
        raise ProgramError(
            f"the header places '{text_value(data['name'])}' outside of the array of {array[0]}x{array[1]}."
        )
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


def input_data(source: ArrayInput) -> dict[str, Any]:
    data = {"name": source.name, "kind": source.to_dict()["kind"], **_layout_data(source.layout)}
    if source.sees_light:
        data["pixel_range"] = list(source.pixel_range)
    if isinstance(source, PairInput):
        data["image"] = list(source.image_size)
    return data


def read_input(data: Mapping[str, Any], array: Pair) -> ArrayInput:
    name, kind, layout = text_value(data["name"]), data["kind"], _layout(data, array)
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
    image = sizes(data["image"], 2)
    lit = image if layout.tiles else (image[0] * layout.pitch[0], image[1] * layout.pitch[1])
    if lit[0] > array[0] or lit[1] > array[1]:
        raise ProgramError(f"the image of '{name:.60}', {image[0]}x{image[1]}, is larger than the array.")
    return PairInput(name, layout, pixel_range, image)


def output_data(output: Output) -> dict[str, Any]:
    data = {"name": output.name, **_layout_data(output.layout), "planes": [list(names) for names in output.planes]}
    if output.offsets is not None:
        same = (output.offsets == output.offsets[0, 0]).all()
        data["offsets"] = (output.offsets[0, 0] if same else output.offsets).tolist()
    return data


def read_output(data: Mapping[str, Any], array: Pair) -> Output:
    layout, name = _layout(data, array), text_value(data["name"])
    offsets = None
    if "offsets" in data:
        offsets = np.asarray(data["offsets"])
        if offsets.dtype.kind not in "iu" or (offsets.size and np.abs(offsets).max() > _LARGEST):
            raise ProgramError(f"the offsets of '{name:.60}' are not whole numbers.")
        if offsets.shape not in (layout.shape, layout.shape[-1:]):
            raise ProgramError(f"the offsets of '{name:.60}' have the shape {list(offsets.shape)}, not its own.")
        offsets = np.broadcast_to(offsets.astype(np.int64), layout.shape)
    planes = tuple(tuple(text_value(result) for result in names) for names in data["planes"])
    if len(planes) != layout.planes or not all(0 < len(names) <= _MOST_COUNT_BITS for names in planes):
        raise ProgramError(f"'{name:.60}' lies in {layout.planes} planes; the header reads {len(planes)} of it.")
    return Output(name, layout, planes, offsets)


def scores_data(scores: Scores) -> dict[str, Any]:
    terms = [[f"{factor} * {name}" for name, factor in unit] for unit in scores.terms]
    data = {"name": scores.name, "terms": terms, "offsets": list(scores.offsets)}
    return data if scores.pixels is None else data | {"pixels": scores.pixels}


def read_scores(data: Mapping[str, Any]) -> Scores:
    terms = [[term.split(" * ") for term in unit] for unit in data["terms"]]
    if len(data["offsets"]) != len(terms):
        raise ProgramError(f"the header gives {len(terms)} sums and {len(data['offsets'])} offsets.")
    units = tuple(tuple((name, whole_number(int(f"{factor:.20}"))) for factor, name in unit) for unit in terms)
    offsets = tuple(whole_number(offset) for offset in data["offsets"])
    return Scores(text_value(data["name"]), units, offsets, whole_number(data["pixels"]) if "pixels" in data else None)


def controller_data(controller: ControllerGraphs) -> dict[str, Any]:
    """What is said of the controller's part beside its two graphs."""
    data = {"outputs": list(controller.output_names), "pixel_range": list(controller.pixel_range)}
    return data | ({"classes": list(controller.class_names)} if controller.class_names else {})


def read_controller(data: Mapping[str, Any], encoding: QuantGraph, tail: QuantGraph) -> ControllerGraphs:
    try:
        pixel_range = check_pixel_range(data["pixel_range"])
        names = (
            FileMetadata(tuple(text_value(name) for name in data["classes"])).class_names if "classes" in data else None
        )
    except ValueError as error:
        raise ProgramError(f"the header's {error}") from None
    outputs = tuple(text_value(name) for name in data["outputs"])
    if len(outputs) != len(tail.outputs) or len(set(outputs)) < len(outputs):
        raise ProgramError(f"the header names {len(outputs)} outputs of a network that has {len(tail.outputs)}.")
    if names is not None and [tail[name].shape for name in tail.outputs] != [(len(names),)]:
        raise ProgramError(f"the header names {len(names)} classes, which the outputs of the network are not.")
    return ControllerGraphs(encoding, tail, outputs, pixel_range, names)
