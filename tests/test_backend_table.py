"""The page of quantizers and layers by backend follows from what the tests on each backend left."""

from __future__ import annotations

import json
import re

import pytest

from larq_focal import layers
from larq_focal.quantizers import QUANTIZERS
from tests.support.processes import ROOT
from tools.backend_table import BACKENDS, CHECKS, DATA, PAGE, outcomes, page

PARTS = {*(row.alias for row in QUANTIZERS), *layers.__all__}


def test_the_page_is_what_the_outcomes_say():
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m tools.backend_table`"


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_quantizer_and_layer_has_been_tested_and_passed(backend):
    """But for what a backend does not have."""
    parts = json.loads((DATA / f"{backend}.json").read_text(encoding="utf-8"))["parts"]
    missing = {"compiled", "two replicas"} if backend == "torch" else set()
    assert parts.keys() >= PARTS, f"run `python -m tools.backend_table {backend}`"
    for part in PARTS:
        assert parts[part].keys() == {*CHECKS} - missing, part
        assert "failed" not in parts[part].values(), part
        assert parts[part]["gradient"] <= 3e-5, part


def test_on_tensorflow_every_quantizer_gives_the_bits_that_it_gives_with_larq():
    parts = json.loads((DATA / "tensorflow.json").read_text(encoding="utf-8"))["parts"]
    assert {part: parts[part]["forward"] for part in PARTS} == dict.fromkeys(PARTS, 0)


def test_outcomes_are_those_of_the_report(tmp_path):
    """The worst of several tests of a part counts; tests that show nothing of a part are left out."""

    def case(part: str, difference: float, more: str = "") -> str:
        values = {"part": part, "check": "forward", "difference": difference}
        properties = "".join(f'<property name="{name}" value="{value}"/>' for name, value in values.items())
        return f"<testcase><properties>{properties}</properties>{more}</testcase>"

    cases = [case("a", 1e-7), case("a", 3e-7), case("b", 0), case("b", 5, "<failure/>"), case("b", 1)]
    report = tmp_path / "report.xml"
    report.write_text(f"<testsuites><testsuite>{''.join(cases)}<testcase/></testsuite></testsuites>")
    assert outcomes(report) == {"a": {"forward": 3e-7}, "b": {"forward": "failed"}}


def test_the_tests_name_every_check():
    """Which the table has a column for."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "keras3").glob("test_*.py")]
    named = {check for text in texts for check in re.findall(r'outcome\([^"\n]*, "([^"]+)"', text)}
    assert named == {*CHECKS}
