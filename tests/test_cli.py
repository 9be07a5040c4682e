"""The command line as a user meets it: in processes of its own."""

import json
import os
import subprocess
import sys

import click
import numpy as np
import pytest

from larq_focal.cli import main
from larq_focal.network import Kernel, QuantGraph, ops, save_graph

COMMANDS = tuple(main.list_commands(click.Context(main)))


def run(*arguments, timeout=120):
    return subprocess.run(
        [sys.executable, "-m", "larq_focal", *map(str, arguments)], capture_output=True, text=True, timeout=timeout
    )


@pytest.fixture
def graph_file(tmp_path):
    """One binary 3x3 layer with 16 maps on a binary 64x64 image."""
    image = ops.Input(name="image", shape=(64, 64, 1))
    bits = ops.Binarize(name="bits", inputs=("image",), shape=(64, 64, 1), threshold=np.float32(0))
    kernel = Kernel(np.ones((3, 3, 1, 16), np.int8), np.ones(16, np.float32), 1)
    conv = ops.Conv2D(
        name="conv", inputs=("bits",), shape=(64, 64, 16), kernel=kernel, padding="same", declared_bits=(1, 1)
    )
    return save_graph(QuantGraph("small", [image, bits, conv], ["conv"]), tmp_path / "small.qgraph")


def cpu_seconds_of_children():
    times = os.times()
    return times.children_user + times.children_system


def answers_within(cpu_seconds, *arguments, tries=3):
    """Whether one of some calls does: on a busy machine every one takes longer."""
    for _ in range(tries):
        started = cpu_seconds_of_children()
        done = run(*arguments)
        assert done.returncode == 0, done.stderr
        if cpu_seconds_of_children() - started < cpu_seconds:
            return True
    return False


def test_help_names_every_command():
    shown = run("--help").stdout
    assert all(f"  {command} " in shown for command in COMMANDS)


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("--help",), ("--version",), *((command, "--help") for command in COMMANDS)])
def test_help_answers_within_a_second(arguments):
    assert answers_within(1.0, *arguments)


@pytest.mark.slow
def test_fit_from_a_graph_answers_within_a_second(graph_file):
    assert answers_within(1.0, "fit", "--from-graph", graph_file)


def test_fit_from_a_graph_as_json(graph_file):
    report = json.loads(run("fit", "--from-graph", graph_file, "--json").stdout)
    assert report["verdict"] == "FIT" and report["layers"][0]["fan_in"] == 9


def test_fit_needs_one_source(graph_file):
    for arguments in ((), (graph_file, "--from-graph", graph_file)):
        done = run("fit", *arguments)
        assert done.returncode == 2 and "MODEL or --from-graph" in done.stderr


def test_summary_of_a_graph(graph_file):
    totals = json.loads(run("summary", graph_file, "--json").stdout)["totals"]
    assert totals["weights"] == 144 and totals["macs"] == 64 * 64 * 144


@pytest.mark.parametrize("command", ["summary", "fit"])
def test_missing_file_is_one_line_that_names_it(command, tmp_path):
    done = run(command, tmp_path / "nowhere.qgraph")
    assert done.returncode == 1
    assert "nowhere.qgraph" in done.stderr and "Traceback" not in done.stderr


def test_a_missing_file_is_named_before_tensorflow_is_loaded(tmp_path):
    (tmp_path / "model.keras").touch()
    for arguments in (
        ("convert", tmp_path / "nowhere.keras", "-o", tmp_path / "model.tflite"),
        ("audit", tmp_path / "nowhere.keras", tmp_path / "model.keras"),
        ("audit", tmp_path / "model.keras", tmp_path / "nowhere.keras"),
    ):
        program = f"""
import sys
from larq_focal.cli import main
try:
    main({list(map(str, arguments))!r})
finally:
    assert "tensorflow" not in sys.modules
"""
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
        assert done.returncode == 1
        assert "There is no file" in done.stderr and "nowhere.keras" in done.stderr


def test_damaged_graph_is_one_line_that_names_it(graph_file):
    graph_file.write_bytes(graph_file.read_bytes()[:-100])
    done = run("summary", graph_file)
    assert done.returncode == 1
    assert "small.qgraph" in done.stderr and "Traceback" not in done.stderr


def test_unknown_sensor_lists_the_known_ones(graph_file):
    done = run("fit", "--from-graph", graph_file, "--sensor", "retina")
    assert done.returncode == 1 and "retina" in done.stderr and "scamp5" in done.stderr


def test_debug_shows_the_traceback(tmp_path):
    assert "Traceback" in run("--debug", "summary", tmp_path / "nowhere.qgraph").stderr
