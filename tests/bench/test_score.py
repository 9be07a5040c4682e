"""One row for a network: what is measured, what a record says, and the change against another."""

import json

import pytest
from click.testing import CliRunner

from larq_focal.bench.score import scorecard
from larq_focal.cli import main
from larq_focal.datasets.dataset import load_dataset
from tests.bench.files import digits_file, true_record


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A file, and two runs whose records have known figures."""
    folder, data = tmp_path_factory.mktemp("results"), load_dataset("digits")
    digits_file(folder / "alone.tflite", 2)
    for seed, (name, factor) in enumerate((("slow", 2.0), ("fast", 1.0))):
        record = true_record(digits_file(folder / "runs" / f"{name}.tflite", seed), data)
        record["timing"] |= {"median_ms": factor, "p90_ms": 3 * factor, "p99_ms": 5 * factor, "first_ms": 9 * factor}
        record["timing"]["memory"] = {"preparation_bytes": 3000, "inference_bytes": int(1000 * factor)}
        (folder / "runs" / f"{name}.json").write_text(json.dumps(record))
    return folder


def test_a_run_has_what_its_record_says(folder):
    (row,) = scorecard([folder / "runs" / "slow.json"]).rows
    assert row.latencies_ms == {"p50": 2.0, "p90": 6.0, "p99": 10.0, "first": 18.0}
    assert row.memory_bytes == 5000
    assert row.change(row) == {"accuracy_points": 0, "latency_ratio": 1, "memory_ratio": 1}


def test_the_change_is_against_the_baseline(folder):
    scores = scorecard([folder / "runs"], baseline=folder / "runs" / "fast.json")
    changes = {row.name: row.change(scores.baseline) for row in scores.rows}
    assert changes["slow"]["latency_ratio"] == 2.0
    assert changes["slow"]["memory_ratio"] == pytest.approx(5 / 4)
    slow, fast = (json.loads((folder / "runs" / f"{name}.json").read_text()) for name in ("slow", "fast"))
    points = 100 * (slow["accuracy"]["value"] - fast["accuracy"]["value"])
    assert changes["slow"]["accuracy_points"] == pytest.approx(points)
    text = str(scores)
    assert f"{points:+.2f}" in text and "2.00" in text and "Against fast" in text


def test_a_file_is_timed_and_judged_here(folder):
    (row,) = scorecard([folder / "alone.tflite"], dataset="digits").rows
    first, p50, p90, p99 = (row.latencies_ms[name] for name in ("first", "p50", "p90", "p99"))
    assert 0 < p50 <= p90 <= p99
    assert first >= row.timing["min_ms"]
    assert row.memory_bytes > 0
    assert row.accuracy["total"] == 540 and row.accuracy["low"] <= row.accuracy["value"] <= row.accuracy["high"]


def test_what_is_not_known_is_not_made_up(folder):
    """Older records have no percentiles and no memory; a file without a data set has no accuracy."""
    record = json.loads((folder / "runs" / "slow.json").read_text())
    for key in ("p99_ms", "first_ms", "memory"):
        del record["timing"][key]
    path = folder / "older.json"
    path.write_text(json.dumps(record))
    scores = scorecard([path], baseline=folder / "runs" / "fast.json")
    (row,) = scores.rows
    assert (row.latencies_ms["p99"], row.latencies_ms["first"], row.memory_bytes) == (None, None, None)
    assert row.change(scores.baseline)["memory_ratio"] is None
    assert "unknown" in str(scores)
    path.unlink()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere.json"], "nowhere.json"),
        (["nowhere"], "no run records"),
        (["nowhere.tflite"], "nowhere.tflite"),
        (["{runs}/slow.json", "--baseline", "{runs}"], "holds 2 runs"),
        (["{runs}/slow.tflite", "--dataset", "mnist", "--data-dir", "nowhere"], "mnist.npz"),
    ],
)
def test_what_is_wrong_is_one_line(folder, words, message):
    done = CliRunner().invoke(main, ["card", *(word.format(runs=folder / "runs") for word in words)])
    assert done.exit_code == 1 and "Traceback" not in done.output
    assert message in " ".join(done.output.split())


def test_the_command_prints_json(folder):
    done = CliRunner().invoke(main, ["card", str(folder / "runs"), "--json"])
    assert done.exit_code == 0, done.output
    assert [row["name"] for row in json.loads(done.stdout)["rows"]] == ["fast", "slow"]
