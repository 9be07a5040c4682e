"""doctor says what works here, what is missing and what is broken, and how to get it."""

from __future__ import annotations

import json
import sys

import pytest
from click.testing import CliRunner

from larq_focal.cli import main
from larq_focal.installation import PARTS, Part, doctor
from larq_focal.installation.trials import TRIALS

ADVICE = "`pip install it`"


def tried(trial: str, *arguments: str):
    (finding,) = doctor([Part("the part", "a use", trial, ADVICE, arguments)]).findings
    return finding


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """A place for packages that the trials find."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


def test_every_part_has_a_trial_and_advice():
    assert {part.trial for part in PARTS} == {*TRIALS}
    assert all(part.use and part.advice for part in PARTS)


def test_what_is_there_was_used(packages):
    (packages / "a_package.py").write_text("__version__ = '1.2.3'")
    finding = tried("package", "a_package")
    assert (finding.state, finding.found) == ("works", "1.2.3")
    assert tried("engine", "litert").state == "works"


def test_what_is_missing_is_named_with_the_way_to_get_it():
    diagnosis = doctor([Part("the part", "a use", "package", ADVICE, ("no_such_package",))])
    assert diagnosis.is_sound and diagnosis.headline == "1 missing"
    assert f"the part: {ADVICE}" in str(diagnosis)


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import no_such_package", "ModuleNotFoundError: No module named 'no_such_package'"),
        ("raise ValueError('it does not fit')", "ValueError: it does not fit"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crashed with signal 11"),
    ],
)
def test_what_fails_or_crashes_is_broken(packages, code, found):
    (packages / "a_package.py").write_text(code)
    finding = tried("package", "a_package")
    assert (finding.state, finding.found) == ("broken", found)


def test_a_part_that_does_not_answer_is_broken(packages, monkeypatch):
    monkeypatch.setattr("larq_focal.installation.diagnosis._MOST_S", 0.5)
    (packages / "a_package.py").write_text("import time; time.sleep(60)")
    assert tried("package", "a_package").found == "did not answer within 0.5 s"


def test_the_command_tells_it_as_json_and_by_its_exit_status(packages, monkeypatch):
    (packages / "a_package.py").write_text("raise ValueError")
    parts = [Part("python", "run", "package", ADVICE, ("json",)), Part("it", "try", "package", ADVICE, ("a_package",))]
    monkeypatch.setattr("larq_focal.installation.diagnosis.PARTS", parts)
    result = CliRunner().invoke(main, ["doctor", "--json"])
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert [finding["state"] for finding in report["findings"]] == ["works", "broken"]
    assert report["machine"].startswith(f"Python {sys.version_info.major}.{sys.version_info.minor}.")


@pytest.mark.slow
def test_the_parts_that_the_tests_have_work():
    states = {finding.part: finding.state for finding in doctor().findings}
    assert "broken" not in states.values()
    for part in ("Keras", "LiteRT", "delegate", "scikit-learn"):
        assert states[part] == "works", part


def test_the_successor_api_is_tried_and_missing_where_litert_is_another(packages):
    """What LiteRT prints when its process ends is not taken for the reason."""
    assert tried("engine", "compiled").state == "works"
    (packages / "ai_edge_litert-2.1.6.dist-info").mkdir()
    (packages / "ai_edge_litert-2.1.6.dist-info" / "METADATA").write_text("Name: ai-edge-litert\nVersion: 2.1.6\n")
    finding = tried("engine", "compiled")
    assert finding.state == "missing" and "ai-edge-litert 2.1.6 is installed" in finding.found
