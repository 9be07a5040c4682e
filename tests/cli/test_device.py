"""The commands that run converted models, as a user types them."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from larq_focal.cli import main
from larq_focal.cli.output import as_json_text
from larq_focal.deploy.timing import Timing
from tests.support import sshd
from tests.support.flatbuffers import CallSpec, TensorSpec, dense_network, relu_network, tflite
from tests.support.lce_file import residual_network
from tests.support.requirements import require


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def files(tmp_path):
    """Networks, and arrays for them."""
    for name, content in (("relu", relu_network()), ("dense", dense_network()), ("binary", residual_network(1, 8, 32))):
        (tmp_path / f"{name}.tflite").write_bytes(content)
    np.save(tmp_path / "x.npy", np.array([[1, 5, 3, 4]], np.float32))
    np.save(tmp_path / "a=b.npy", np.zeros((1, 4), np.float32))
    np.save(tmp_path / "three.npy", np.ones(3, np.float32))
    (tmp_path / "names.txt").write_text("ant\nbee\ncat\ndog\n")
    return tmp_path


def test_predictions_are_ranked_and_saved(files):
    done = run("run", files / "relu.tflite", "--input", files / "x.npy", "--classes", files / "names.txt", "--top", 2)
    assert done.exit_code == 0 and "bee" in done.output and "dog" in done.output and "cat" not in done.output
    done = run("run", files / "relu.tflite", "--input", files / "x.npy", "-o", files / "y.npy", "--json")
    assert json.loads(done.output)["samples"][0]["top"][0] == {"class": 1, "score": 5.0}
    assert np.load(files / "y.npy").tolist() == [[1, 5, 3, 4]]


def test_json_is_json_whatever_the_numbers(files):
    """What is not finite becomes null, in every command: JSON has no word for it."""

    def no_such_number(word):
        raise AssertionError(f"{word} is not JSON")

    record = {"a": [float("nan"), 1.5, (float("inf"),)], "b": {"c": -float("inf"), "d": np.float64("nan")}, "e": "NaN"}
    expected = {"a": [None, 1.5, [None]], "b": {"c": None, "d": None}, "e": "NaN"}
    assert json.loads(as_json_text(record), parse_constant=no_such_number) == expected
    square = tflite(dict.fromkeys("xy", TensorSpec((1, 1))), [CallSpec("MUL", ["x", "x"], ["y"])], ["x"], ["y"])
    (files / "square.tflite").write_bytes(square)
    np.save(files / "large.npy", np.full((1, 1), 1e30, np.float32))
    done = run("run", files / "square.tflite", "--input", files / "large.npy", "--json")
    result = json.loads(done.output, parse_constant=no_such_number)
    assert result["samples"][0]["top"] == [{"class": 0, "score": None}]
    assert result["notes"] == ["1 values of the output 'y' are not finite numbers."]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.full((2, 4), np.nan, np.float32), "Sample 0 of the input 'x' holds nan at [0], which is not a finite"),
        (np.array([[0, 0, 0, 1e300]]), "Sample 0 of the input 'x' holds 1e+300 at [3], which is too large for float32"),
        (np.ones((1, 4), complex), "The input 'x' takes float32, but the array given is complex128"),
        (np.ones((0, 4), np.float32), "odd.npy' holds no samples: its array has the shape [0, 4]"),
    ],
)
def test_wrong_numbers_are_one_message(array, message, files):
    np.save(files / "odd.npy", array)
    done = run("run", files / "relu.tflite", "--input", files / "odd.npy", "-o", files / "out.npy")
    assert done.exit_code == 1 and message in done.output and "Traceback" not in done.output
    assert not (files / "out.npy").exists()


def test_inputs_by_name_and_files_with_equals_signs(files):
    inputs = [word for name in "ab" for word in ("--input", f"{name}={files / 'three.npy'}")]
    assert json.loads(run("run", files / "dense.tflite", *inputs, "--json").output)["samples"][0]["outputs"][1] == [
        2,
        2,
        2,
    ]
    assert run("run", files / "relu.tflite", "--input", files / "a=b.npy").exit_code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "relu.tflite", "--input", "three.npy"], "three.npy' holds an array of the shape [3]"),
        (["run", "relu.tflite", "--input", "none.npy"], "none.npy"),
        (["run", "relu.tflite", "--input", "x.npy", "--scale", "big"], "no scale 'big'"),
        (["run", "relu.tflite"], "Missing option '--input'"),
        (["time", "none.tflite"], "none.tflite"),
        (["time", "relu.tflite", "--threads", "1,zero"], "'1,zero' is not a number above 0"),
        (["time", "relu.tflite", "--watts", "-1", "--no-memory"], "power must be above 0 W"),
        (["time", "relu.tflite", "--host", "-oProxyCommand=true"], "not a name of a host"),
    ],
)
def test_errors_are_one_message(words, message, files, monkeypatch):
    monkeypatch.chdir(files)
    done = run(*words)
    assert done.exit_code != 0 and "Traceback" not in done.output
    assert message in done.output


def test_a_timing_is_a_table_or_a_record(files):
    done = run("time", files / "binary.tflite", "--runs", 3, "--watts", 2, "--profile")
    assert done.exit_code == 0
    for part in ("delegate", "per second", "for an inference", "LceBconv2d", "ADD"):
        assert part in done.output
    record = json.loads(run("time", files / "relu.tflite", "--runs", 3, "--no-memory", "--json").output)
    assert Timing.from_dict(record).runs == 3
    assert record["memory"] is None and sum(record["histogram"]["counts"]) == 3


def test_threads_in_turn(files):
    record = json.loads(
        run("time", files / "relu.tflite", "--runs", 3, "--no-memory", "--threads", "1,2", "--json").output
    )
    assert [timing["threads"] for timing in record["timings"]] == [1, 2]


def test_over_ssh(files):
    require(sshd.missing_packages())
    (files / "sshd").mkdir()
    with sshd.running(files / "sshd") as server:
        words = [
            "--host",
            server.name,
            "--port",
            server.port,
            "--identity",
            server.identity,
            "--python",
            sys.executable,
        ]
        words += [word for option in server.ssh_options for word in ("--ssh-option", option)]
        done = run("time", files / "relu.tflite", "--runs", 3, "--no-memory", "--json", *words)
    assert Timing.from_dict(json.loads(done.output)).runs == 3
