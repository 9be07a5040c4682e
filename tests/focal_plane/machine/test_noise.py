"""The noise mode against the errors measured on a chip."""

import numpy as np
import pytest

from larq_focal.focal_plane.machine import Noise, Simulator, assemble, load_noise
from tests.focal_plane.machine.programs import execute, put, small_sensor

# Mean fall and spatial spread after so many runs of an identity kernel, by input value, in units of the range:
# github.com/bguillard/CNNs-on-FPSPs, "4 - Noise Accumulation", values_psnr_std_bias.py. Input 120 after 8 runs is left
# out: there the authors found a surge of the spread that they could not explain.
MEASURED = {
    0: {2: (6.2, 2.2), 4: (12.2, 3.0), 8: (22.5, 4.8), 16: (37.4, 9.1), 32: (55.0, 18.1)},
    100: {2: (14.5, 3.0), 4: (28.1, 3.9), 8: (51.7, 5.5), 16: (89.4, 8.4), 32: (133.5, 13.3)},
    120: {2: (17.4, 3.5), 4: (33.3, 4.4), 16: (100.1, 8.4), 32: (148.9, 12.8)},
}
IDENTITY = """
kernel identity
    diva(A, E, F)
    mov(F, A)
    add(A, A, F)
end
main
    repeat 2
        launch(identity)
    end
end
"""


def noisy(seed=0, chip_seed=0, size=(64, 64)):
    sensor = small_sensor(*size)
    return Simulator(sensor, Noise(load_noise("scamp5"), sensor, seed, chip_seed))


@pytest.mark.parametrize("value", MEASURED)
def test_measured_errors_are_reproduced(value):
    """Within 2.5 of the mean and 1.25 or 25 % of the spread; a single run, where readout weighs more, is left out."""
    simulator = noisy()
    put(simulator, A=np.full((64, 64), value))
    program = assemble(IDENTITY, simulator.instruction_set)
    for iterations in range(2, 33, 2):
        simulator.run(program)
        if iterations in MEASURED[value]:
            fall, spread = MEASURED[value][iterations]
            content = simulator.read("A")
            assert value - content.mean() == pytest.approx(fall, abs=2.5)
            assert content.std() == pytest.approx(spread, rel=0.25, abs=1.25)


def test_same_seeds_same_errors():
    contents = []
    for seeds in ((1, 2), (1, 2), (3, 2), (1, 3)):
        simulator = noisy(*seeds, size=(8, 8))
        execute(simulator, "divq(A, B)")
        contents.append(simulator.read("A"))
    assert np.array_equal(contents[0], contents[1])
    assert not np.array_equal(contents[0], contents[2]) and not np.array_equal(contents[0], contents[3])


def test_digital_registers_do_not_err():
    exact, noisy_one = Simulator(small_sensor(8, 8)), noisy(size=(8, 8))
    for simulator in (exact, noisy_one):
        bits = np.random.default_rng(0).random((8, 8)) < 0.5
        put(simulator, R6=bits)
        execute(simulator, "NOT(R5, R6)", "XORX(R7, R5, R6)", "DNEWS(R8, R6, north)")
    assert all(np.array_equal(exact.read(name), noisy_one.read(name)) for name in ("R5", "R7", "R8"))


def test_errors_keep_to_the_range_and_to_the_flag():
    simulator = noisy(size=(8, 8))
    bits = np.random.default_rng(0).random((8, 8)) < 0.5
    put(simulator, R5=bits, A=np.full((8, 8), -128), B=np.full((8, 8), 5))
    execute(simulator, "WHERE(R5)", "bus2(B, C, A)", "bus(B, A)", "ALL()")
    content = simulator.read("B")
    assert content.max() <= 127
    assert (content[~bits] == 5).all() and (content[bits] > 120).all()
