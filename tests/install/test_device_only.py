"""A device with the ``device`` extra alone: all that needs no training and no conversion works there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from larq_focal.delegate import library_path
from larq_focal.network import save_graph
from tests.focal_plane.graphs import two_layer_network
from tests.install.environments import add_extra, make_environment, packages_of
from tests.support.flatbuffers import relu_network
from tests.support.lce_file import residual_network
from tests.support.records import fake_record

pytestmark = pytest.mark.slow

ON_A_HOST_ONLY = ("tensorflow", "keras", "tf_keras", "larq", "larq_compute_engine", "larq_zoo", "sklearn", "wrapt")
WEIGHTS = "two_layer_ste_sign-digits.npz"


class Device:
    """A virtual environment, in which larq_focal's command line runs."""

    def __init__(self, folder: Path, site: Path):
        self.folder, self.python = folder, make_environment(folder)
        self.distributions = add_extra(folder, site, "device")
        self.package = packages_of(folder) / "larq_focal"
        shutil.copy2(library_path(), self.package / "delegate")  # as a wheel for the device has it

    def run(self, *words: object) -> subprocess.CompletedProcess[str]:
        """Runs Python in the environment, as a user who has set nothing."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "TF_", "LARQ_"))}
        command = [self.python, *map(str, words)]
        return subprocess.run(command, cwd=self.folder, env=kept, capture_output=True, text=True)

    def larq_focal(self, *words: object) -> str:
        """What ``larq-focal`` with these words prints; it must succeed."""
        done = self.run("-m", "larq_focal", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def device(site, tmp_path_factory) -> Device:
    return Device(tmp_path_factory.mktemp("device"), site)


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """Networks as files, and an input for each."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "relu.tflite").write_bytes(relu_network())
    (folder / "binary.tflite").write_bytes(residual_network(1, 8, 32))
    np.save(folder / "relu.npy", np.array([[1, 5, 3, 4]], np.float32))
    np.save(folder / "binary.npy", np.ones((1, 8, 8, 32), np.float32))
    save_graph(two_layer_network(side=16, maps=4), folder / "two.qgraph")
    np.save(folder / "image.npy", np.full((16, 16, 1), 99))
    return folder


@pytest.fixture(scope="module")
def program(device, files) -> Path:
    device.larq_focal("compile", files / "two.qgraph", "-o", files / "two.scamp")
    return files / "two.scamp"


@pytest.fixture(scope="module")
def weights_server(device, tmp_path_factory):
    """The address of a server of the weights, which the device itself has no longer."""
    folder = tmp_path_factory.mktemp("mirror")
    shutil.move(device.package / "zoo" / "pretrained" / WEIGHTS, folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=folder)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_there_is_what_the_extra_names_and_nothing_else(device):
    assert {"ai-edge-litert", "numpy", "pillow", "requests"} <= {*device.distributions}
    assert not {"tensorflow", "tf-keras", "keras", "larq", "pip", "pytest"} & {*device.distributions}
    code = f"from importlib.util import find_spec; print([name for name in {ON_A_HOST_ONLY} if find_spec(name)])"
    assert device.run("-c", code).stdout == "[]\n"
    where = device.run("-c", "import larq_focal; print(larq_focal.__file__)").stdout.strip()
    assert Path(where) == device.package / "__init__.py"


def test_zoo_list(device):
    assert "resnet20" in device.larq_focal("zoo", "list", "resnet20")
    assert json.loads(device.larq_focal("zoo", "list", "--json"))


def test_zoo_get(device, weights_server, tmp_path):
    name = WEIGHTS.removesuffix(".npz")
    printed = device.larq_focal("zoo", "get", name, "--mirror", weights_server, "--cache", tmp_path)
    assert printed.strip() == str(tmp_path / WEIGHTS)
    with np.load(tmp_path / WEIGHTS) as weights:
        assert weights.files
    offline = device.run("-m", "larq_focal", "zoo", "get", name, "--offline", "--cache", tmp_path / "empty")
    assert offline.returncode == 1 and "this is offline" in offline.stderr and "Traceback" not in offline.stderr


def test_run(device, files):
    printed = device.larq_focal("run", files / "relu.tflite", "--input", files / "relu.npy", "--json")
    assert json.loads(printed)["samples"][0]["top"][0] == {"class": 1, "score": 5.0}


@pytest.mark.parametrize(("name", "engine"), [("relu", "litert"), ("binary", "delegate")])
def test_time(name, engine, device, files):
    record = json.loads(device.larq_focal("time", files / f"{name}.tflite", "--runs", 3, "--no-memory", "--json"))
    assert record["runs"] == 3 and record["engine"] == engine


def test_fit(device, files):
    assert json.loads(device.larq_focal("fit", files / "two.qgraph", "--json"))["verdict"] == "FIT"


def test_compile_and_simulate(device, program, files):
    device.larq_focal("simulate", program, "--input", files / "image.npy", "-o", files / "out.npz")
    with np.load(files / "out.npz") as values:
        assert values["sign2"].shape == (16, 16, 4)


@pytest.mark.parametrize("words", [["two.qgraph"], ["two.scamp", "--data", "image.npy"]])
def test_inspect(words, device, program, files, tmp_path):
    words = [word if word.startswith("--") else files / word for word in words]
    device.larq_focal("inspect", *words, "-o", tmp_path / "page.html")
    assert "Step by step" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_report(device, tmp_path):
    (tmp_path / "ste_sign.json").write_text(json.dumps(fake_record("ste_sign")))
    device.larq_focal("report", tmp_path, "-o", tmp_path / "report.html")
    assert "STE sign" in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "words",
    [
        *(["convert", "model.h5", "-o", "out"], ["audit", "model.h5", "relu.tflite"], ["summary", "model.h5"]),
        *(["graph", "model.h5", "-o", "out"], ["fit", "model.h5"], ["compile", "model.h5", "-o", "out.scamp"]),
        *(["inspect", "model.h5"], ["bench", "--models", "ste_sign"], ["zoo", "train", "lenet", "--dataset", "digits"]),
    ],
    ids=lambda words: words[0],
)
def test_what_takes_a_host_says_what_to_install(words, device, files):
    (files / "model.h5").write_bytes(b"")
    done = device.run("-m", "larq_focal", *(files / word if "." in word else word for word in words))
    assert done.returncode == 1
    fix = (
        "`pip install larq_focal[keras]` for Keras 3, "
        "`pip install larq_focal[larq]` (Python 3.10 to 3.12) for Keras 2 with Larq"
    )
    assert done.stderr == f"Error: This part of larq_focal needs Keras, which is not installed: {fix}.\n"
