"""The width of a network of equal bytes or latency is the nearest one, with few measurements."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larq_focal.bench.equal_budget import most_accurate_binary, nearest_step, scaled
from tests.support.records import fake_record


@given(st.floats(0.001, 3.0), st.floats(0.0001, 1.5), st.integers(1, 600))
def test_the_nearest_step_is_found_with_few_measurements(slope, offset, widest):
    measured = []

    def ratio_at(step):
        measured.append(step)
        return offset + slope * step

    step, ratio = nearest_step(ratio_at, widest)
    best = min(range(1, widest + 1), key=lambda step: abs(offset + slope * step - 1))
    assert ratio == offset + slope * step
    assert abs(ratio - 1) == pytest.approx(abs(offset + slope * best - 1))
    assert len(measured) == len(set(measured)) <= 2 * widest.bit_length() + 1


def test_maps_keep_their_proportions():
    assert scaled((16, 32), 32) == (16, 32)
    assert scaled((16, 32), 1) == (1, 1) and scaled((16, 32), 100) == (50, 100)
    assert scaled((24, 24), 7) == (7, 7)


def test_the_most_accurate_binary_run_is_the_rival():
    records = [fake_record(run) for run in ("full_precision", "ste_sign", "hysteresis", "lab")]
    best = max(records[1:], key=lambda record: record["accuracy"]["value"])
    assert most_accurate_binary(records) is best
    with pytest.raises(ValueError, match="needs a binary run beside it"):
        most_accurate_binary(records[:1])
