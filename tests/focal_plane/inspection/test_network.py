"""Looking into a compiled network: whether it is exact, and where its maps lie."""

from dataclasses import replace

import numpy as np
import pytest

from larq_focal.focal_plane.compiler import compile_network
from larq_focal.focal_plane.inspection import inspect_network
from larq_focal.focal_plane.inspection import network_inspection as inspection
from larq_focal.network.ops import Input
from tests.focal_plane.compiler.random_layers import Draw, network, small
from tests.focal_plane.graphs import chain, conv, sign, two_layer_network
from tests.focal_plane.graphs import dense as dense_layers
from tests.focal_plane.machine.programs import small_sensor

SENSOR = small_sensor(40, 40)


def test_a_compiled_network_is_exact_against_its_graph():
    images = np.random.default_rng(0).integers(0, 256, (3, 12, 12, 1)) / 127.5 - 1
    report = inspect_network(two_layer_network(side=12, maps=4), SENSOR, images)
    assert report.exactness[0].is_exact and report.exactness[0].compared == 3 * 12 * 12 * 4
    assert report.exactness[0].reference == "the network's graph"


def test_sums_that_the_controller_reads_are_compared_too():
    image = Input(name="image", shape=(8, 8, 1))
    bit = sign("bit", image)
    layer = conv("conv", bit, 4)
    report = inspect_network(chain("sums", image, bit, layer, *dense_layers("dense", layer, 3)), SENSOR)
    assert report.exactness[0].is_exact and report.exactness[0].compared == 8 * 8 * 4


def test_a_wrong_program_is_told(monkeypatch):
    """One that reads -3 and -1 for its signs differs at every pixel."""

    def inverted(*arguments, **options):
        compiled = compile_network(*arguments, **options)
        outputs = tuple(replace(o, offsets=np.full(o.layout.shape, 3)) for o in compiled.array.outputs)
        return replace(compiled, array=replace(compiled.array, outputs=outputs))

    monkeypatch.setattr(inspection, "compile_network", inverted)
    report = inspect_network(two_layer_network(side=12, maps=4), SENSOR)
    assert report.exactness[0].mismatching == report.exactness[0].compared and not report.exactness[0].is_exact


def test_maps_lie_apart():
    """No pixel of the array holds two pixels of one value."""
    report = inspect_network(two_layer_network(side=12, maps=4), SENSOR)
    assert [place.name for place in report.maps] == ["bit", "sign1", "sign2"]
    for place in report.maps:
        taken = [
            (plane, y * place.pitch[0] + row, x * place.pitch[1] + column)
            for plane, row, column in place.places
            for y in range(place.height)
            for x in range(place.width)
        ]
        assert len(set(taken)) == len(taken)
        assert max(max(row, column) for _, row, column in taken) < 40


def test_wrong_image_is_refused():
    with pytest.raises(ValueError, match="12, 12"):
        inspect_network(two_layer_network(side=12, maps=4), SENSOR, np.zeros((1, 9, 9, 1)))


@pytest.mark.parametrize(("weights", "kernels"), [("patterns", []), ("packed", ["conv"]), ("analog", ["conv"])])
def test_kernels_lie_where_the_page_shows_them(weights, kernels):
    graph = network(Draw(height=12, width=12, out_channels=4, padding="same"))
    report = inspect_network(graph, small("scamp5"), placement="tiled", weights=weights)
    shown = [place for place in report.maps if place.kind == "kernel"]
    assert [place.name for place in shown] == kernels
    if weights == "packed":
        (place,) = shown
        planes = compile_network(graph, small("scamp5"), placement="tiled", weights=weights).array.constants
        minus = graph["conv"].kernel.codes[:, :, 0] < 0
        assert any(
            all(
                len(np.unique(plane[row : row + 3, column : column + 3] ^ minus[..., channel])) == 1  # a flip, or none
                for channel, (_, row, column) in enumerate(place.places)
            )
            for plane in planes.values()
        )
