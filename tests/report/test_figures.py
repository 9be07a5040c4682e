"""What the plots hold, before a browser draws them."""

import numpy as np
import pytest

from larq_focal.report import figures
from larq_focal.report.confusion import confusion_figure
from larq_focal.report.runs import runs_by_dataset
from tests.support.records import NASTY, fake_record, six_runs

OF_RUNS = [figures.memory_figure, figures.latency_figure, figures.loss_figure, figures.accuracy_figure]


def runs_of(*records):
    return runs_by_dataset(records)[0]


RUNS = runs_of(*six_runs())


def traces_by_run(figure):
    return {trace.meta["run"]: trace for trace in figure.data if trace.meta}


@pytest.mark.parametrize("figure", OF_RUNS)
def test_every_run_is_shown_in_its_colour(figure):
    traces = traces_by_run(figure(RUNS))
    assert {label: trace.marker.color for label, trace in traces.items()} == {run.label: run.colour for run in RUNS}


def test_a_run_that_was_not_trained_has_no_curve():
    runs = runs_of(fake_record("int8", history=[]), fake_record("gumbel"))
    drawn = {label: len(trace.x) for label, trace in traces_by_run(figures.loss_figure(runs)).items()}
    assert drawn["Gumbel sign"] == 12 and drawn["int8 (TF-MOT)"] == 0


@pytest.mark.parametrize("figure", [figures.memory_figure, figures.latency_figure])
def test_filled_marks_are_the_front(figure):
    drawn = figure(RUNS)
    (front,) = (trace for trace in drawn.data if trace.name == "Pareto front")
    marked = {trace.x[0]: trace.y[0] for trace in traces_by_run(drawn).values() if "open" not in trace.marker.symbol}
    assert marked == dict(zip(front.x, front.y, strict=True))
    assert max(100 * run.accuracy for run in RUNS) in front.y


def test_error_bars_are_the_interval():
    (run,) = runs_of(fake_record(accuracy={"correct": 9, "total": 10, "value": 0.9, "low": 0.6, "high": 0.98}))
    error = traces_by_run(figures.memory_figure([run]))[run.label].error_y
    assert (*error.array, *error.arrayminus) == pytest.approx((8, 30))


def test_runs_without_a_time_are_left_out_of_latency():
    runs = runs_of(fake_record("lab", timing=None), fake_record("gumbel"))
    assert list(traces_by_run(figures.latency_figure(runs))) == ["Gumbel sign"]
    assert len(traces_by_run(figures.memory_figure(runs))) == 2


def test_wide_spreads_of_cost_get_a_logarithmic_axis():
    assert figures.memory_figure(RUNS).layout.xaxis.type == "log"
    assert figures.memory_figure(RUNS[2:]).layout.xaxis.type is None


def test_confusion_counts_are_all_there():
    counts = np.array(RUNS[0].record["confusion"])
    hits, misses = confusion_figure(RUNS[0]).data
    for trace, expected in ((hits, np.diag(np.diag(counts))), (misses, counts - np.diag(np.diag(counts)))):
        shown = np.array([[int(cell or 0) for cell in row] for row in trace.text])
        assert (shown == expected).all()
        assert (np.isnan(np.array(trace.z, float)) == (expected == 0)).all()


def test_gaps_in_the_history_are_left_out():
    history = [{"epoch": epoch, "loss": loss, "val_accuracy": None} for epoch, loss in ((1, 2.0), (2, None), (3, 1.0))]
    (run,) = runs_of(fake_record(history=history))
    (trace,) = figures.loss_figure([run]).data
    assert (trace.x, trace.y) == ((1, 3), (2.0, 1.0))
    assert figures.accuracy_figure([run]).data[0].x == ()


def test_text_from_records_is_no_markup():
    runs = runs_of(fake_record(title=NASTY, dataset={**fake_record()["dataset"], "classes": [NASTY] * 10}))
    for figure in [*(figure(runs) for figure in OF_RUNS), confusion_figure(runs[0])]:
        for trace in figure.data:
            texts = [trace.name, trace.hovertext, *(trace.x or ()), *(trace.y or ())]
            assert "</script>" not in str(texts)
