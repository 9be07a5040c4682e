"""The Pareto front against its definition."""

import math

from hypothesis import given
from hypothesis import strategies as st

from larq_focal.report.pareto import pareto_front

NUMBERS = st.one_of(st.integers(0, 5).map(float), st.just(math.nan))
POINTS = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=12)


def dominates(a, b):
    return a[0] <= b[0] and a[1] >= b[1] and a != b


@given(POINTS)
def test_front_is_what_nobody_dominates(points):
    known = [i for i, point in enumerate(points) if not any(map(math.isnan, point))]
    expected = {i for i in known if not any(dominates(points[j], points[i]) for j in known)}
    front = pareto_front([cost for cost, _ in points], [value for _, value in points])
    assert set(front) == expected and len(front) == len(expected)


@given(POINTS)
def test_front_rises(points):
    front = [points[i] for i in pareto_front([cost for cost, _ in points], [value for _, value in points])]
    assert front == sorted(front)


def test_a_hand_made_front():
    assert pareto_front([1.0, 2.0, 3.0, 4.0], [0.5, 0.9, 0.8, 0.95]) == [0, 1, 3]
