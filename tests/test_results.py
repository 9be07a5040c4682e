"""Every result prints as its table: in 80 columns, in one line as ``repr``, and as HTML in notebooks."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from html.parser import HTMLParser

import numpy as np
import pytest
from click.testing import CliRunner

import larq_focal as lqf
from larq_focal.cli import main
from larq_focal.deploy.checking import Check
from larq_focal.deploy.histogram import Histogram
from larq_focal.deploy.prediction import Predictions
from larq_focal.deploy.profile import OperationTime, Profile
from larq_focal.deploy.timing_results import PairedTiming, ThreadSweep, Timing
from larq_focal.focal_plane import load_sensor
from larq_focal.focal_plane.analog.compiled_kernels import CompiledKernels
from larq_focal.focal_plane.machine import Instruction
from larq_focal.installation import PARTS, Diagnosis, Finding
from larq_focal.network import load_graph, save_graph
from larq_focal.plain_text import as_text
from larq_focal.result import Result
from larq_focal.training.listing import Structures, list_models
from larq_focal.zoo.registry import MODELS
from larq_focal.zoo.rows import Published
from larq_focal.zoo.structure import Comparison
from tests.test_documentation import commands

WIDTH = 80
MACHINE = {"board": None, "cpu": "A processor", "system": "Linux", "emulator": None}


def timing(**changes) -> Timing:
    times = np.random.default_rng(0).gamma(2, 0.1, 1000) + 1
    values = {
        "model": "a_network_of_some_length",
        "engine": "delegate",
        "threads": 1,
        "runs": 123_456,
        "warmup": 10,
        "min_ms": 1.01,
        "median_ms": 1.23,
        "p90_ms": 12.5,
        "p99_ms": 12.9,
        "first_ms": 30.0,
        "machine": MACHINE,
        "versions": {"larq_focal": "0.1.0", "ai-edge-litert": "2.1.0"},
        "notes": ("The clock moved from 1500 to 600 MHz.",),
        "histogram": Histogram.of(times),
        "power_w": 2.5,
        "power_source": "given",
        "profile": profile(),
    }
    return Timing(**values | changes)


def profile() -> Profile:
    shapes = ((1, 112, 112, 64), (1, 56, 56, 128), (1, 1000))
    kinds = ("LceBconv2d", "DEPTHWISE_CONV_2D", "RESIZE_NEAREST_NEIGHBOR")
    operations = (OperationTime(i, kind, "float32", shapes[i], 1.5 / (1 + i)) for i, kind in enumerate(kinds))
    return Profile((*operations, OperationTime(3, "PAD", "float32", (1, 2), None)), 4.5)


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> dict[str, Result]:
    """One of each kind, of real networks where that is quick."""
    folder = tmp_path_factory.mktemp("results")
    small = lqf.zoo.two_layer("ste_sign", weights="digits")
    graph = load_graph(save_graph(lqf.from_keras(small), folder / "small.qgraph"))
    wide = lqf.from_keras(MODELS["resnet8_bireal"].build())
    compiled = lqf.compile(graph, "scamp5")
    file = lqf.convert(small, folder / "small.tflite")
    mixed = lqf.convert(lqf.zoo.lenet("hysteresis_8bit", input_shape=(16, 16, 1)), folder / "mixed.tflite")
    kernels = CompiledKernels(
        (Instruction("add", ("A", "B", "C")),), "A", {"sobel": "B"}, 2, Fraction(1), Fraction(1), 1, 9
    )
    images = np.zeros((2, 8, 8, 1), np.float32)
    outputs = (np.zeros((2, 7, 7, 32), np.float32), np.ones((2, 10), np.float32))
    published = Comparison("quicknet_large", Published("training_saving", 3.71, "somewhere"), 3.7)
    return {
        "audit": file.audit,
        "conversion": mixed,
        "conversion of a graph": lqf.convert(wide, folder / "wide.tflite", converter="focal"),
        "summary": lqf.summary(graph),
        "wide summary": lqf.summary(wide),
        "large summary": lqf.summary(MODELS["quicknet_small"].build()),
        "fit": lqf.fit(graph, "scamp5"),
        "wide fit": lqf.fit(wide, "scamp7"),
        "processor": lqf.fit(MODELS["binareye_64_sign"].build(), "binareye"),
        "compiled": compiled,
        "inspection": lqf.inspect_network(graph, "scamp5"),
        "simulation": lqf.simulate(compiled.array, np.zeros((8, 8, 1), np.uint8)),
        "kernels": kernels,
        "timing": timing(),
        "sweep": ThreadSweep((timing(), timing(threads=4, notes=()))),
        "pair": PairedTiming(timing(), timing(), 1.0, 1.01),
        "profile": profile(),
        "histogram": Histogram.of([0.01, 0.02, 16]),
        "predictions": lqf.predict(folder / "small.tflite", images),
        "two outputs": Predictions(
            model="net",
            engine="litert",
            outputs=outputs,
            output_names=("features", "scores"),
            sources=("a.png", "b.png"),
        ),
        "check": Check("net", "litert", 1e-6, True, MACHINE, {}),
        "listing": list_models(),
        "trained": list_models(trained_only=True),
        "structures": Structures((published,)),
        "diagnosis": Diagnosis(
            "Python 3.13.1, Linux aarch64",
            tuple(Finding(part.name, part.use, "missing", f"without it, {part.trial}", part.advice) for part in PARTS),
        ),
    }


KINDS = (
    *("audit", "conversion", "conversion of a graph", "summary", "wide summary", "large summary"),
    *("fit", "wide fit", "processor", "compiled", "inspection", "simulation", "kernels"),
    *("timing", "sweep", "pair", "profile", "histogram", "predictions", "two outputs", "check"),
    *("listing", "trained", "structures", "diagnosis"),
)


def test_every_kind_is_tested(results):
    assert tuple(results) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_result_fits_80_columns_with_whole_words(results, kind):
    text = as_text(results[kind], WIDTH)
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "…" not in text
    whole = as_text(results[kind], 400)
    lost = {*re.findall(r"[\w.,/%-]+", whole)} - {*re.findall(r"[\w.,/%-]+", text)}
    joined = re.sub(r"[^\w.,/%-]", "", text)
    assert not [word for word in lost if len(word) <= 20 and word not in joined], "words that 80 columns break or lose"


@pytest.mark.parametrize("kind", KINDS)
def test_print_is_that_table(results, kind, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    assert str(results[kind]) == as_text(results[kind], WIDTH)


@pytest.mark.parametrize("kind", KINDS)
def test_repr_is_one_short_line(results, kind):
    line = repr(results[kind])
    assert line.startswith(f"<{type(results[kind]).__name__}: ") and "\n" not in line and len(line) < 200


class _Tags(HTMLParser):
    """Checks that tags close in the order in which they open; collects the text."""

    def __init__(self):
        super().__init__()
        self.open, self.text, self.tables = [], [], 0

    def handle_starttag(self, tag, attributes):
        self.tables += tag == "table"
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.mark.parametrize("kind", KINDS)
def test_a_notebook_shows_the_same_words_as_html(results, kind):
    html = _Tags()
    html.feed(results[kind]._repr_html_())
    assert not html.open
    shown = {*re.findall(r"\w{3,}", as_text(results[kind], 400))}
    assert shown <= {*re.findall(r"\w+", " ".join(html.text))}
    assert html.tables or kind in ("check", "kernels")


def test_names_are_neither_markup_nor_html():
    result = timing(model="<b>net</b>[bold]")
    assert "<b>net</b>[bold]" in str(result)
    assert "&lt;b&gt;net&lt;/b&gt;[bold]" in result._repr_html_()


def test_compile_and_inspect_count_registers_alike(results):
    compiled, inspected = results["compiled"], results["inspection"]
    assert inspected.used_digital == compiled.allocation.used
    assert inspected.nominal_digital == compiled.allocation.nominal == load_sensor("scamp5").digital.nominal


def test_a_total_that_is_a_least_value_says_so(results):
    least = replace(results["summary"], uncounted=("unread",), undescribed=("unread",))
    for text in (as_text(least, WIDTH), repr(least), least._repr_html_()):
        assert "at least" in text
    assert "total, at least" in str(least) and "not counted is what unread stores" in str(least)
    assert "at least" not in str(results["summary"])


@pytest.mark.parametrize("command", [main, *commands()], ids=lambda command: command.name)
def test_help_has_whole_sentences(command):
    text = CliRunner().invoke(command, ["--help"], terminal_width=WIDTH, prog_name="larq-focal").output
    assert max(map(len, text.splitlines())) <= WIDTH
    assert not [
        line for line in text.splitlines() if line.endswith("...") and "[OPTIONS]" not in line and "ARGS" not in line
    ]
