"""What fits into a budget, and what is left."""

import pytest

from larq_focal.bench.study import pace as module
from larq_focal.bench.study.pace import Pace
from larq_focal.bench.study.trial import Point, Trial
from larq_focal.training.recipe import Recipe

RECIPE = Recipe("two_layer_ste_sign", "digits", epochs=4)


def trial(index=0):
    return Trial(index, Point(f"point {index}", RECIPE), RECIPE)


def record(seconds, judging=0.0):
    return {"environment": {"seconds": seconds, "judging_seconds": judging}}


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    return now


def test_a_trial_takes_as_long_as_its_point_did_with_other_seeds(clock):
    pace = Pace()
    assert pace.expected_s(trial()) is None
    pace.finished(trial(), record(20, 4))
    pace.finished(trial(), record(30, 2))
    pace.finished(trial(1), record(100))
    assert pace.expected_s(trial()) == pytest.approx(28)
    assert pace.remaining_s([trial(), trial(1), trial(2)]) == pytest.approx(28 + 100 + (24 + 32 + 100) / 3)


def test_what_is_trained_already_counts_off(clock):
    pace = Pace(done=lambda trial: 0.75)
    pace.finished(trial(), record(40))
    assert pace.expected_s(trial()) == pytest.approx(10)


def test_a_trial_that_would_end_too_late_does_not_fit(clock):
    pace = Pace(budget_minutes=1)
    pace.finished(trial(), record(40))
    assert pace.fits(trial())
    clock[0] += 19
    assert pace.fits(trial()) and pace.left_s == pytest.approx(41)
    clock[0] += 2
    assert not pace.fits(trial())
    assert pace.fits(trial(1)), "its length is not known, and it stops by itself"
    clock[0] += 60
    assert not pace.fits(trial(1))


def test_without_a_budget_everything_fits(clock):
    pace = Pace()
    pace.finished(trial(), record(1e9))
    assert pace.fits(trial()) and pace.left_s is None
