"""Networks chosen by times of another machine, by the commands: it is this one, behind a real ssh server."""

from __future__ import annotations

import json
import sys

import pytest
from click.testing import CliRunner

from larq_focal.cli import main
from larq_focal.compress.netadapt import ClockMeter
from larq_focal.deploy.remote import Host, RemoteError
from larq_focal.nn import keras
from tests.support import sshd
from tests.support.requirements import require

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    require(sshd.missing_packages())
    with sshd.running(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "dense.keras"
    keras.utils.set_random_seed(0)
    layers = keras.layers
    image = layers.Input((8, 8, 1), name="image")
    x = layers.Dense(64, activation="relu", name="hidden")(layers.Flatten(name="flat")(image))
    keras.Model(image, layers.Dense(10, name="logits")(x), name="dense").save(path)
    return path


def invoked(server, *words):
    reach = ["--for", server.name, "--port", server.port, "--identity", server.identity, "--python", sys.executable]
    options = [word for option in server.ssh_options for word in ("--ssh-option", option)]
    done = CliRunner().invoke(main, [str(word) for word in (*words, *reach, *options)])
    assert done.exit_code == 0, done.output
    return json.loads(done.output[done.output.index("{") :])  # behind lines of progress


def test_the_device_is_the_one_that_is_reached(server):
    host = Host(server.name, sys.executable, server.port, server.identity, server.ssh_options)
    there, here = ClockMeter(host=host, min_seconds=0.01), ClockMeter(min_seconds=0.01)
    assert there.device == here.device
    with pytest.raises(RemoteError):
        ClockMeter(host=Host(server.name, sys.executable, 1, server.identity, server.ssh_options))


def test_netadapt_measures_there(server, model, tmp_path):
    words = ("netadapt", model, "--dataset", "digits", "-o", tmp_path / "out", "--held-out", 200, "--judged", 100)
    record = invoked(server, *words, "--iterations", 1, "--steps", 1, "--points", 2, "--step", "hidden=16", "--json")
    (table,) = (tmp_path / "out" / "tables").glob("latency-*.json")
    costs = json.loads(table.read_text())["costs"]
    assert {width for row in costs.values() for width in row} == {"64x16", "64x64", "16x10", "64x10"}
    assert all(cost > 0 for row in costs.values() for cost in row.values())
    assert record["about"]["device"]["engine"] and record["before"]["latency"] > 0


def test_optimize_measures_there_and_leaves_nothing(server, model, tmp_path):
    words = ("optimize", model, "--data", "digits", "-o", tmp_path / "small.tflite", "--max-accuracy-drop", 100)
    record = invoked(server, *words, "--held-out", 200, "--judged", 100, "--no-widths", "--json")
    assert record["metric"] == "latency" and record["about"]["device"]["threads"] == 1
    assert all(attempt["cost"] > 0 for attempt in record["attempts"]) and len(record["attempts"]) >= 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small.json", "small.tflite"]
    assert [*server.scratch.iterdir()] == []
