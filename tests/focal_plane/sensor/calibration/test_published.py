"""Published times, and the calibrations fitted to them; the tables are those of the sources in their files."""

from dataclasses import replace

import pytest

from larq_focal.focal_plane import SensorError, load_sensor
from larq_focal.focal_plane.machine import InstructionSet
from larq_focal.focal_plane.machine.instruction_set import Instruction
from larq_focal.focal_plane.sensor.calibration import fitted, load_published, published_for, published_names, residuals

LIU_LU = load_published("liu2022")
ANALOGNET = load_published("analognet2")
BOSE = load_published("bose2020")


def relative(published, calibration) -> dict[str, float]:
    return {row.name: round(row.residual, 3) for row in residuals(published, calibration) if not row.is_fitted}


def test_stages_of_liu_and_lu_make_their_total():
    """Y. Liu, Y. Lu, CVPR Workshops 2022: 3525 us, 283 frames/s."""
    assert sum(stage.total_us for stage in LIU_LU.stages) == LIU_LU.latency_us == 3525
    assert LIU_LU.frames_per_second == pytest.approx(1e6 / LIU_LU.latency_us, rel=0.005)


def test_stages_of_analognet2_make_its_total():
    """B. Guillard, github.com/bguillard/CNNs-on-FPSPs: 463 us with the weights of the dense layers in the code."""
    assert sum(stage.total_us for stage in ANALOGNET.stages) == ANALOGNET.latency_us == 463


def test_bose_is_published_as_a_rate():
    assert BOSE.frames_per_second == pytest.approx(1e6 / BOSE.latency_us, rel=0.001)


def test_rows_that_were_not_fitted_to():
    """Convolution 2 and threshold 2 are published as four times the first layer's; the others tell more."""
    assert relative(LIU_LU, fitted(LIU_LU)) == {
        "replicate kernels": -0.472,
        "convolution 2": 0.0,
        "max-pooling": -0.391,
        "threshold 2": 0.0,
        "convolution 3": -0.031,
        "total": -0.052,
    }
    assert relative(ANALOGNET, fitted(ANALOGNET)) == {"input binarisation": -0.287}


def test_both_calibrations_come_near_a_network_that_neither_was_fitted_to():
    """L. Bose et al., ECCV 2020: 4464 frames/s."""
    assert relative(BOSE, fitted(LIU_LU)) == {"whole network": 0.092}
    assert relative(BOSE, fitted(ANALOGNET)) == {"whole network": 0.072}


def test_fitted_rows_are_met_and_marked():
    for published in (LIU_LU, ANALOGNET):
        rows = [row for row in residuals(published, fitted(published)) if row.is_fitted]
        assert [row.name for row in rows] == list(published.fit_on)
        assert all(abs(row.residual) < 1e-9 for row in rows)
    assert not any(row.is_fitted for row in residuals(ANALOGNET, fitted(LIU_LU)))


@pytest.mark.parametrize("published", [LIU_LU, ANALOGNET])
def test_the_sensor_file_carries_what_is_fitted(published):
    calibration = fitted(published)
    carried = next(c for c in load_sensor("scamp5").calibrations if c.name == published.title)
    assert carried.cycles_per_icw == pytest.approx(calibration.cycles_per_icw, abs=0.005)
    assert carried.overhead_us == pytest.approx(calibration.overhead_us, abs=0.005)
    assert carried.contained == calibration.contained


def words(*instructions: str) -> int:
    instruction_set = InstructionSet(load_sensor("scamp5"))
    parsed = (text.rstrip(")").partition("(") for text in instructions)
    return sum(
        len(instruction_set.words(Instruction(name, tuple(filter(None, operands.split(","))))))
        for name, _, operands in parsed
    )


def test_words_of_stages_follow_from_the_instruction_set():
    """What the tables say to be counted, counted again."""
    map_threshold = words("WHERE(R5)", "mov(F,IN)", "ALL()")
    cut = words("CLR(R6)", "sub(E,C,F)", "where(E)", "MOV(R6,FLAG)", "all()")
    assert LIU_LU.stage("threshold 1").icw == 16 * map_threshold + cut
    move = words("bus(XE,F)", "bus(F,NEWS)")
    assert LIU_LU.stage("replicate input").icw == 2 * (64 + 128) * move
    addition = words("WHERE(R5)", "add(C,C,F)", "ALL()")
    assert LIU_LU.stage("convolution 3").icw == 64 * addition
    compare = words("bus(NEWS,F)", "bus(E,XE)", "sub(F,F,E)", "where(F)", "add(F,F,E)", "NOT(R0,FLAG)", "WHERE(R0)")
    compare += words("mov(F,E)", "ALL()")
    spread = words("mov(E,F)", "bus(NEWS,E)", "bus(E,XE)", "WHERE(R10)", "DNEWS(R10,FLAG,east)", "WHERE(R10)")
    spread += words("mov(F,E)", "all()")
    assert LIU_LU.stage("max-pooling").icw == 2 * compare + 2 * spread
    assert ANALOGNET.stage("convolutions and thresholds").icw == 44 + 42 + 94 + 3 * cut


def test_stages_that_do_not_tell_the_unknowns_apart_are_refused():
    with pytest.raises(ValueError, match="Liu and Lu 2022: convolution 1, convolution 2 do not tell"):
        fitted(replace(LIU_LU, fit_on=("convolution 1", "convolution 2")))


def test_published_results_are_found_by_network_and_sensor():
    assert published_for("liu2022", "scamp5") is LIU_LU
    assert published_for("liu2022", "scamp7") is None and published_for("mine", "scamp5") is None
    with pytest.raises(SensorError, match=f"No results of 'mine' are kept here: choose from {published_names()[0]}"):
        load_published("mine")
