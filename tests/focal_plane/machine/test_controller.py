import numpy as np
import pytest

from larq_focal.focal_plane.machine import ProgramError, Simulator, assemble
from larq_focal.focal_plane.machine.controller import FUNCTIONS
from tests.focal_plane.machine.programs import put, random_state, small_sensor

HEIGHT, WIDTH = 16, 24
ROWS, COLUMNS = np.mgrid[:HEIGHT, :WIDTH]
COLUMNS = COLUMNS[:, ::-1]  # as SCAMP-5 counts them, from the right


@pytest.fixture
def simulator():
    simulator = Simulator(small_sensor(HEIGHT, WIDTH))
    random_state(simulator, seed=0)
    return simulator


def script(simulator, *lines, planes=None):
    return simulator.run(assemble("\n".join(["main", *lines, "end"]), simulator.instruction_set), planes)


@pytest.mark.parametrize(
    ("call", "register", "expected"),
    [
        ("load_point(R5, 3, 17)", "R5", (ROWS == 3) & (COLUMNS == 17)),
        ("load_rect(R5, 2, 3, 5, 20)", "R5", (ROWS >= 2) & (ROWS <= 5) & (COLUMNS >= 3) & (COLUMNS <= 20)),
        ("load_pattern(R5, 1, 2, 252, 248)", "R5", (ROWS % 4 == 1) & (COLUMNS % 8 == 2)),
        ("select_pattern(0, 0, 254, 255)", "SELECT", ROWS % 2 == 0),
        ("select_rect(1, 1, 2, 2)", "RECT", (ROWS >= 1) & (ROWS <= 2) & (COLUMNS >= 1) & (COLUMNS <= 2)),
    ],
)
def test_patterns(simulator, call, register, expected):
    script(simulator, call)
    assert np.array_equal(simulator.read(register), expected)


def test_loads_from_the_controller(simulator):
    plane = np.random.default_rng(1).random((HEIGHT, WIDTH)) < 0.5
    script(simulator, "load_plane(R5, weights)", "load_in(-7)", planes={"weights": plane})
    assert np.array_equal(simulator.read("R5"), plane)
    assert (simulator.read("IN") == -7).all()


def test_a_plane_that_was_read_is_loaded_by_its_name_later_in_the_frame(simulator):
    first, second = simulator.read("R5"), simulator.read("R6")
    lines = ("kept = read_plane(R5)", "load_plane(R7, kept)", "kept = read_plane(R6)", "load_plane(R8, kept)")
    script(
        simulator, *lines, planes={"kept": np.zeros((HEIGHT, WIDTH), bool)}
    )  # what is read goes before what is given
    assert np.array_equal(simulator.read("R7"), first) and np.array_equal(simulator.read("R8"), second)


def test_what_was_not_read_as_a_plane_or_not_in_this_frame_is_not_loaded(simulator):
    script(simulator, "kept = read_plane(R5)")
    for line in ("", "kept = global_count(R5, A)"):
        with pytest.raises(ProgramError, match="there is no plane 'kept'; give it to the run by that name, or read it"):
            script(simulator, *filter(None, [line]), "load_plane(R7, kept)")


def test_loads_into_r12_are_masked_like_any_write(simulator):
    before, mask = simulator.read("R12"), simulator.read("R0")
    script(simulator, "load_rect(R12, 0, 0, 255, 255)")
    assert np.array_equal(simulator.read("R12"), before | mask)


def test_readout(simulator):
    bits, values = simulator.read("R5"), simulator.read("A").astype(int)
    run = script(
        simulator,
        *("plane = read_plane(R5)", "analog = read_analog(A)", "events = read_events(R5, 10)"),
        *("any = global_or(R5)", "count = global_count(R5, B)", "sum = global_sum(A)"),
        *("sparse = global_sum_sparse(A, 2, 2, 252, 252)", "sums4 = global_sum_16(A)", "sums8 = global_sum_64(A)"),
    )
    results = {name: found for name, (found,) in run.results.items()}
    assert np.array_equal(results["plane"], bits)
    assert np.array_equal(results["analog"], values)
    assert np.array_equal(results["events"][:, 0], np.argwhere(bits[:, ::-1])[:10, 0])
    assert np.array_equal(results["events"][:, 1], np.argwhere(bits[:, ::-1])[:10, 1])
    assert results["any"] is True and results["count"] == round(bits.mean() * 4095) and results["sum"] == values.sum()
    assert results["sparse"] == values[2::4, (WIDTH - 1 - 2) % 4 :: 4].sum()
    assert np.array_equal(results["sums4"], values.reshape(4, HEIGHT // 4, 4, WIDTH // 4).sum((1, 3)))
    assert np.array_equal(results["sums8"], values.reshape(8, HEIGHT // 8, 8, WIDTH // 8).sum((1, 3)))


def test_global_or_of_nothing(simulator):
    put(simulator, R5=np.zeros((HEIGHT, WIDTH)))
    assert script(simulator, "any = global_or(R5)").results["any"] == (False,)


def test_every_call_has_an_overhead_in_the_sensor(simulator):
    assert {function.overhead for function in FUNCTIONS.values()} <= simulator.sensor.overhead_us.keys()
