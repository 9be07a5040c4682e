"""Timings come with what is needed to trust them, or not to."""

from __future__ import annotations

import json
from dataclasses import replace
from time import perf_counter, sleep

import pytest
from rich.console import Console

from larq_focal.deploy import machine, timing
from larq_focal.deploy.runtime import Runtime
from larq_focal.deploy.timing import paired, time
from tests.support.flatbuffers import dense_network, relu_network

QUICK = {"min_seconds": 0.02}


def printed(item) -> str:
    console = Console(width=100, record=True)
    console.print(item)
    return console.export_text()


class SlowRuntime(Runtime):
    """A network that sleeps before every inference."""

    def __init__(self, seconds: float):
        super().__init__(relu_network())
        self.seconds = seconds

    def prepare(self, seed=0):
        call = super().prepare(seed)

        def slow():
            sleep(self.seconds)
            return call()

        return slow


def test_times_are_those_of_the_inference():
    result = time(SlowRuntime(0.004), runs=10, warmup=1)
    assert 4 <= result.min_ms <= result.median_ms <= result.p90_ms
    assert result.min_ms < 40
    assert (result.runs, result.warmup) == (10, 1)


def test_there_are_enough_runs_by_default():
    start = perf_counter()
    fast = time(relu_network(), min_seconds=0.1)
    assert perf_counter() - start > 0.1
    assert fast.runs > timing.MIN_RUNS
    assert fast.warmup >= 5
    assert time(SlowRuntime(0.002), **QUICK).runs == timing.MIN_RUNS


def test_slow_networks_end_in_bounded_time():
    assert time(SlowRuntime(0.05), min_seconds=0.005).runs < 10


def test_a_result_says_what_ran_where():
    result = time(dense_network(), threads=2, **QUICK)
    assert (result.model, result.engine, result.threads) == ("model", "litert", 2)
    assert result.versions.keys() == {"larq_focal", "ai-edge-litert"}
    assert result.machine == machine.describe_machine() | {"temperature_c": result.machine["temperature_c"]}
    assert json.loads(json.dumps(result.to_dict())) == result.to_dict()
    text = printed(replace(result, min_ms=0.0123, median_ms=0.1, p90_ms=12.3456))
    for part in ("litert", "12.30 µs", "0.100 ms", "12.346 ms", str(result.runs), result.machine["cpu"]):
        assert part in text


def test_names_are_not_taken_for_markup(tmp_path):
    path = tmp_path / "net[bold].tflite"
    path.write_bytes(relu_network())
    assert "net[bold]" in printed(time(path, runs=2, warmup=0))


DISTURBANCES = {
    "a varying clock": ({"governor": "ondemand"}, {}, "governor 'ondemand'"),
    "heat": ({"temperature_c": 84.2}, {}, "at 84 °C"),
    "other work": ({"cores": 2}, {"load": lambda: 3.0}, "Other work competes for the 2 cores (load 3.0"),
    "throttling": ({}, {"throttling": lambda: ("the clock was capped",)}, "the clock was capped"),
}
CALM = {"governor": "performance", "temperature_c": 50.0, "cores": 4}


@pytest.fixture
def on_machine(monkeypatch):
    """Sets what the machine says of itself."""

    def change(facts=None, answers=None):
        described = machine.describe_machine() | CALM | (facts or {})
        answers = {"load": lambda: 0.1, "throttling": tuple} | (answers or {})
        monkeypatch.setattr(timing, "describe_machine", lambda: described)
        for name, answer in answers.items():
            monkeypatch.setattr(timing, name, answer)

    return change


@pytest.mark.parametrize("name", DISTURBANCES)
def test_disturbances_are_noted(name, on_machine):
    facts, answers, note = DISTURBANCES[name]
    on_machine(facts, answers)
    notes = [text for text in time(relu_network(), runs=1).notes if "slowest tenth" not in text]
    assert len(notes) == 1
    assert note in notes[0]
    assert note in printed(time(relu_network(), runs=1)).replace("\n", " ")


def test_a_calm_machine_needs_no_note(on_machine):
    on_machine()
    assert time(relu_network(), runs=1, warmup=5).notes == ()


def test_a_wide_spread_is_noted(on_machine):
    on_machine()

    class Uneven(SlowRuntime):
        def prepare(self, seed=0):
            pauses = iter([0.001] * 5 + [0.02] * 5)
            return lambda: sleep(next(pauses))

    (note,) = time(Uneven(0), runs=10, warmup=0).notes
    assert "slowest tenth" in note


def test_pairs_are_compared_run_by_run():
    result = paired(SlowRuntime(0.006), SlowRuntime(0.002), runs=10, warmup=1)
    assert result.first.runs == result.second.runs == 10
    assert result.first.min_ms >= 6
    assert result.second.min_ms >= 2
    assert 1.2 < result.median_ratio < 3.2
    assert result.ratio_of_medians == pytest.approx(result.first.median_ms / result.second.median_ms)
    assert json.loads(json.dumps(result.to_dict())) == result.to_dict()
    assert "times as long as" in printed(result)


@pytest.mark.parametrize("wrong", [{"runs": 0}, {"warmup": -1}])
def test_wrong_counts_are_refused(wrong):
    with pytest.raises(ValueError, match="at least one run and no negative warm-up"):
        time(relu_network(), **wrong)
