"""Rows beside the binary ones: by stock tools, and as wide as takes the bytes or the latency of a binary network."""

from __future__ import annotations

import json

import pytest

from larq_focal.bench import run_bench, runner
from larq_focal.bench.records.record_file import read_record, read_records
from larq_focal.bench.records.winner import winner_text
from larq_focal.deploy.stock_quantizer import is_installed

pytestmark = pytest.mark.slow
OPTIONS = {"epochs": 1, "models": ["stock_int4", "ste_sign", "int8_equal_bytes"]}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A benchmark without the stock quantizer, and what it said."""
    folder, said = tmp_path_factory.mktemp("results"), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "is_installed", lambda: False)
        run_bench(results=folder, say=said.append, **OPTIONS)
    return folder / "digits", said


def test_the_width_is_that_of_equal_bytes(results):
    folder, said = results
    equal, binary = (read_record(folder / f"{run}.json") for run in ("int8_equal_bytes", "ste_sign"))
    found = equal["equal_to"]
    assert (found["run"], found["quantity"]) == ("ste_sign", "bytes")
    assert found["ratio"] == pytest.approx(equal["file"]["bytes"] / binary["file"]["bytes"], abs=0.02)
    assert 0.8 < found["ratio"] < 1.2
    assert equal["settings"]["options"]["filters"] == found["filters"] != [16, 32]
    assert {row["became"] for row in equal["audit"]["layers"]} == {"int8"} and equal["calibration"] == {"images": 256}
    assert not (folder / "int8_equal_bytes").exists(), "its width and its checkpoint are of no use any more"
    assert winner_text(read_records(folder)) in said


def test_what_is_not_installed_is_said_with_the_fix(results):
    folder, said = results
    reason = "not made, ai-edge-quantizer is not installed (pip install ai-edge-quantizer)"
    assert f"int4 weights (stock): {reason}" in said
    assert not (folder / "stock_int4.json").exists()
    page = (folder / "report.html").read_text()
    assert f"<strong>int4 weights (stock)</strong>: {reason}" in page


def test_an_interrupted_run_keeps_its_width(results, tmp_path, monkeypatch):
    folder, _ = results
    (tmp_path / "digits").mkdir()
    for path in folder.glob("ste_sign.*"):
        (tmp_path / "digits" / path.name).write_bytes(path.read_bytes())

    def interrupt(entry, row):
        raise KeyboardInterrupt

    options = {"epochs": 1, "models": ["int8_equal_bytes"], "results": tmp_path, "resume": True}
    with pytest.raises(KeyboardInterrupt):
        run_bench(epoch_done=interrupt, say=lambda line: None, **options)
    kept = json.loads((tmp_path / "digits" / "int8_equal_bytes" / "width.json").read_text())
    monkeypatch.setattr("larq_focal.bench.equal_budget.nearest_step", None)  # it is not searched again
    run_bench(say=lambda line: None, **options)
    assert read_record(tmp_path / "digits" / "int8_equal_bytes.json")["equal_to"] == kept


@pytest.mark.skipif(not is_installed(), reason="pip install ai-edge-quantizer")
def test_resuming_makes_what_was_not_installed(results):
    folder, _ = results
    run_bench(results=folder.parent, resume=True, say=lambda line: None, **OPTIONS)
    record = read_record(folder / "stock_int4.json")
    assert {row["became"] for row in record["audit"]["layers"]} == {"packed"}
    assert record["cost"]["totals"]["macs_by_bits"].keys() == {"4x32"}
    assert record["agreement"]["same_class"] > 0.8 * record["agreement"]["samples"]
    assert record["file"]["bytes"] < read_record(folder / "full_precision.json")["file"]["bytes"] / 3
    assert "not made" not in (folder / "report.html").read_text()


def test_outputs_that_are_not_numbers_are_not_judged(results, monkeypatch):
    def broken(entry, recipe, bench):
        raise ValueError("'x.tflite' gives outputs that are not numbers.")

    monkeypatch.setattr(runner, "is_installed", lambda: True)
    monkeypatch.setattr(runner, "record_of", broken)
    entry = next(entry for entry in runner.choose(["stock_int2"]) if entry.form == "stock")
    assert "not numbers" in runner._make(entry, None, None)
    with pytest.raises(ValueError, match="not numbers"):
        runner._make(runner.choose(["ste_sign"])[0], None, None)
