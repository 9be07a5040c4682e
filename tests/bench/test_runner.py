"""The benchmark as a person runs it: real training, conversion, timing, an interruption and its resumption."""

import json
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from larq_focal._keras_version import is_keras_3
from larq_focal.bench import run_bench
from larq_focal.cli import main
from larq_focal.training.checkpoint import CheckpointError

pytestmark = pytest.mark.slow

BENCH = ("bench", "--epochs", "2")
COMMAND = (sys.executable, "-m", "larq_focal", *BENCH)
INTERRUPTIBLE = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("larq_focal", run_name="__main__", alter_sys=True)
"""
"""The command where it can get Ctrl-C: shells start background jobs with it ignored, which would be inherited."""
SEED = ("--seed", "3")


def bench(folder: Path, *arguments, timeout=300) -> subprocess.CompletedProcess:
    return subprocess.run([*COMMAND, "--results", folder, *arguments], capture_output=True, text=True, timeout=timeout)


def refused(*words) -> str:
    """What a command says that does nothing; in this process, as TensorFlow is loaded here."""
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == 1 and "Traceback" not in result.output
    return result.output


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory):
    """A benchmark that got Ctrl-C once its first run was finished, with its exit code and message."""
    results = tmp_path_factory.mktemp("results")
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, *BENCH, "--results", results, "--models", "gumbel,lab", *SEED],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    first = results / "digits" / "gumbel.json"
    limit = threading.Timer(600, process.kill)  # on a busy machine
    limit.start()
    for line in process.stdout:  # not as soon as the file is there: JAX loses a Ctrl-C while garbage is collected
        if line.startswith("Learnable activation binarizer: training"):
            break
    limit.cancel()
    process.send_signal(signal.SIGINT)
    _, message = process.communicate(timeout=300)
    return results, process.returncode, message, first.read_bytes()


@pytest.fixture(scope="module")
def resumed(interrupted):
    results, *_ = interrupted
    return bench(results, "--models", "gumbel,lab", *SEED, "--resume")


def test_interruption_keeps_the_finished_run_and_says_how_to_go_on(interrupted):
    results, code, message, _ = interrupted
    assert code == 130 and "--resume" in message and "Traceback" not in message
    assert [path.name for path in results.glob("digits/*.json")] == ["gumbel.json"]
    assert not list(results.glob("digits/*.part"))


def test_resuming_finishes_without_repeating(interrupted, resumed):
    results, _, _, before = interrupted
    assert resumed.returncode == 0, resumed.stderr
    assert (results / "digits" / "gumbel.json").read_bytes() == before
    assert (results / "digits" / "lab.json").exists()
    assert "Gumbel sign: finished before, kept" in resumed.stdout


def test_report_stands_beside_the_records(interrupted, resumed):
    page = (interrupted[0] / "digits" / "report.html").read_text()
    assert "Gumbel sign" in page and "Learnable activation binarizer" in page


@pytest.mark.parametrize("run", ["gumbel", "lab"])
def test_record_is_complete_and_converted_model_agrees(interrupted, resumed, run):
    record = json.loads((interrupted[0] / "digits" / f"{run}.json").read_text())
    assert len(record["history"]) == 2
    assert record["agreement"]["same_class"] == record["agreement"]["samples"] == record["dataset"]["test"] == 540
    assert record["accuracy"]["value"] == record["keras_accuracy"]
    assert record["audit"]["passed"]
    became = {row["layer"]: row["became"] for row in record["audit"]["layers"]}
    assert became["conv_1"] == became["conv_2"] == "packed"
    assert record["timing"]["median_ms"] > 0
    assert record["microcontroller"]["ram_bytes"] > 0
    assert record["microcontroller"]["estimated_latency_ms"] is None  # no clock was given
    assert record["file"]["bytes"] == (interrupted[0] / "digits" / record["file"]["name"]).stat().st_size


def test_finished_runs_are_not_overwritten_by_accident(interrupted, resumed):
    message = refused(*BENCH, "--results", interrupted[0], "--models", "gumbel", *SEED)
    assert "--resume" in message and "--name" in message


def test_other_settings_are_not_mixed_in(interrupted, resumed):
    message = refused(*BENCH, "--results", interrupted[0], "--seed", "5", "--resume")
    assert "other --name" in message and "'seed': 5" in message


def test_int8_stands_on_the_full_precision_network(tmp_path):
    done = bench(tmp_path, "--models", "int8")
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "digits" / "int8.json").read_text())
    assert {row["became"] for row in record["audit"]["layers"]} == {"int8"}
    if is_keras_3():
        assert "training" not in record, "ranges come from calibration"
    else:
        assert record["training"]["epochs"] < record["settings"]["epochs"]


def test_same_seed_same_network(interrupted, resumed, tmp_path):
    """In another process; the method draws random numbers."""
    assert bench(tmp_path, "--models", "gumbel", *SEED).returncode == 0
    first, again = (json.loads((folder / "digits/gumbel.json").read_text()) for folder in (interrupted[0], tmp_path))
    assert again["confusion"] == first["confusion"]
    assert [row["loss"] for row in again["history"]] == [row["loss"] for row in first["history"]]


def test_an_interrupted_run_goes_on_after_its_last_whole_epoch(tmp_path):
    def interrupt(entry, row):
        raise KeyboardInterrupt

    options = {"models": ["ste_sign"], "epochs": 2, "say": lambda line: None}
    run_bench(results=tmp_path / "whole", **options)
    with pytest.raises(KeyboardInterrupt):
        run_bench(results=tmp_path / "resumed", epoch_done=interrupt, **options)
    run_bench(results=tmp_path / "resumed", resume=True, **options)
    whole, resumed = (
        json.loads((tmp_path / name / "digits" / "ste_sign.json").read_text()) for name in ("whole", "resumed")
    )
    assert [(each["first_epoch"], each["last_epoch"]) for each in resumed["stretches"]] == [(1, 1), (2, 2)]
    assert len(whole["stretches"]) == 1
    assert resumed["confusion"] == whole["confusion"]
    assert [row["loss"] for row in resumed["history"]] == [row["loss"] for row in whole["history"]]
    assert not (tmp_path / "resumed" / "digits" / "ste_sign").exists(), "the checkpoint of a finished run is of no use"


def test_without_resuming_an_interrupted_run_begins_again(tmp_path):
    def interrupt(entry, row):
        raise KeyboardInterrupt

    options = {"models": ["full_precision"], "results": tmp_path, "say": lambda line: None}
    with pytest.raises(KeyboardInterrupt):
        run_bench(epochs=3, epoch_done=interrupt, **options)
    with pytest.raises(CheckpointError, match="belongs to"):
        run_bench(epochs=2, resume=True, **options)
    rows = []
    run_bench(epochs=1, epoch_done=lambda entry, row: rows.append(row["epoch"]), **options)
    assert rows == [1]


def test_missing_data_is_one_line(tmp_path):
    assert "mnist.npz" in refused(*BENCH, "--results", tmp_path, "--dataset", "mnist", "--data-dir", tmp_path)


def retime(folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "larq_focal", "retime", folder], capture_output=True, text=True, timeout=120
    )


def test_retiming_renews_timings_and_nothing_else(interrupted, resumed, tmp_path):
    folder = tmp_path / "copied"
    shutil.copytree(interrupted[0] / "digits", folder)
    before = json.loads((folder / "lab.json").read_text())
    assert retime(folder).returncode == 0
    after = json.loads((folder / "lab.json").read_text())
    assert after.pop("timing") != before.pop("timing")
    assert after == before


def test_retiming_refuses_another_model(interrupted, resumed, tmp_path):
    folder = tmp_path / "copied"
    shutil.copytree(interrupted[0] / "digits", folder)
    shutil.copy(folder / "lab.tflite", folder / "gumbel.tflite")
    message = refused("retime", folder)
    assert "gumbel.tflite" in message and "is not the model" in message


def test_a_damaged_record_is_named(interrupted, resumed, tmp_path):
    folder = tmp_path / "digits"
    shutil.copytree(interrupted[0] / "digits", folder)
    (folder / "lab.json").write_text('{"run": "lab"')
    assert "lab.json" in refused(*BENCH, "--results", tmp_path, "--models", "lab", *SEED, "--resume")
