"""Maps in tiles, with weights from every source: simulated against the interpreter, and chosen by cost."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from larq_focal.focal_plane import load_sensor, sensor_names
from larq_focal.focal_plane.compiler import (
    RegisterError,
    StoreError,
    UnsupportedError,
    compile_network,
    read_program,
    simulate,
    write_program,
)
from larq_focal.focal_plane.compiler.backend.virtual import Code
from larq_focal.focal_plane.compiler.layers.convolution import output_places
from larq_focal.focal_plane.compiler.layers.weights import PatternWeights
from larq_focal.focal_plane.compiler.placement.layout import Layout, places_in_blocks
from larq_focal.focal_plane.compiler.placement.patterns import Constants
from larq_focal.network import Kernel, interpret, ops
from tests.focal_plane.compiler.random_layers import Draw, drawn, images, network, small

DRAWS = 30
SOURCES = ("patterns", "packed", "analog")
SENSORS = tuple(name for name in sensor_names() if name != "scamp5_programmer")  # SCAMP-5, only counted otherwise


def sources_of(sensor: str) -> tuple[str, ...]:
    return SOURCES if load_sensor(sensor).digital.flag else SOURCES[:2]


def check(graph, sensor, **options):
    """The program, whose outputs equal the interpreter's at every pixel."""
    inputs = images(graph, 2)
    expected = interpret(graph, inputs, graph.outputs)
    compiled = compile_network(graph, sensor, **options)
    for output, values in compiled.run(inputs).items():
        np.testing.assert_array_equal(values, expected[output], f"{options}")
    return compiled


@pytest.mark.parametrize("sensor", SENSORS)
@pytest.mark.parametrize(
    "changes",
    [
        {"height": 16, "width": 16},  # tiles without a margin
        {"height": 16, "width": 16, "padding": "same"},
        {"height": 13, "width": 15, "padding": "same", "pad_value": 1.0, "kernel_size": 4},  # margins, one too small
        {"padding": "same", "is_ternary": True},
        {"padding": "same", "pad_value": 1.0, "kernel_size": 5, "stride": 2, "out_channels": 3},
        {"padding": "same", "dilation": 2, "kernel_size": 2},
        {"pool": "after", "pool_padding": "same", "pool_size": 3},
        {"stride": 2, "pool": "before", "out_channels": 16},
        {"in_channels": 4, "groups": 4, "padding": "same"},  # every channel stays in its tile
        {"in_channels": 4, "groups": 2, "out_channels": 8, "kernel_size": 2},  # channels come to other tiles
        {"out_channels": 20, "height": 14, "width": 14},  # more channels than tiles
        {"out_channels": 16, "kernel_size": 1},
    ],
    ids=lambda changes: "-".join(f"{key}={value}" for key, value in changes.items()),
)
def test_tiled_layers_equal_the_interpreter(changes, sensor):
    graph = network(Draw(**changes))
    for source in sources_of(sensor):
        compiled = check(graph, small(sensor), placement="tiled", weights=source)
        assert all(schedule.weights == source for schedule in compiled.schedules.values())


@pytest.mark.slow
@pytest.mark.parametrize("sensor", SENSORS)
def test_random_tiled_layers_equal_the_interpreter(sensor):
    refused = 0
    draws = [
        draw for draw in map(drawn, range(DRAWS)) if draw.in_channels // draw.groups <= 2 and draw.out_channels > 1
    ]
    for draw in draws:
        for source in sources_of(sensor):
            try:
                check(network(draw), small(sensor), placement="tiled", weights=source)
            except (RegisterError, StoreError):
                refused += 1
    assert refused <= 0.1 * len(draws) * len(sources_of(sensor))


def two_layers(padding: str = "same"):
    """1 to 8 channels, a pool, and a depthwise layer on what it leaves, with signs of either direction."""
    rng = np.random.default_rng(5)
    bits = network(Draw(height=16, width=16, out_channels=8, padding="same", pool="after"))
    side = 8 if padding == "same" else 6
    codes = rng.choice([-1, 1], (3, 3, 1, 8)).astype(np.int8)
    more = [
        ops.Conv2D(
            name="depthwise",
            inputs=bits.outputs,
            shape=(side, side, 8),
            kernel=Kernel(codes, np.ones(8, np.float32), 1),
            strides=(1, 1),
            dilation=(1, 1),
            padding=padding,
            pad_value=1.0,
            groups=8,
        ),
        ops.Affine(
            name="scaled",
            inputs=("depthwise",),
            shape=(side, side, 8),
            mean=rng.normal(0, 2, 8).astype(np.float32),
            scale=rng.choice([-1, 1], 8).astype(np.float32),
            bias=np.zeros(8, np.float32),
        ),
        ops.Binarize(name="last", inputs=("scaled",), shape=(side, side, 8), threshold=np.float32(0)),
    ]
    return bits.rewritten([*bits, *more], outputs=("last",))


@pytest.mark.parametrize("sensor", SENSORS)
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_networks_of_two_tiled_layers_equal_the_interpreter(sensor, padding):
    for source in sources_of(sensor):
        check(two_layers(padding), small(sensor), placement="tiled", weights=source)


def test_a_network_of_two_layers_is_compiled_in_all_ways_while_one_waits():
    started = time.process_time()
    compiled = compile_network(two_layers(), "scamp5")
    assert time.process_time() - started < 5
    assert len(compiled.other_costs) == len(SOURCES)
    assert compiled.cost.time_us == min(cost.time_us for cost in (compiled.cost, *compiled.other_costs))


def test_a_tiled_program_runs_from_its_file_on_the_light_of_one_tile(tmp_path):
    graph = network(Draw(height=16, width=16, padding="same", out_channels=6))
    compiled = check(graph, small("scamp5"), placement="tiled")
    path = write_program(compiled.array, tmp_path / "tiled.scamp")
    image = images(graph, 1)[0]
    values = simulate(read_program(path), image).values
    for name, value in interpret(graph, image[None], graph.outputs).items():
        np.testing.assert_array_equal(values[name], value[0])
    (source,) = compiled.array.inputs
    light = source.light(np.full((16, 16), 200), (64, 64))
    assert (light[:16, :16] == 200).all()
    assert light.sum() == 200 * 16 * 16


def test_the_cheapest_program_is_taken_and_the_others_are_told():
    graph = network(Draw(height=64, width=64, out_channels=16))
    compiled = check(graph, "scamp5")
    costs = [compiled.cost, *compiled.other_costs]
    assert compiled.cost.time_us == min(cost.time_us for cost in costs)
    assert {(cost.option.placement, cost.option.weights.value) for cost in costs} == {
        ("interleaved", "patterns"),
        *(("tiled", source) for source in SOURCES),
    }
    for cost in costs:
        alone = compile_network(graph, "scamp5", placement=cost.option.placement, weights=cost.option.weights.value)
        assert alone.cost == cost
        assert not alone.other_costs
    assert [entry["icw"] for entry in compiled.to_dict()["other_costs"]] == [cost.icw for cost in costs[1:]]


def test_without_a_calibration_words_decide():
    compiled = compile_network(network(Draw(out_channels=16)), small("scamp7"))
    costs = [compiled.cost, *compiled.other_costs]
    assert compiled.cost.time_us is None
    assert compiled.cost.icw == min(cost.icw for cost in costs)


def test_a_program_without_a_spill_comes_before_faster_ones():
    graph = network(Draw(height=64, width=64, out_channels=16, is_ternary=True))
    compiled = compile_network(graph, "scamp5")
    assert not compiled.allocation.spills_to
    refused = {cost.option.weights for cost in compiled.other_costs if cost.refused}
    spilling = compile_network(graph, "scamp5", placement="tiled", weights="packed")
    assert spilling.option.weights in refused
    assert spilling.allocation.spills_to
    assert spilling.cost.time_us < compiled.cost.time_us


def test_dense_layers_are_tiled_only_where_it_is_asked_for():
    graph = network(Draw(in_channels=4, out_channels=4, height=16, width=16))
    assert not compile_network(graph, small("scamp5")).other_costs
    check(graph, small("scamp5"), placement="tiled", weights="patterns")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"placement": "stacked"}, "placement is 'stacked'; choose from auto, interleaved, tiled"),
        ({"weights": "immediate"}, "weights is 'immediate'; choose from auto, patterns, packed, analog"),
        ({"placement": "interleaved", "weights": "packed"}, "weights='packed' spread over tiles"),
    ],
)
def test_options_that_are_unknown_or_contradict_each_other(options, message):
    with pytest.raises(ValueError, match=message):
        compile_network(network(Draw()), **options)


def test_what_cannot_be_tiled_says_why():
    with pytest.raises(UnsupportedError, match="no use for tiles of 64x64 pixels on 64x64"):
        compile_network(network(Draw(height=64, width=64)), small("scamp5"), placement="tiled")
    with pytest.raises(UnsupportedError, match="scamp7 has no FLAG"):
        compile_network(network(Draw()), "scamp7", weights="analog")
    with pytest.raises(UnsupportedError, match="'conv': 5x5 weights do not fit in tiles of 4x4"):
        graph = network(Draw(height=4, width=4, kernel_size=5, padding="same"))
        compile_network(graph, small("scamp5"), weights="packed")
    no_mask = load_sensor("scamp5")
    no_mask = replace(no_mask, digital=replace(no_mask.digital, mask=()))
    with pytest.raises(UnsupportedError, match="no mask register"):
        compile_network(network(Draw()), no_mask, placement="tiled")


@pytest.mark.parametrize("signs", range(1, 15))
def test_patterns_are_those_of_the_sign_that_takes_fewer(signs):
    """Of 2x2 places with weights of either sign, one row, column or place is one pattern, and a diagonal two."""
    weights = {(place // 2, place % 2): 1 if signs >> place & 1 else -1 for place in range(4)}
    code = Code(load_sensor("scamp5"))
    layout = Layout(8, 8, (2, 2), places_in_blocks(4, (2, 2)))
    planes, _ = PatternWeights(Constants(code), layout).signs((0, 0), weights)
    is_diagonal = weights[0, 0] == weights[1, 1] != weights[0, 1] == weights[1, 0]
    assert len(planes) == (2 if is_diagonal else 1)


def test_outputs_of_a_group_lie_where_its_inputs_do():
    layout = Layout(8, 8, (4, 4), places_in_blocks(16, (4, 4)))
    kernel = Kernel(np.ones((3, 3, 2, 64), np.int8), np.ones(64, np.float32), 1)
    op = ops.Conv2D(name="conv", inputs=("bits",), shape=(6, 6, 64), kernel=kernel, groups=8)
    places = output_places(layout, op)
    assert len(set(places)) == 64 and max(place.plane for place in places) == 3
    for channel, place in enumerate(places):
        group = channel // 8
        assert place.offset in [layout.places[2 * group + source].offset for source in (0, 1)]


def test_groups_do_not_take_more_planes_for_that():
    """Three outputs for one input would take three planes, of which two would be empty but for a few places."""
    layout = Layout(8, 8, (4, 4), places_in_blocks(2, (4, 4)))
    kernel = Kernel(np.ones((3, 3, 1, 6), np.int8), np.ones(6, np.float32), 1)
    op = ops.Conv2D(name="conv", inputs=("bits",), shape=(6, 6, 6), kernel=kernel, groups=2)
    assert output_places(layout, op) == places_in_blocks(6, (4, 4))
