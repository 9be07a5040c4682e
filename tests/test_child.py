"""Processes that the package starts import nothing from the folder that they are started in."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from larq_focal.child import environment, python_command
from larq_focal.deploy.remote import Host
from tests.support.flatbuffers import relu_network

# Modules that the commands and the processes behind them import, of every origin.
TRAPS = (
    *("numpy", "tensorflow", "tf_keras", "keras", "larq", "larq_compute_engine", "ai_edge_litert", "flatbuffers"),
    *(
        "json",
        "runpy",
        "tempfile",
        "subprocess",
        "sitecustomize",
        "larq_focal",
        "base64",
        "platform",
        "tarfile",
        "yaml",
    ),
)
COMMAND = Path(sys.executable).parent / "larq-focal"


@pytest.fixture
def folder(tmp_path):
    """A working folder with a file for each of the modules, which tells that it was run."""
    for name in TRAPS:
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'run.txt')!r}, 'a').write({name!r} + ' ')\n")
    yield tmp_path
    run = tmp_path / "run.txt"
    assert not run.exists(), f"files of the working folder were run: {run.read_text()}"


def run(folder: Path, *command: object, **options) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([*map(str, command)], cwd=folder, capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stderr
    return done


def test_the_memory_of_a_timing(folder):
    (folder / "net.tflite").write_bytes(relu_network())
    timed = json.loads(run(folder, COMMAND, "time", "net.tflite", "--runs", 5, "--json").stdout)
    assert sys.platform != "linux" or timed["memory"] is not None


@pytest.mark.slow
def test_the_converter(folder):
    from larq_focal.keras import keras

    keras.Sequential([keras.layers.Dense(2, input_shape=(4,))]).save(folder / "net.keras")
    run(folder, COMMAND, "convert", "net.keras", "-o", "net.tflite")
    assert (folder / "net.tflite").exists()


def test_a_module_by_itself(folder):
    """Also where PYTHONPATH has empty entries, which stand for the working folder."""
    usage = subprocess.run(
        python_command("larq_focal.deploy"), env=environment(PYTHONPATH=os.pathsep * 2), cwd=folder, capture_output=True
    )
    assert b"not enough values to unpack" in usage.stderr


def test_the_far_end_of_a_timing_over_ssh(folder):
    """What ssh gives to the shell there, which starts in the home folder."""
    line = Host("pi", sys.executable, ssh=sys.executable).command()[-1]  # only the line is looked at
    said = run(folder, *shlex.split(line), input="").stdout
    assert '"missing": []' in said


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", None),
        (os.pathsep, None),
        (f"{os.pathsep}/a", "/a"),
        (f"/a{os.pathsep * 2}/b{os.pathsep}", f"/a{os.pathsep}/b"),
    ],
)
def test_empty_entries_of_the_path_are_dropped(before, after, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", before)
    assert environment().get("PYTHONPATH") == after
    assert environment(MORE="1")["MORE"] == "1"


def test_variables_stay(monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert environment() == dict(os.environ)
