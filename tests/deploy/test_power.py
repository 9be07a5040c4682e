"""Power is read from the sensors of the board, or else from the counters of the processor."""

from __future__ import annotations

from pathlib import Path

import pytest

from larq_focal.deploy import power
from larq_focal.deploy.power import find_power_meter
from tests.deploy.boards import RASPBERRY_PI_5, written

INA219 = {"name": "ina219\n", "in1_input": "5100\n", "curr1_input": "700\n", "power1_input": "3570000\n"}
INA3221 = {
    "name": "ina3221\n",
    **{f"in{n}_input": f"{mv}\n" for n, mv in ((1, 5000), (2, 5000), (3, 0))},
    **{f"curr{n}_input": f"{ma}\n" for n, ma in ((1, 400), (2, 200), (3, 0))},
    "in4_input": "12\n",
}
RAPL = {
    "intel-rapl:0/name": "package-0\n",
    "intel-rapl:0/energy_uj": "1000000\n",
    "intel-rapl:0/max_energy_range_uj": "262143328850\n",
    "intel-rapl:0:0/name": "core\n",
    "intel-rapl:0:0/energy_uj": "900000\n",
}


def chip(folder: Path, number: int, files: dict[str, str]) -> Path:
    return written(folder, {f"sys/class/hwmon/hwmon{number}/{name}": text for name, text in files.items()})


def rapl(folder: Path, **changes: str) -> Path:
    return written(folder, {f"sys/class/powercap/{name}": text for name, text in (RAPL | changes).items()})


@pytest.fixture
def clock(monkeypatch):
    """A clock that moves only where it is told to."""

    class Clock:
        now = 100.0

    monkeypatch.setattr(power, "monotonic", lambda: Clock.now)
    return Clock


@pytest.mark.parametrize(("files", "watts"), [(INA219, 3.57), (INA3221, 3.0)])
def test_sensors_on_the_board(files, watts, tmp_path, clock):
    meter = find_power_meter(chip(tmp_path, 3, files))
    assert meter.source == files["name"].strip()
    meter.start()
    meter.sample()
    assert meter.stop() == pytest.approx(watts)


def test_readings_are_averaged_and_not_taken_too_often(tmp_path, clock):
    meter = find_power_meter(chip(tmp_path, 0, INA219))
    meter.start()
    for microwatts, seconds in (("2000000", 0.001), ("9000000", 0.03), ("4000000", 0.03)):
        chip(tmp_path, 0, {"power1_input": microwatts})
        meter.sample()
        clock.now += seconds
    assert meter.stop() == pytest.approx(3.0), "the second came too soon"
    assert find_power_meter(tmp_path).stop() is None, "nothing was read"


def test_the_energy_of_all_processor_packages(tmp_path, clock):
    meter = find_power_meter(rapl(tmp_path))
    assert meter.source == "RAPL (package-0)"
    meter.start()
    clock.now += 2
    rapl(tmp_path, **{"intel-rapl:0/energy_uj": "31000000\n"})
    assert meter.stop() == pytest.approx(15.0)


def test_a_counter_that_wraps(tmp_path, clock):
    rapl(tmp_path, **{"intel-rapl:0/energy_uj": "262143000000\n"})
    meter = find_power_meter(tmp_path)
    meter.start()
    clock.now += 1
    rapl(tmp_path, **{"intel-rapl:0/energy_uj": "1671150\n"})
    assert meter.stop() == pytest.approx(2.0)


def test_a_sensor_on_the_board_comes_first(tmp_path):
    assert find_power_meter(chip(rapl(tmp_path), 0, INA219)).source == "ina219"


def test_the_regulator_of_a_raspberry_pi_5(tmp_path, monkeypatch, clock):
    (tmp_path / "vcgencmd").write_text(
        "#!/bin/sh\n[ $1 = pmic_read_adc ] && cat <<END\n"
        "  3V3_SYS_A current(1)=0.10000000A\n  VDD_CORE_A current(7)=2.50000000A\n"
        "  3V3_SYS_V volt(9)=3.30000000V\n  VDD_CORE_V volt(15)=0.80000000V\n  EXT5V_V volt(24)=5.10000000V\n"
        "  ODD_A current(3)=1.2.3A\n  ODD_V volt(4)=nanV\nEND\n"
    )
    (tmp_path / "vcgencmd").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr(power, "_ina", lambda root: None)
    meter = find_power_meter()
    assert meter.source == "PMIC"
    meter.start()
    meter.sample()
    assert meter.stop() == pytest.approx(0.33 + 2.0), "a rail whose current is not measured does not count"


def test_firmware_of_other_boards_has_no_regulator(tmp_path, monkeypatch):
    (tmp_path / "vcgencmd").write_text('#!/bin/sh\necho "error=1 error_msg=Command not registered"\n')
    (tmp_path / "vcgencmd").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr(power, "_ina", lambda root: None)
    monkeypatch.setattr(power, "_rapl", lambda root: None)
    assert find_power_meter() is None


def test_other_sensors_are_no_power_meters(tmp_path):
    assert find_power_meter(written(tmp_path, RASPBERRY_PI_5)) is None
    assert find_power_meter(chip(tmp_path, 7, {"name": "amdgpu\n", "power1_input": "9000000\n"})) is None
    assert find_power_meter(chip(tmp_path, 8, {"name": "ina219\n"})) is None, "a chip without readings"
