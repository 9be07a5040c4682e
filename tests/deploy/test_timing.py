"""Timings come with what is needed to trust them, or not to."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import chain, count, repeat
from time import perf_counter, sleep

import numpy as np
import pytest

from larq_focal.deploy import machine, measuring, power, timing
from larq_focal.deploy.histogram import Histogram
from larq_focal.deploy.runtime import EngineError, Runtime
from larq_focal.deploy.state import State
from larq_focal.deploy.timing import EmulatedProcessor, Timing, paired, sweep_threads, time
from tests.support.flatbuffers import dense_network, relu_network
from tests.support.printing import printed
from tests.support.stacks import LCE

QUICK = {"min_seconds": 0.02}


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
    assert 4 <= result.min_ms <= result.median_ms <= result.p90_ms <= result.p99_ms
    assert result.first_ms >= 4
    assert result.min_ms < 40
    assert (result.runs, result.warmup) == (10, 1)


@pytest.mark.parametrize("warmup", [0, 1, None])
def test_the_first_inference_is_told_apart(warmup):
    """It takes long, as where an engine packs its weights then; the others do not."""

    class SlowAtFirst(SlowRuntime):
        def prepare(self, seed=0):
            call, waits = Runtime.prepare(self, seed), [0.05]

            def once_slow():
                sleep(waits.pop() if waits else 0)
                return call()

            return once_slow

    result = time(SlowAtFirst(0), runs=20, warmup=warmup)
    assert result.first_ms >= 50
    assert result.median_ms < 50
    assert (result.p99_ms > result.median_ms) if warmup == 0 else result.p90_ms < 50


def test_there_are_enough_runs_by_default():
    start = perf_counter()
    fast = time(relu_network(), min_seconds=0.1)
    assert perf_counter() - start > 0.1
    assert fast.runs > measuring.MIN_RUNS
    assert fast.warmup >= 5
    assert time(SlowRuntime(0.002), **QUICK).runs == measuring.MIN_RUNS


def test_slow_networks_end_in_bounded_time():
    assert time(SlowRuntime(0.05), min_seconds=0.005).runs < 10


def test_a_result_says_what_ran_where():
    result = time(dense_network(), threads=2, **QUICK)
    assert (result.model, result.engine, result.threads) == ("model", "litert", 2)
    assert result.versions.keys() == {"larq_focal", "ai-edge-litert"}
    assert result.machine == machine.describe_machine() | {"temperature_c": result.machine["temperature_c"]}
    assert json.loads(json.dumps(result.to_dict())) == result.to_dict()
    text = printed(replace(result, min_ms=0.0123, median_ms=0.1, p90_ms=12.3456))
    for part in ("litert", "µs", "12.30", "100.00", "12,345.60", f"{result.runs:,}", result.machine["cpu"]):
        assert part in text


def test_names_are_not_taken_for_markup(tmp_path):
    path = tmp_path / "net[bold].tflite"
    path.write_bytes(relu_network())
    assert "net[bold]" in printed(time(path, runs=2, warmup=0))


CALM = State(governor="performance", temperature_c=50.0)


@pytest.fixture
def states(monkeypatch):
    """Sets the state of the machine before and after."""

    def change(before: State = CALM, after: State = CALM) -> None:
        answers = iter([before, after] * 4)
        monkeypatch.setattr(measuring, "read_state", lambda: next(answers))
        monkeypatch.setattr(timing, "describe_machine", lambda: machine.describe_machine() | {"cores": 4})

    return change


def test_what_disturbed_the_machine_is_noted(states):
    after = replace(CALM, clock_mhz=600.0, temperature_c=84.0)
    states(replace(CALM, clock_mhz=1500.0), after)
    result = time(relu_network(), runs=1)
    assert result.after == after
    notes = [text for text in result.notes if "slowest tenth" not in text and "settled" not in text]
    assert len(notes) == 3, "the clock, the warming, the heat"
    for note in notes:
        assert note in printed(result).replace("\n", " ")


def test_other_work_is_recorded_and_noted(states, monkeypatch):
    states()

    class Busy:
        def cores(self):
            return 3.5

    monkeypatch.setattr(measuring, "OtherWork", Busy)
    result = time(relu_network(), runs=1, warmup=5)
    assert result.other_cores == 3.5
    assert any("3.5 of the 4 cores busy" in note for note in result.notes)


def test_a_calm_machine_needs_no_note(states):
    states()
    assert time(relu_network(), runs=1, warmup=5).notes == ()


def test_a_wide_spread_is_noted(states):
    states()

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


def test_warming_up_goes_on_until_the_times_have_settled(states):
    states()

    class Warming(SlowRuntime):
        def prepare(self, seed=0):
            pauses = chain((0.016 * 0.9**n for n in range(25)), repeat(0.0011))
            return lambda: sleep(next(pauses))

    assert time(Warming(0), runs=1, min_seconds=0.2).warmup >= 25


def test_times_that_do_not_settle_are_noted(states):
    states()

    class Slowing(SlowRuntime):
        def prepare(self, seed=0):
            pauses = (0.0002 * 1.4**n for n in count())
            return lambda: sleep(next(pauses))

    notes = time(Slowing(0), runs=2, min_seconds=0.01).notes
    assert any("had not settled after" in note for note in notes)


def test_histograms_hold_every_time():
    times = np.append(np.random.default_rng(0).gamma(2, 0.1, 500) + 1, 50)
    histogram = Histogram.of(times)
    assert sum(histogram.counts) == 501
    assert (histogram.edges_ms[0], histogram.edges_ms[-1]) == (times.min(), 50)
    assert histogram.edges_ms[-2] < 3, "the tail has a bin of its own"
    text = printed(histogram)
    assert len(text.splitlines()) == 2 + len(histogram.counts) == 1 + len(histogram.edges_ms)
    assert text.startswith("from µs") and "50,000.0" in text
    assert max(text.splitlines(), key=lambda line: line.count("█")).split()[-1] == str(max(histogram.counts))


def test_histograms_of_equal_times():
    assert Histogram.of([2.0, 2.0]).counts == (2,)
    assert "2" in printed(Histogram.of([2.0, 2.0]))


def test_records_come_back_whole():
    result = time(dense_network(), **QUICK, watts=2.5, memory=True, profile=True)
    assert Timing.from_dict(json.loads(json.dumps(result.to_dict()))) == result
    with pytest.raises(KeyError, match="engine"):
        Timing.from_dict({"model": "other"})


def test_inferences_per_second_and_watt():
    result = replace(time(relu_network(), **QUICK, watts=5.0), median_ms=20.0)
    assert result.inferences_per_second == 50
    assert result.inferences_per_joule == 10
    assert result.to_dict()["inferences_per_joule"] == 10
    assert "10.0 inferences per second and watt (given)" in printed(result)


def test_without_a_sensor_there_is_no_power(monkeypatch):
    monkeypatch.setattr(measuring, "find_power_meter", lambda: None)
    result = time(relu_network(), **QUICK)
    assert (result.power_w, result.power_source, result.inferences_per_joule) == (None, None, None)


def test_a_sensor_is_read_during_the_runs_and_a_given_figure_is_preferred(monkeypatch):
    meter = power.PowerMeter("ina219", watts_now=lambda: 4.0)
    monkeypatch.setattr(measuring, "find_power_meter", lambda: meter)
    result = time(relu_network(), **QUICK)
    assert (result.power_w, result.power_source) == (4.0, "ina219")
    result = time(relu_network(), **QUICK, watts=3.0)
    assert (result.power_w, result.power_source) == (3.0, "given")


@pytest.mark.parametrize("watts", [0, -1, float("nan")])
def test_impossible_powers_are_refused(watts):
    with pytest.raises(ValueError, match="power must be above 0 W"):
        time(relu_network(), watts=watts)


@LCE
def test_what_cannot_be_profiled_is_refused_before_the_timing(monkeypatch):
    monkeypatch.setattr(timing, "measure", lambda *arguments: pytest.fail("measured"))
    with pytest.raises(EngineError, match="'lce' cannot be profiled"):
        time(relu_network(), engine="lce", profile=True)


def test_threads_are_swept():
    sweep = sweep_threads(dense_network(), (1, 2), **QUICK)
    assert [result.threads for result in sweep.timings] == [1, 2]
    assert json.loads(json.dumps(sweep.to_dict()))["timings"][1]["threads"] == 2
    assert "With 2 threads:" in printed(sweep)
    with pytest.raises(ValueError, match="at least one number of threads"):
        sweep_threads(dense_network(), ())


def test_an_emulated_processor_is_not_timed(monkeypatch):
    monkeypatch.setattr(timing, "emulator", lambda: "qemu-aarch64")
    for call in (lambda: time(relu_network()), lambda: paired(relu_network(), relu_network())):
        with pytest.raises(EmulatedProcessor, match=r"emulated by qemu-aarch64.*check"):
            call()
