"""Analog instructions: values, saturation and small convolutions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larq_focal.focal_plane.machine import Simulator
from tests.focal_plane.machine.programs import execute, put, small_sensor

SHAPE = (9, 11)

# 3x3, applied as a correlation; rows from north to south, columns from west to east.
SOBEL = (
    *("movx(B, A, north)", "movx(C, A, south)", "add(B, B, C, A)", "add(B, B, A)"),  # 1 2 1 downwards
    *("movx(C, B, east)", "subx(D, B, west, C)"),  # west - east
)
BOX = (
    *("movx(B, A, north)", "movx(C, A, south)", "add(B, B, C, A)"),
    *("movx(C, B, east)", "movx(D, B, west)", "add(D, D, C, B)"),
)
# First kernel of AnalogNet2 as in github.com/ed741/cain, examples: quarters of these weights.
ANALOGNET2_A = np.array([[0, 0, 0], [-3, 1, 0], [-3, 0, 2]])
ANALOGNET2_A_PROGRAM = (
    *("diva(A, E, F)", "diva(A, E, F)"),
    *("movx(B, A, south)", "add(C, A, B)", "movx(C, C, west)"),  # both taps of weight -3
    *("movx(B, B, east)", "add(A, A, B)", "add(A, A, B)"),  # the tap of weight 2
    *("sub(A, A, C)", "sub(A, A, C)", "sub(D, A, C)"),
)


def simulator_with(**contents):
    simulator = Simulator(small_sensor(*SHAPE))
    put(simulator, **contents)
    return simulator


def random_values(low, high, seed=0):
    return np.random.default_rng(seed).integers(low, high + 1, SHAPE)


def correlated(values, kernel):
    padded = np.pad(values, 1)
    taps = ((r, c) for r in range(3) for c in range(3))
    return sum(kernel[r][c] * padded[r : r + SHAPE[0], c : c + SHAPE[1]] for r, c in taps)


SMALL = {name: random_values(-30, 30, seed) for seed, name in enumerate("ABCD")}
A, B, C, D = SMALL.values()


def neighbour(values, *directions):
    for direction in directions:
        rows, columns = {"north": (-1, 0), "south": (1, 0), "west": (0, -1), "east": (0, 1)}[direction]
        values = np.pad(values, 1)[1 + rows : 1 + rows + SHAPE[0], 1 + columns : 1 + columns + SHAPE[1]]
    return values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bus(E)", 0 * A),
        ("bus(E, A, B, C, D)", -(A + B + C + D)),
        ("bus2(E, F, A)", np.rint(-A / 2)),
        ("bus3(E, F, B, A)", np.rint(-A / 3)),
        ("res(E)", 0 * A),
        ("mov(E, A)", A),
        ("add(E, A, B)", A + B),
        ("add(E, A, B, C)", A + B + C),
        ("sub(E, A, B)", A - B),
        ("neg(E, A)", -A),
        ("abs(E, A)", np.abs(A)),
        ("divq(E, A)", np.rint(A / 2)),
        ("movx(E, A, north)", neighbour(A, "north")),
        ("movx(E, A, east)", neighbour(A, "east")),
        ("mov2x(E, A, north, west)", neighbour(A, "north", "west")),
        ("addx(E, A, B, south)", neighbour(A + B, "south")),
        ("add2x(E, A, B, south, south)", neighbour(A + B, "south", "south")),
        ("subx(E, A, west, B)", neighbour(A, "west") - B),
        ("sub2x(E, A, west, north, B)", neighbour(A, "west", "north") - B),
    ],
)
def test_values(text, expected):
    simulator = simulator_with(**SMALL)
    execute(simulator, text)
    assert np.array_equal(simulator.read("E"), expected)


@pytest.mark.parametrize("text", ["div(E, F, A)", "div(E, F, B, A)"])
def test_div_halves(text):
    simulator = simulator_with(**SMALL)
    execute(simulator, text)
    assert np.abs(simulator.read("E") - A / 2).max() <= 0.5
    assert np.abs(simulator.read("F") + A / 2).max() <= 0.5
    assert np.array_equal(simulator.read("B" if "B" in text else "A"), A)


def test_diva_halves_in_place():
    simulator = simulator_with(**SMALL)
    execute(simulator, "diva(A, E, F)")
    assert np.abs(simulator.read("A") - A / 2).max() <= 0.5


@given(st.lists(st.integers(-128, 127), min_size=4, max_size=4))
def test_every_write_saturates(values):
    simulator = Simulator(small_sensor(1, 1))
    a, b, c, d = values
    put(simulator, A=a, B=b, C=c, D=d)
    execute(simulator, "add(E, A, B)", "add(E, E, C)", "sub(E, E, D)")

    def saturated(value):
        return min(max(value, -128), 127)

    after = saturated(-saturated(-(a + b)))
    after = saturated(-saturated(-(after + c)))
    assert simulator.read("E")[0, 0] == saturated(-(saturated(-after) + d))


def test_movx_obeys_the_flag_of_the_pixel_that_receives():
    simulator = simulator_with(**SMALL, R5=random_values(0, 1))
    execute(simulator, "WHERE(R5)", "movx(E, A, east)", "all()")
    assert np.array_equal(simulator.read("E"), np.where(simulator.read("R5"), neighbour(A, "east"), 0))


def test_flag_takes_a_sum_of_registers():
    simulator = simulator_with(**SMALL)
    execute(simulator, "where(A, B, C)", "MOV(R5, FLAG)")
    assert np.array_equal(simulator.read("R5"), A + B + C > 0)


def test_image_capture_gives_half_and_full_range():
    simulator = Simulator(small_sensor(2, 128))
    image = np.arange(256).reshape(2, 128)
    simulator.expose(image)
    execute(simulator, "get_image(A, B)")
    half = image // 2
    assert np.array_equal(simulator.read("A"), 2 * half - 127)
    assert np.array_equal(simulator.read("B"), 127 - half)
    simulator.expose(image)
    execute(simulator, "get_image(A)")
    assert np.array_equal(simulator.read("A"), half)
    assert (simulator.read("PIX") == -127).all()


@pytest.mark.parametrize(
    ("program", "kernel", "words"),
    [
        (SOBEL, [[1, 0, -1], [2, 0, -2], [1, 0, -1]], 12),
        (BOX, [[1, 1, 1]] * 3, 12),
        (ANALOGNET2_A_PROGRAM, ANALOGNET2_A, 28),
    ],
)
def test_convolutions_equal_numpy(program, kernel, words):
    image = 4 * random_values(-2, 2)
    simulator = simulator_with(A=image)
    run = execute(simulator, *program)
    divisor = 4 if kernel is ANALOGNET2_A else 1
    assert np.array_equal(divisor * simulator.read("D"), correlated(image, kernel))
    assert run.total_icw == words
