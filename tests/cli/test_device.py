"""The commands that run converted models, as a user types them."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from larq_focal.cli import main
from larq_focal.deploy.timing import Timing
from tests.support import sshd
from tests.support.flatbuffers import dense_network, relu_network
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
        (["time", "relu.tflite", "--host", "-oProxyCommand=true"], "no name of a host"),
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
    for part in ("delegate", "per second", "MiB for an inference", "LceBconv2d", "ADD"):
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
