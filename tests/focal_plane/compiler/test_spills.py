"""Planes that move to analog registers or to the controller and back: as exact as those that stay."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import yaml

from larq_focal.focal_plane import Verdict, fit, load_sensor
from larq_focal.focal_plane.compiler import (
    Code,
    Compiled,
    RegisterError,
    build,
    compile_network,
    read_program,
    write_program,
)
from larq_focal.focal_plane.machine import Simulator, disassemble
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.focal_plane.sensor.known_sensors import SENSORS
from larq_focal.network import interpret
from tests.focal_plane.compiler.random_layers import Draw, drawn, images, network, small
from tests.support.printing import printed

SCAMP5 = load_sensor("scamp5")
DENSE = Draw(in_channels=16, out_channels=16, height=12, width=12, padding="same")
SMALL = Draw(in_channels=4, out_channels=4, padding="same")  # 36 taps: 6 bits of count


def tight(free: int = 7, analog: int = 6, **changes) -> Sensor:
    """A small SCAMP-5 with fewer free digital registers and fewer analog ones."""
    sensor = small("scamp5")
    digital = replace(sensor.digital, free=sensor.digital.free[:free])
    return replace(
        sensor, digital=digital, analog=replace(sensor.analog, storage=sensor.analog.storage[:analog]), **changes
    )


def checked(draw: Draw, sensor: Sensor, **options) -> Compiled:
    """The compiled layer, whose frame is what the interpreter says at every pixel."""
    graph = network(draw)
    inputs = images(graph, 1, draw.seed)
    compiled = compile_network(graph, sensor, **options)
    expected = interpret(graph, inputs, graph.outputs)
    for output, values in compiled.run(inputs).items():
        np.testing.assert_array_equal(values, expected[output], str(draw))
    return compiled


def crowd(sensor: Sensor, count: int) -> Code:
    """``count`` planes that are all live at once, then read."""
    code = Code(sensor)
    planes = [code.loaded("load_plane", f"input{index}") for index in range(count)]
    for index, plane in enumerate(planes):
        code.call("read_plane", plane, result=f"value{index}")
    return code


@pytest.mark.parametrize("analog", [0, 2, 6])
def test_what_finds_no_analog_register_goes_to_the_controller(analog):
    sensor, rng = tight(analog=analog), np.random.default_rng(0)
    inputs = {f"input{index}": rng.random((64, 64)) < 0.5 for index in range(24)}
    built = build(crowd(sensor, 24), spill="controller")
    results = Simulator(sensor).run(built.program, inputs).results
    for index in range(24):
        np.testing.assert_array_equal(results[f"value{index}"][0], inputs[f"input{index}"])
    moves = built.allocation.moves
    assert len(moves["analog"].homes) == analog and moves["analog"].bytes == 0
    assert moves["controller"].stores >= 24 - 13 - analog
    assert moves["controller"].bytes == 512 * (moves["controller"].stores + moves["controller"].reloads)


@pytest.mark.parametrize(("analog", "home"), [(1, "controller"), (6, "analog")])  # one of them holds the sum
def test_moves_leave_alone_what_flag_holds(analog, home):
    """Planes are written, mask an addition and are needed later: their moves have to wait for the addition."""
    sensor, rng = tight(analog=analog), np.random.default_rng(0)
    inputs = {f"input{index}": rng.random((64, 64)) < 0.5 for index in range(12)}
    code = Code(sensor)
    code.emit("res", "A")
    kept = []
    for name in inputs:
        kept.append(code.nor(code.loaded("load_plane", name)))
        code.emit("WHERE", kept[-1])
        code.call("load_in", 3)
        code.emit("add", "A", "A", "IN")
        code.emit("ALL")
    code.call("read_analog", "A", result="sum")
    for name, plane in zip(inputs, kept, strict=True):
        code.call("read_plane", plane, result=f"not {name}")
    built = build(code, spill="controller")
    results = Simulator(sensor).run(built.program, inputs).results
    assert built.allocation.spills_to == (home,)
    np.testing.assert_array_equal(results["sum"][0], 3 * sum(~plane for plane in inputs.values()))
    for name, plane in inputs.items():
        np.testing.assert_array_equal(results[f"not {name}"][0], ~plane)


def test_needless_lifts_of_flag_are_left_out():
    code = Code(SCAMP5)
    for register in ("A", "B"):
        code.emit("WHERE", code.loaded("load_plane", "mask"))
        code.emit("ALL")
        code.emit("WHERE", code.loaded("load_plane", "mask"))
        code.call("load_in", 3)
        code.emit("bus", register, "IN")
        code.emit("ALL")
    code.emit("res", "C")
    text = disassemble(build(code).program)
    assert text.count("ALL()") == 1 and text.index("bus(B") < text.index("ALL()") < text.index("res(C)")


def test_the_controller_is_the_last_resort():
    assert checked(SMALL, tight(free=3), spill="controller").allocation.spills_to == ("analog",)


@pytest.mark.slow
@pytest.mark.parametrize(("free", "analog"), [(7, 0), (6, 1)])
def test_a_dense_layer_on_few_registers(free, analog):
    """3x3, 16 to 16 channels: 8 bits of count, and not the analog registers for what is too much."""
    sensor = tight(free=free, analog=analog)
    with pytest.raises(RegisterError, match="planes at once"):
        compile_network(network(DENSE), sensor)
    compiled = checked(DENSE, sensor, spill="controller")
    assert compiled.allocation.spills_to == ("analog", "controller")[1 - analog :]
    assert compiled.calls["load_plane"] >= compiled.allocation.moves["controller"].reloads > 0


def test_where_the_planes_are_and_what_their_moves_take_is_told():
    compiled = compile_network(network(SMALL), tight(free=3, analog=0), spill="controller")
    moves = compiled.allocation.moves["controller"]
    told = compiled.to_dict()
    assert told["allocation"]["spills_to"] == ["controller"] and told["controller_spill_us"] is None
    assert told["allocation"]["moves"]["controller"]["bytes"] == moves.bytes
    text = printed(compiled)
    assert f"{moves.stores} stores" in text and f"{moves.bytes:,} bytes" in text and "unknown" in text
    timed = {**compiled.sensor.overhead_us, "read_plane": 100.0, "load_plane": 10.0}
    known = replace(compiled, array=replace(compiled.array, sensor=tight(free=3, analog=0, overhead_us=timed)))
    assert known.controller_spill_us == 100 * moves.stores + 10 * moves.reloads


def test_a_program_that_spills_runs_from_its_file(tmp_path):
    sensor = tmp_path / "bare.yaml"
    sensor.write_text(
        yaml.safe_dump(
            {
                "extends": "scamp5",
                "array": {"height": 64, "width": 64},
                "digital": {"free": ["R5", "R6", "R7"]},
                "analog": {"storage": []},
            }
        )
    )
    graph = network(SMALL)
    compiled = compile_network(graph, sensor, spill="controller")
    array = read_program(write_program(compiled.array, tmp_path / "small.scamp", sensor))
    inputs = images(graph, 1)
    values, _ = array.frame(Simulator(array.sensor), compiled.array_images(inputs)[0])
    np.testing.assert_array_equal(values["sign"], interpret(graph, inputs, ["sign"])["sign"][0])


def test_names_of_the_network_are_left_alone():
    code = crowd(tight(analog=0), 20)
    code.call("read_plane", code.loaded("load_plane", "spilled_0"), result="spilled_1")
    homes = build(code, spill="controller").allocation.moves["controller"].homes
    assert homes and not {"spilled_0", "spilled_1"} & set(homes.values())


def test_spills_that_are_not_allowed_are_refused_by_name():
    graph = network(SMALL)
    forbidden = tight(free=3, spills_to_controller=False)
    for refused in (compile_network, fit):
        with pytest.raises(ValueError, match=r"scamp5 does not let planes go to the controller.*spills_to_controller"):
            refused(graph, forbidden, spill="controller")
        with pytest.raises(ValueError, match="spill must be one of none, analog, controller, not True"):
            refused(graph, forbidden, spill=True)
    with pytest.raises(RegisterError):
        compile_network(graph, tight(free=3), spill="none")


def test_the_fit_names_where_planes_go():
    report = fit(network(SMALL), tight(free=3, analog=0), spill="controller")
    (layer,) = report.layers
    assert (layer.verdict, layer.spills_to) == (Verdict.SPILL, ("controller",))
    moves = report.moves["controller"]
    assert layer.calls["read_plane"] == moves.stores and report.calls["load_plane"] >= moves.reloads
    assert report.bits_read == 8 * 8 * 4 + moves.stores * 64 * 64
    assert any(f"load_plane: not published; at least {report.calls['load_plane']} calls" in u for u in report.unknown)
    assert "to controller" in printed(report)
    assert json.loads(json.dumps(report.to_dict()))["moves"]["controller"]["bytes"] == moves.bytes
    assert fit(network(SMALL), tight(free=3, analog=0)).verdict is Verdict.NO_FIT
    assert fit(network(SMALL), tight(free=3), spill="none").verdict is Verdict.NO_FIT


def test_scamp5_may_spill_to_the_controller_and_the_template_says_how_to_allow_it():
    assert load_sensor("scamp5").spills_to_controller and not load_sensor("template").spills_to_controller
    assert "spills_to_controller" in (SENSORS / "template.yaml").read_text()


@pytest.mark.parametrize("seed", range(6))
def test_layers_on_few_registers(seed):
    checked(drawn(seed), tight(free=3, analog=0), spill="controller")


@pytest.mark.slow
@pytest.mark.parametrize(("analog", "draws", "least"), [(0, 30, 15), (1, 8, 1)])
def test_random_layers_on_few_registers(analog, draws, least):
    """Of layers of up to 100 taps, for more take minutes, ``least`` go to the controller."""
    layers = [draw for draw in map(drawn, range(draws)) if taps(draw) <= 100]
    compiled = [checked(draw, tight(free=3, analog=analog), spill="controller") for draw in layers]
    assert sum("controller" in each.allocation.spills_to for each in compiled) >= least


def taps(draw: Draw) -> int:
    return draw.kernel_size**2 * draw.in_channels // draw.groups
