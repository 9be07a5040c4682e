"""The page of a study: what it says, and that it is drawn in a browser."""

import json
import re

import pytest

from larq_focal.report.study_page import Row, cost_figure, write_study
from tests.bench.study.made_up import made_up_study
from tests.report.test_browser import DRAWN, FAINT_TEXTS, assert_quiet, browser
from tests.support.records import NASTY

__all__ = ["browser"]
FOUND = {
    "small": (1000, [0.80, 0.81, 0.79]),
    "middle": (2000, [0.95, 0.96, 0.955]),
    "other": (8000, [0.97, 0.975]),
    NASTY: (16_000, [0.965, 0.99, 0.97]),
}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    summary, records = made_up_study(FOUND, limits="Too few epochs.")
    write_study(summary, records, folder)
    return summary, folder


def test_the_answer_what_is_missing_and_the_limits_stand_on_it(page):
    summary, folder = page
    text = (folder / "report.html").read_text()
    assert "The knee is “middle”" in text
    assert "Missing: other (seed 2)." in text
    assert "Too few epochs." in text
    assert '<a href="runs.html">' in text
    for point in summary.points:
        assert point.accuracy_text in text


def test_text_of_files_stays_text(page):
    assert NASTY not in (page[1] / "report.html").read_text()


def test_table_and_figures_are_those_of_the_summary(page):
    summary, folder = page
    assert (folder / "table.md").read_text() == summary.table() + "\n"
    assert json.loads((folder / "study.json").read_text()) == summary.to_dict()


def test_whiskers_go_from_the_lowest_to_the_highest_seed(page):
    points = page[0].points
    figure = cost_figure([Row(point, i, True) for i, point in enumerate(points)], "parameter_bytes")
    (middle,) = (trace for trace in figure.data if trace.name == "middle")
    assert middle.y[0] == pytest.approx(95.5)
    assert middle.error_y.array[0] == pytest.approx(0.5)
    assert middle.error_y.arrayminus[0] == pytest.approx(0.5)
    assert figure.layout.xaxis.title.text == "parameters (KiB), logarithmic"
    assert middle.x[0] == pytest.approx(2000 / 1024)


def test_a_cost_that_nothing_has_leaves_an_empty_plot():
    summary, _ = made_up_study({"a": (None, [0.9])}, compare="flash_bytes")
    figure = cost_figure([Row(point, 0, False) for point in summary.points], "flash_bytes")
    assert len(figure.data) == 0


@pytest.mark.slow
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_it_is_drawn_at_every_width(browser, page, width):
    browser.open(page[1] / "report.html", width=width)
    plots = {plot["name"]: plot for plot in browser.run(DRAWN)}
    assert set(plots) == {"compared", "beside"}
    assert all(plot["marks"] >= len(FOUND) for plot in plots.values())
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
    assert_quiet(browser)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out(browser, page, scheme):
    browser.open(page[1] / "report.html", scheme=scheme)
    assert browser.run(FAINT_TEXTS) == []
    assert re.match("larq_focal", browser.run("return document.title"))
