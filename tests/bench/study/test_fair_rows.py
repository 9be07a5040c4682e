"""Rows beside binary networks in a study: by stock tools, and as wide as takes the bytes of the best binary one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from larq_focal.bench import stock
from larq_focal.bench.study import equal_trials, load_study, run_study, study_run
from larq_focal.deploy.stock_quantizer import is_installed
from tests.bench.study.test_study_run import TINY, written

pytestmark = pytest.mark.slow
FAIR = {"title": "Floats", "models": ["two_layer_full_precision"], "options": {"filters": [4, 8]}, "fair": True}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A study whose stock row cannot be made; its summary, what it said, and the study."""
    folder, said = tmp_path_factory.mktemp("study"), []
    study = load_study(
        written(folder, "fair", seeds=1, rows=[TINY["rows"][0], FAIR], recipe={"epochs": 1, "held_out": 50})
    )
    wanted = ("Two layers, Sign (STE)", "Floats, int4 weights (stock)", "Floats, int8 of equal bytes")
    study = replace(study, points=tuple(point for point in study.points if point.title in wanted))
    assert len(study.points) == 3

    def refuse(*arguments):
        raise ValueError("It does not take this file.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stock, "quantize_stock", refuse)
        patch.setattr(study_run, "is_installed", lambda: True)
        summary = run_study(study, results=folder, say=said.append)
    return summary, said, study, folder


def test_the_width_is_that_of_equal_bytes(results):
    summary, said, _, folder = results
    binary, equal = summary.points
    assert equal.title == "Floats, int8 of equal bytes"
    assert equal.costs["file_bytes"] == pytest.approx(binary.costs["file_bytes"], rel=0.2)
    (line,) = (line for line in said if "times the bytes of" in line)
    assert line.startswith("Floats, int8 of equal bytes: ") and line.endswith(f"the bytes of {binary.title}")
    assert "As wide as Two layers, Sign (STE): 1 trial" in "".join(said)
    assert summary.winner.startswith(f"At the accuracy of the best binary network, “{binary.title}”")
    assert len([*folder.glob("runs/width-*.json")]) == 1


def test_what_stock_tools_do_not_take_is_told_and_missing(results):
    summary, said, _, _ = results
    assert "Floats, int4 weights (stock), seed 0: not made, It does not take this file." in said
    assert summary.missing == {"Floats, int4 weights (stock)": (0,)}


def test_the_width_is_not_searched_again_and_what_can_be_made_now_is(results, monkeypatch):
    _, _, study, folder = results
    monkeypatch.setattr(equal_trials, "equal_filters", None)
    said = []
    summary = run_study(study, results=folder, say=said.append)
    if is_installed():
        assert not summary.missing
        point = summary.points[1]
        assert point.title == "Floats, int4 weights (stock)" and not point.is_binary
        assert point.costs["file_bytes"] > 0
    else:
        assert "ai-edge-quantizer is not installed (pip install ai-edge-quantizer)" in said[0]
    assert "1 trial on" in said[-4] or "1 of them finished before" in "".join(said)
