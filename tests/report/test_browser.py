"""The report in a real browser: nothing on the console, nothing from outside, no empty plot, and legible."""

import pytest

from larq_focal.report import write_report
from tests.support.browser import chromium
from tests.support.records import NASTY, fake_record, signal_mistakes, six_runs

pytestmark = pytest.mark.slow

DRAWN = """
return [...document.querySelectorAll("[data-figure]")].filter((place) => place.offsetParent).map((place) => ({
  name: place.dataset.figure,
  traces: (place.data || []).length,
  marks: [...place.querySelectorAll(".point, .js-line, .hm image")].filter((mark) => {
    const box = mark.getBoundingClientRect();
    return box.width + box.height > 0;
  }).length,
}));
"""
COLUMN = """
return [...document.querySelectorAll(".runs tbody tr")].map((row) => row.cells[arguments[0]].dataset.value ?? null);
"""
LOOK = """
const { color } = getComputedStyle(document.body);
const { fill } = getComputedStyle(document.querySelector(".plot .xtick text"));
return [color, fill];
"""
SHOWN_TRACES = """
return [...document.querySelectorAll(".plot.wide")].map((place) => place.data.filter((trace) => trace.visible).length);
"""
# Contrast ratio as in WCAG 2.1; grounds are blended up to the first opaque one.
FAINT_TEXTS = """
const rgba = (text) => {
  const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
  const scale = text.startsWith("color(") ? 255 : 1;
  return [r * scale, g * scale, b * scale, a];
};
const over = (top, ground) => [0, 1, 2].map((i) => top[i] * top[3] + ground[i] * (1 - top[3])).concat(1);
const ground = (element) => {
  if (!element) return [255, 255, 255, 1];
  const own = rgba(getComputedStyle(element).backgroundColor);
  return own[3] === 1 ? own : over(own, ground(element.parentElement));
};
const light = (colour) => {
  const [r, g, b] = colour.map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const faint = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node = walker.nextNode(); node; node = walker.nextNode()) {
  const element = node.parentElement;
  const isCell = element.closest(".heatmaplayer, script, style");
  if (!node.textContent.trim() || isCell || !element.getClientRects().length) continue;
  const style = getComputedStyle(element);
  const below = ground(element);
  const colour = over(rgba(element instanceof SVGElement ? style.fill : style.color), below);
  const [dark, bright] = [light(colour), light(below)].sort((a, b) => a - b);
  const ratio = (bright + 0.05) / (dark + 0.05);
  if (ratio < 4.5) faint.push(`${ratio.toFixed(2)}: ${node.textContent.trim().slice(0, 40)}`);
}
return faint;
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return write_report(six_runs(), tmp_path_factory.mktemp("report") / "report.html")


def assert_quiet(browser):
    assert browser.complaints() == []
    assert browser.external_requests() == []


def drawn_plots(browser):
    """Marks by plot, of every tab."""
    plots = {}
    for tab in browser.run("return [...document.querySelectorAll('main:not([hidden]) [role=tab]')]"):
        browser.run("arguments[0].click()", tab)
        plots |= {plot["name"]: plot for plot in browser.run(DRAWN)}
    return plots


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_plots_are_drawn(browser, report, scheme):
    browser.open(report, scheme=scheme)
    plots = drawn_plots(browser)
    assert len(plots) == 4 + 6 + 6
    for name, plot in plots.items():
        assert plot["traces"] >= (2 if "confusion" in name else 3 if "learning" in name else 6), name
        assert plot["marks"] >= plot["traces"], name
    assert_quiet(browser)


@pytest.mark.parametrize("records", [
    pytest.param([fake_record()], id="a single run"),
    pytest.param([fake_record(history=[], fit=None, timing=None, agreement=None)], id="a bare run"),
    pytest.param([fake_record("gumbel") | {"title": NASTY}, fake_record("lab")], id="nasty names"),
    pytest.param([fake_record(run, classes=30) for run in ("lab", "int8")], id="many classes"),
    pytest.param([fake_record(mistakes=signal_mistakes()), fake_record("lab", mistakes=[])], id="signals"),
    pytest.param([fake_record(), fake_record() | {"dataset": fake_record()["dataset"] | {"name": "b"}}], id="two sets"),
])  # fmt: skip
def test_other_records_are_drawn_too(browser, tmp_path, records):
    browser.open(write_report(records, tmp_path / "report.html"))
    for name, plot in drawn_plots(browser).items():
        assert plot["marks"] >= max(plot["traces"], 1), name
    assert_quiet(browser)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out(browser, report, scheme):
    browser.open(report, scheme=scheme)
    for tab in browser.run("return [...document.querySelectorAll('[role=tab]')]"):
        browser.run("arguments[0].click()", tab)
        assert browser.run(FAINT_TEXTS) == []


def test_what_was_wrong_is_shown(browser, report, tmp_path):
    shown = (
        "return [...document.querySelectorAll('.wrong img')].map((image) => [image.naturalWidth, image.naturalHeight])"
    )
    browser.open(report)
    assert browser.run(shown)[:16] == [[8, 8]] * 16
    browser.open(write_report([fake_record(mistakes=signal_mistakes())], tmp_path / "report.html"))
    curves = (
        "return [...document.querySelectorAll('.wrong svg')].map((curve) => curve.querySelectorAll('polyline').length)"
    )
    assert browser.run(curves) == [3] * 16
    assert_quiet(browser)


def test_theme_switches_page_and_plots(browser, report):
    browser.open(report)
    light = browser.run(LOOK)
    browser.click("#theme")
    dark = browser.run(LOOK)
    assert all(before != after for before, after in zip(light, dark, strict=True))
    browser.click("#theme")
    assert browser.run(LOOK) == light
    browser.prefer("dark")
    assert browser.run(LOOK) == light, "the reader's choice outlasts a change of the system"


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_the_page_never_scrolls_sideways(browser, report, width):
    browser.open(report, width=width)
    for tab in browser.run("return [...document.querySelectorAll('[role=tab]')]"):
        browser.run("arguments[0].click()", tab)
        assert browser.run("return document.documentElement.scrollWidth") <= width
    assert_quiet(browser)


def test_sorting_by_every_column(browser, report):
    browser.open(report)
    for column in range(1, 9):
        heading = f".runs thead th:nth-child({column + 1})"
        for _ in range(2):
            browser.click(f"{heading} button")
            order = browser.run(f"return document.querySelector('{heading}').getAttribute('aria-sort')")
            values = browser.run(COLUMN, column)
            known = [float(value) for value in values if value is not None]
            assert values[len(known) :] == [None] * (len(values) - len(known)), "what is not known comes last"
            assert known == sorted(known, reverse=order == "descending")


def test_sorting_by_name(browser, report):
    browser.open(report)
    browser.click(".runs thead button")
    names = browser.run("return [...document.querySelectorAll('.runs tbody th')].map((cell) => cell.textContent)")
    assert names == sorted(names, key=str.lower)


def test_a_run_is_hidden_in_all_plots(browser, report):
    browser.open(report)
    before = browser.run(SHOWN_TRACES)
    browser.click(".legend button")
    assert browser.run(SHOWN_TRACES) == [count - 1 for count in before]
    browser.click(".legend button")
    assert browser.run(SHOWN_TRACES) == before
    assert_quiet(browser)


def test_arrow_keys_walk_through_the_tabs(browser, report):
    browser.open(report)
    tabs = browser.driver.find_elements("css selector", ".inside [role=tab]")
    tabs[0].click()
    tabs[0].send_keys("\ue014")  # the right arrow
    assert [tab.get_attribute("aria-selected") for tab in tabs] == ["false", "true"] + ["false"] * 4
    assert browser.run("return document.activeElement === arguments[0]", tabs[1])
