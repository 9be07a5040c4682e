"""Sensors: the figures of those that come with the package, and what is refused in a file."""

from __future__ import annotations

import pytest
import yaml

from larq_focal.focal_plane import SensorError, fit, load_sensor, sensor_names
from larq_focal.focal_plane.machine.noise import load_noise
from larq_focal.focal_plane.sensor.known_sensors import SENSORS, TEMPLATE
from tests.focal_plane.graphs import two_layer_network

CALIBRATION = {"name": "mine", "source": "here", "cycles_per_icw": 2, "overhead_us": {}, "contained": []}


def changed(tmp_path, path: str, value=..., base: str = TEMPLATE):
    """The template with one value changed, or removed if none is given."""
    data = yaml.safe_load((SENSORS / f"{base}.yaml").read_text())
    *sections, key = path.split(".")
    section = data
    for name in sections:
        section = section[name]
    if value is ...:
        del section[key]
    else:
        section[key] = value
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(data))
    return file


@pytest.mark.parametrize("name", [*sensor_names(), TEMPLATE])
def test_every_sensor_reads(name):
    sensor = load_sensor(name)
    assert sensor.plane_bits == sensor.height * sensor.width
    assert str(sensor.digital.nominal) in sensor.registers_text


def test_template_is_not_offered():
    assert TEMPLATE not in sensor_names()
    assert {"scamp5", "scamp5_programmer", "scamp7"} <= set(sensor_names())


@pytest.mark.parametrize(("name", "digital", "analog"), [("scamp5", 12, 6), ("scamp5_programmer", 13, 7)])
def test_scamp5_is_one_chip_counted_in_two_ways(name, digital, analog):
    """R0 to R12, A to F and NEWS: SCAMP-5c documentation, jianingchen.github.io/scamp5c/html/a00010.html."""
    sensor = load_sensor(name)
    assert (sensor.digital.nominal, sensor.analog.nominal) == (digital, analog)
    assert (len(sensor.digital.free), len(sensor.digital.holders), len(sensor.analog.storage)) == (7, 8, 6)
    assert sensor.registers_text.count("usable 7 digital, +4 (R1, R2, R3, R4) between shifts, +1 (R12)") == 1


def test_scamp7():
    """23 one-bit and 7 analog registers: Murray et al., CVPR 2025."""
    sensor = load_sensor("scamp7")
    assert (sensor.digital.nominal, sensor.analog.nominal) == (23, 7)


def test_energy_of_an_array_instruction():
    """1.23 W at 10 MHz, VLSI 2013, where 1.9 pJ per operation of one pixel is given."""
    sensor = load_sensor("scamp5")
    assert sensor.energy_per_cycle_nj == pytest.approx(123)
    assert sensor.energy_per_cycle_nj * 1e3 / sensor.plane_bits == pytest.approx(1.9, rel=0.02)


def test_plane_capacity():
    sensor = load_sensor("scamp5")
    assert (sensor.plane_bits, sensor.plane_bytes) == (65_536, 8_192)


def test_what_is_unknown_stays_unknown():
    sensor = load_sensor("scamp5")
    published = {"global_sum_16": 14, "global_sum_64": 28}
    assert {call: us for call, us in sensor.overhead_us.items() if us is not None} == published
    assert load_sensor("scamp7").clock_hz is None and load_sensor("scamp7").energy_per_cycle_nj is None


@pytest.mark.parametrize("load", [load_sensor, load_noise, lambda name: fit(two_layer_network(), name)])
def test_a_name_that_is_too_long_for_a_file_is_not_known(load):
    with pytest.raises(SensorError, match=r"There is no (sensor|noise model) 'xxx") as error:
        load("x" * 3000)
    assert len(str(error.value)) < 600


def test_unknown_sensor_lists_those_there_are():
    with pytest.raises(SensorError, match=r"no sensor 'scamp6': choose from scamp5, .*scamp7"):
        load_sensor("scamp6")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("clock_hz", ..., "'clock_hz' is missing"),
        ("digital.free", ..., "'digital.free' is missing"),
        ("instruction_icw.nor", ..., "'instruction_icw.nor' is missing"),
        ("colour", "red", "'colour' is not a key"),
        ("analog.colour", "red", "'analog.colour' is not a key"),
        ("instruction_icw.nand", 4, "'instruction_icw.nand' is not a key"),
        ("instruction_icw.nor", -1, "'instruction_icw.nor' must be at least 0, not -1"),
        ("instruction_icw.nor", None, "'instruction_icw.nor' must be a number, not None"),
        ("instruction_icw.nor", 1.5, "'instruction_icw.nor' must be a whole number, not 1.5"),
        ("overhead_us.flood", -0.1, "'overhead_us.flood' must be at least 0, not -0.1"),
        ("clock_hz", "10 MHz", "'clock_hz' must be a number or null, not '10 MHz'"),
        ("clock_hz", float("nan"), "'clock_hz' must be a number or null, not nan"),
        ("power_w.chip", True, "'power_w.chip' must be a number or null, not True"),
        ("array.height", 0, "'array.height' must be at least 1, not 0"),
        ("digital", 13, "'digital' must hold keys"),
        ("digital.free", "R5", "'digital.free' must be a list of texts"),
        ("digital.free", [5], "'digital.free' must be a list of texts"),
        ("digital.free", ["R5", "R12"], "register R12 is used twice, in 'digital.propagation', 'digital.free'"),
        ("digital.free", ["R5", "R5"], "register R5 is used twice, in 'digital.free'"),
        ("analog.port", ["A"], "register A is used twice, in 'analog.storage', 'analog.port'"),
        ("digital.uncounted", ["R99"], "'digital.uncounted' names R99, which is not a register here"),
        ("spills_to_controller", ..., "'spills_to_controller' is missing"),
        ("spills_to_controller", "yes", "'spills_to_controller' must be true or false, not 'yes'"),
        ("name", 5, "'name' must be a text, not 5"),
        ("assumptions", "none", "'assumptions' must be a list of texts"),
        ("calibrations", ..., "'calibrations' is missing"),
        ("calibrations", {}, "'calibrations' must be a list"),
        ("calibrations", [{"name": "mine"}], r"'calibrations\[0\]\.source' is missing"),
        ("calibrations", [CALIBRATION | {"contained": ["fly"]}], r"'calibrations\[0\]\.contained' names fly"),
        ("calibrations", [CALIBRATION | {"overhead_us": {"fly": 1}}], "overhead_us.fly' is not a key"),
        ("calibrations", [CALIBRATION | {"overhead_us": {"flood": -1}}], "overhead_us.flood' must be at least 0"),
        ("digital.direction", [], "'digital.direction' must name 4 registers, not 0"),
        ("digital.direction", ["R1", "R2"], "'digital.direction' must name 4 registers, not 2"),
        ("digital.flag", ["FLAG", "F2"], "'digital.flag' must name 0 or 1 register, not 2"),
        ("digital.mask", ["R0", "R9"], "'digital.mask' must name 0 or 1 register, not 2"),
        ("digital.free", ["R 5"], "'digital.free' names 'R 5'; a register has a name of letters"),
        ("digital.free", [f"R{n}" for n in range(20, 99)], "'digital.free' must name at most 64 registers, not 79"),
        ("analog.port", ["NEWS", "OLD"], "'analog.port' must name 0 or 1 register, not 2"),
        ("analog.storage", ["R5"], "register R5 is both digital and analog"),
        ("analog.storage", ["PIX"], "a register cannot be called PIX"),
        ("analog.maximum", 10**9, "'analog.maximum' must be at most 8,191, not 1000000000"),
        ("analog.smallest_step", 128, "'analog.smallest_step' of 128 is larger than 'analog.maximum' of 127"),
        ("array.height", 10**7, "'array.height' must be at most 4,096, not 10000000"),
        ("array", {"height": 4096, "width": 4096}, "'array' of 4096x4096 has more than 4,194,304 pixels"),
        ("clock_hz", 10**400, "'clock_hz' must be a number or null, not 1000"),
        ("clock_hz", 10**13, "'clock_hz' must be at most 1,000,000,000,000, not 10000000000000"),
        ("extends", ["scamp5"], "'extends' must be one of scamp5, .*, not "),
        ("extends", "scamp6", "'extends' must be one of scamp5, .*, not 'scamp6'"),
    ],
)
def test_fault_is_refused_by_file_key_and_fix(tmp_path, path, value, message):
    with pytest.raises(SensorError, match=rf"mine\.yaml': .*{message}"):
        load_sensor(changed(tmp_path, path, value))


@pytest.mark.parametrize("content", ["", "- a list", "name: [", "\x00"])
def test_what_is_no_sensor_file(tmp_path, content):
    file = tmp_path / "mine.yaml"
    file.write_text(content)
    with pytest.raises(SensorError, match=r"mine\.yaml'"):
        load_sensor(file)


def test_extending_keeps_what_is_left_out(tmp_path):
    file = tmp_path / "calibrated.yaml"
    file.write_text("extends: scamp5\nname: calibrated\noverhead_us: {load_pattern: 9.0}\n")
    sensor, base = load_sensor(file), load_sensor("scamp5")
    assert sensor.overhead_us == {**base.overhead_us, "load_pattern": 9.0}
    assert sensor.digital == base.digital and sensor.name == "calibrated"


def test_aliases_do_not_swell_the_message(tmp_path):
    """Nine levels of ten aliases each would be 10^9 words."""
    levels = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    file = tmp_path / "mine.yaml"
    for key in ("name", "clock_hz", "assumptions"):
        file.write_text("extends: scamp5\n" + "\n".join(levels) + f"\n{key}: *a9\n")
        with pytest.raises(SensorError) as caught:
            load_sensor(file)
        assert len(str(caught.value)) < 2000 and "mine.yaml" in str(caught.value)


@pytest.mark.parametrize("text", ["name: 2024-13-45", "name: " + 4000 * "[", f"clock_hz: {'9' * 5000}"])
def test_values_that_yaml_cannot_hold_are_one_error(tmp_path, text):
    file = tmp_path / "mine.yaml"
    file.write_text("extends: scamp5\n" + text)
    with pytest.raises(SensorError, match=r"mine\.yaml' is not a readable YAML file"):
        load_sensor(file)
