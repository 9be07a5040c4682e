"""Costs of counting: against the programs that they cost, and against figures that were counted elsewhere."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larq_focal.focal_plane import load_sensor
from larq_focal.focal_plane.compiler.layers.count import accumulator_bits
from larq_focal.focal_plane.fits import counter_costs
from tests.focal_plane.fits.nor_machine import (
    INPUT,
    CarrySaveCounter,
    NorMachine,
    at_least,
    at_least_plane,
    count_by_ripple,
)

ICW = load_sensor("scamp5").instruction_icw
PIXELS = 32

fan_ins = st.integers(1, 200)
seeds = st.integers(0, 2**32 - 1)


def products_of(fan_in: int, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    products = generator.random((fan_in, PIXELS)) < generator.random(PIXELS)
    products[:, 0], products[:, 1] = True, False
    return products


def number(machine: NorMachine, bits: list[str]) -> np.ndarray:
    return sum(machine.planes[bit].astype(int) << index for index, bit in enumerate(bits))


@pytest.mark.parametrize(
    ("fan_in", "bits", "ripple", "carry_save"),
    [
        (9, 4, 94, 55),
        (16, 5, 217, 119),
        (25, 5, 415, 190),
        (36, 6, 681, 290),
        (64, 7, 1441, 543),
        (144, 8, 4085, 1254),
        (288, 9, 9577, 2546),
        (576, 10, 21997, 5134),
    ],
)
def test_table_of_counters(fan_in, bits, ripple, carry_save):
    """Words of half adders (5), full adders (9) and moves, summed by a program written apart from these formulas."""
    assert accumulator_bits(fan_in) == bits
    assert counter_costs.ripple_icw(fan_in, ICW) == ripple
    assert counter_costs.carry_save_icw(fan_in, ICW) == carry_save


@given(fan_ins, seeds)
def test_ripple_counter_is_exact_at_its_cost(fan_in, seed):
    products, machine = products_of(fan_in, seed), NorMachine()
    bits = count_by_ripple(machine, products)
    np.testing.assert_array_equal(number(machine, bits), products.sum(0))
    assert machine.icw == counter_costs.ripple_icw(fan_in, ICW)
    assert machine.most_held == accumulator_bits(fan_in)


@given(fan_ins, seeds)
def test_carry_save_counter_is_exact_at_its_cost(fan_in, seed):
    products, machine = products_of(fan_in, seed), NorMachine()
    bits = CarrySaveCounter(machine).count(products)
    np.testing.assert_array_equal(number(machine, bits), products.sum(0))
    assert machine.icw == counter_costs.carry_save_icw(fan_in, ICW)
    assert machine.most_held == counter_costs.carry_save_planes(fan_in)


@given(fan_ins, seeds, st.data())
def test_compare_with_a_shared_threshold(fan_in, seed, data):
    threshold = data.draw(st.integers(1, fan_in))
    products, machine = products_of(fan_in, seed), NorMachine()
    bits = count_by_ripple(machine, products)
    before = machine.icw
    np.testing.assert_array_equal(at_least(machine, bits, threshold), products.sum(0) >= threshold)
    assert machine.icw - before == counter_costs.compare_constant_icw(fan_in, threshold, ICW)


@given(fan_ins, seeds)
def test_compare_with_thresholds_of_each_pixel(fan_in, seed):
    products, machine = products_of(fan_in, seed), NorMachine()
    thresholds = np.random.default_rng(seed).integers(0, fan_in + 1, PIXELS)
    bits = count_by_ripple(machine, products)
    before = machine.icw
    np.testing.assert_array_equal(at_least_plane(machine, bits, thresholds), products.sum(0) >= thresholds)
    assert machine.icw - before == counter_costs.compare_plane_icw(fan_in, ICW)


def test_binary_product():
    x, weight = np.array(list(itertools.product([False, True], repeat=2))).T
    machine = NorMachine()
    machine.planes |= {INPUT: x, "T1": weight}
    machine.xnor("T1")
    np.testing.assert_array_equal(machine.planes["T1"], x == weight)
    assert machine.icw == counter_costs.xnor_icw(ICW)
    assert len(machine.planes) - 1 == counter_costs.TEMPORARIES


def test_ternary_product():
    x, plus, minus = np.array([(x, w == 1, w == -1) for x in (False, True) for w in (-1, 0, 1)]).T
    machine = NorMachine()
    machine.planes |= {INPUT: x, "T1": ~plus, "T2": ~minus}
    machine.ternary_product()
    np.testing.assert_array_equal(machine.planes["T2"], np.where(x, plus, minus))
    assert machine.icw == counter_costs.ternary_product_icw(ICW)
    assert len(machine.planes) - 1 == counter_costs.TEMPORARIES


@given(st.integers(0, 20))
def test_limits_are_the_largest_fan_in_that_the_planes_count(planes):
    ripple, carry_save = counter_costs.ripple_limit(planes), counter_costs.carry_save_limit(planes)
    assert accumulator_bits(ripple) <= planes < accumulator_bits(ripple + 1)
    assert counter_costs.carry_save_planes(carry_save) <= planes < counter_costs.carry_save_planes(carry_save + 1)


def test_no_planes_count_nothing():
    assert counter_costs.ripple_limit(-3) == counter_costs.carry_save_limit(-3) == 0
