"""The page of a program: self-contained, in a real browser, and the planes that it shows when one steps."""

import base64
import time

import numpy as np
import pytest

from larq_focal.focal_plane import fit
from larq_focal.focal_plane.adaptive import PixelRnn, RecurrentWeights, moving_digits, watch
from larq_focal.focal_plane.inspection import Exactness, MapPlace, inspect_program
from larq_focal.focal_plane.machine import Simulator
from larq_focal.report import RecordError, write_program_page, write_report
from tests.focal_plane.graphs import two_layer_network
from tests.focal_plane.inspection.test_inspect import replayed, steps_of
from tests.focal_plane.machine.programs import small_sensor
from tests.report.test_browser import FAINT_TEXTS
from tests.report.test_page import Page
from tests.support.browser import chromium
from tests.support.records import NASTY, fake_record

DIGIT = np.eye(8) * 16
PIXELS = """
const canvas = [...document.querySelectorAll(".planes figure")]
  .find((figure) => figure.textContent === arguments[0]).querySelector("canvas");
const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
return btoa(String.fromCharCode(...data.filter((_, index) => index % 4 === 0)));
"""
CHANGED = "return [...document.querySelectorAll('.planes .changed')].map((figure) => figure.textContent);"
MAPS = (
    MapPlace(name="conv", kind="feature map", height=9, width=9, pitch=(2, 2), places=((0, 0, 0), (0, 1, 1))),
    MapPlace(name="tiles", kind="kernel", height=8, width=8, pitch=(1, 1), places=((0, 0, 0), (0, 8, 0))),
)


@pytest.fixture(scope="module")
def program():
    sensor = small_sensor(40, 44)
    simulator, unit = Simulator(sensor), PixelRnn(small_sensor(40, 44), RecurrentWeights.random())
    images = moving_digits(3, 40, 44, digits=(DIGIT[None], np.array([1]))).images
    watch(simulator, unit, images[:2])
    exactness = [Exactness("the reference", compared=1440, mismatching=0)]
    report = inspect_program(unit.program, simulator, name="unit", image=images[2], maps=MAPS, exactness=exactness)
    return report.to_page()


@pytest.fixture(scope="module")
def path(program, tmp_path_factory):
    return write_program_page(program, tmp_path_factory.mktemp("page") / "unit.html")


def test_page_is_self_contained(path):
    page = Page(path.read_text(encoding="utf-8"))
    assert page.references == ["data:,"] and len(set(page.ids)) == len(page.ids)
    assert len(page.scripts) == 2 + 3


def test_stepped_program_takes_little_room(program):
    assert len(program["stepping"]["data"]) < 1_000_000 and program["stepping"]["left_out"] == 0


def test_names_cannot_break_out(program, tmp_path):
    nasty = program | {"name": NASTY, "sensor": NASTY, "maps": [program["maps"][0] | {"name": NASTY}]}
    nasty |= {"instructions": {NASTY: 3}, "stepping": program["stepping"] | {"texts": [NASTY] * 999}}
    page = Page(write_program_page(nasty, tmp_path / "nasty.html").read_text(encoding="utf-8"))
    plain = Page(write_program_page(program, tmp_path / "plain.html").read_text(encoding="utf-8"))
    assert page.tags.count("script") == plain.tags.count("script") and "img" not in page.tags


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


def opened(browser, path, **options) -> None:
    browser.open(path, **options)
    browser.run("document.querySelector('.stepper').scrollIntoView()")
    for _ in range(100):
        if not browser.run("return document.querySelector('.stepper').hasAttribute('aria-busy')"):
            return
        time.sleep(0.05)
    raise AssertionError("the steps were not read")


def shown(browser, register: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(browser.run(PIXELS, register)), np.uint8)


def go(browser, step: int) -> None:
    script = """
        const slider = document.querySelector(".stepper input");
        slider.value = arguments[0];
        slider.dispatchEvent(new Event("input"));
    """
    browser.run(script, step)


@pytest.mark.slow
def test_planes_change_as_one_steps(browser, path, program):
    """Forth and back, by slider and by button: the page shows what the simulator held."""
    opened(browser, path)
    steps = program["stepping"]["step_count"]
    for step in (0, 7, steps, 300, 301, 12):
        go(browser, step)
        contents = replayed(program["stepping"], step)
        for name in ("R6", "R7", "FLAG", "C"):
            values = contents[name].astype(int).ravel()
            assert np.array_equal(shown(browser, name), 255 * values if name != "C" else values + 128), (step, name)
    browser.click("[data-step=on]")
    assert browser.run("return document.querySelector('.stepper output').textContent").startswith("13 of ")
    changed = [program["stepping"]["registers"][index]["name"] for index in steps_of(program["stepping"])[12][3]]
    assert browser.run(CHANGED) == changed != []
    browser.click("[data-step=back]")
    browser.click("[data-step=kernel]")
    assert browser.run("return document.querySelectorAll('.listing .here').length") == 1
    assert browser.complaints() == [] and browser.external_requests() == []


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_plots_are_drawn_and_text_stands_out(browser, path, program, scheme):
    opened(browser, path, scheme=scheme)
    rows = browser.run("return document.querySelectorAll('[data-figure=program-ranges] .scatterlayer .trace').length")
    assert rows == len(program["live_ranges"]["registers"])
    assert (
        browser.run("return document.querySelectorAll('[data-figure=program-counts] .scatterlayer .trace').length") == 2
    )
    assert browser.run(FAINT_TEXTS) == []


@pytest.mark.slow
@pytest.mark.parametrize("width", [320, 768])
def test_the_page_never_scrolls_sideways(browser, path, width):
    opened(browser, path, width=width)
    assert browser.run("return document.documentElement.scrollWidth") <= width


def with_program(program) -> dict:
    record = fake_record("lab")
    return record | {"fit": record["fit"] | {"program": program}}


@pytest.mark.slow
def test_report_of_runs_steps_through_their_programs(browser, program, tmp_path):
    """One run with a program, one without, and one that was recorded before there were any."""
    records = [with_program(program), fake_record("gumbel"), fake_record("hysteresis") | {"fit": None}]
    browser.open(write_report(records, tmp_path / "report.html"))
    assert browser.run("return document.querySelectorAll('.stepper').length") == 1
    browser.run("document.querySelector('.stepper').scrollIntoView()")
    for _ in range(100):
        if browser.run("return document.querySelectorAll('.planes figure').length"):
            break
        time.sleep(0.05)
    go(browser, 40)
    assert np.array_equal(shown(browser, "R7"), 255 * replayed(program["stepping"], 40)["R7"].ravel().astype(int))
    assert browser.run("return document.querySelectorAll('[data-figure$=ranges] .scatterlayer .trace').length") > 10
    assert browser.complaints() == []


def test_time_and_reduction_of_the_fit_are_shown(tmp_path):
    fit_of = fit(two_layer_network(side=16, maps=4)).to_dict()
    record = fake_record("lab") | {"fit": fit_of}
    text = " ".join(Page(write_report([record], tmp_path / "report.html").read_text(encoding="utf-8")).texts)
    assert "1,024 bits read per frame, of 524,288 in the raw image (8 for each pixel): 512.0 times fewer" in text
    assert "Calibrated" in text and "AnalogNet2" in text
    broken = record | {"fit": fit_of | {"estimates": [{"kind": "calibrated"}]}}
    with pytest.raises(RecordError, match=r"'fit\.estimates\[0\]\.source' is missing"):
        write_report([broken], tmp_path / "report.html")


@pytest.mark.parametrize(
    ("part", "value", "problem"),
    [
        ("stepping", {}, "'fit.program.stepping.region' is missing"),
        ("store_icw", "many", "'fit.program.store_icw' is not a whole number"),
        ("live_ranges", None, "'fit.program.live_ranges' is not an object"),
    ],
)
def test_damaged_program_is_named(program, part, value, problem, tmp_path):
    with pytest.raises(RecordError, match=problem):
        write_report([with_program(program | {part: value})], tmp_path / "report.html")
