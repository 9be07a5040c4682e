"""What reads files, with ways to alter them, and what is done next with a file that is taken."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tools.fuzz_loaders import array_files, keras_files, text_files
from tools.fuzz_loaders.alterations import altered_bytes


@dataclass(frozen=True)
class Loader:
    """A kind of file.

    Attributes:
        file: what its files are called.
        alter: makes the content of an altered file; the path is that of a file that code in it tries to make.
        read: reads a file; its errors must name the file.
        use: what a user does next with what was read; its errors name what they are about.
        share: of all files, how many are of this kind, in parts.
    """

    file: str
    alter: Callable[[random.Random, Path], bytes]
    read: Callable[[Path], Any]
    use: Callable[[Any], object] = lambda _: None
    share: int = 10


def _read_dataset(path: Path) -> object:
    from larq_focal.datasets.dataset import load_dataset

    return load_dataset(path.stem, path.parent)


def _samples(path: Path) -> object:
    from larq_focal.deploy.inputs import read_samples

    return read_samples(path, (4, 6))


def _summary(network: Any) -> object:
    from larq_focal.cost import summary

    return json.dumps(summary(network).to_dict())


def _read_graph(path: Path) -> object:
    from larq_focal.network import load_graph

    return load_graph(path)


def _sensor(path: Path) -> object:
    from larq_focal.focal_plane import load_sensor

    return load_sensor(path)


def _noise(path: Path) -> object:
    from larq_focal.focal_plane.machine.noise import load_noise

    return load_noise(path)


def _read_scamp(path: Path) -> object:
    from larq_focal.focal_plane.compiler import read_program

    return read_program(path)


def _simulate(array: Any) -> object:
    from larq_focal.focal_plane.compiler import simulate

    return simulate(array, {name: np.zeros(shape, np.uint8) for name, shape in array.image_shapes.items()})


def altered_tflite(choice: random.Random, canary: Path) -> bytes:
    from tests.support.altered_files import altered

    content = choice.choice(_flatbuffers())
    return altered_bytes(content, choice) if choice.random() < 0.4 else altered(content, choice.randrange(2**31))


@cache
def _flatbuffers() -> list[bytes]:
    from tests.support.flatbuffers import dense_network, relu_network
    from tests.support.lce_file import residual_network

    return [dense_network(), relu_network(), residual_network(blocks=1, side=8, channels=32)]


def _read_flatbuffer(path: Path) -> object:
    from larq_focal.network.tflite.flatbuffer import read_flatbuffer

    return read_flatbuffer(path)


def _from_tflite(flat: Any) -> object:
    from larq_focal.network.tflite.read.from_tflite import from_tflite

    return _summary(from_tflite(flat.content))


def _read_record(path: Path) -> object:
    from larq_focal.bench.records.record_file import read_record

    return read_record(path)


def _report(record: Any) -> object:
    from larq_focal.report.page import render_page
    from larq_focal.report.runs import runs_by_dataset

    return render_page(runs_by_dataset([record]))


def _read_keras(path: Path) -> object:
    from larq_focal.network.load import load_keras_model

    load_keras_model(path)
    return path


def _read_checkpoint(path: Path) -> object:
    from larq_focal.training.checkpoint import load_state, restore

    restore(path, array_files.small_model())
    return load_state(path)


def _read_saved_model(path: Path) -> object:
    from larq_focal.network.load import as_graph

    with tempfile.TemporaryDirectory() as around:
        folder = Path(around, path.name)
        folder.mkdir()
        (folder / "saved_model.pb").write_bytes(path.read_bytes())
        return as_graph(folder)


def _read_npz(path: Path) -> object:
    from larq_focal.arrays import read_npz

    return read_npz(path)


LOADERS: dict[str, Loader] = {
    "npy": Loader("a.npy", array_files.altered_npy_file, _samples, share=20),
    "npz": Loader("a.npz", array_files.altered_npz_file, _read_npz, share=20),
    "dataset": Loader("mnist.npz", array_files.altered_dataset, _read_dataset),
    "checkpoint": Loader("checkpoint.npz", array_files.altered_checkpoint, _read_checkpoint),
    "qgraph": Loader("network.qgraph", array_files.altered_graph, _read_graph, _summary),
    "sensor": Loader("sensor.yaml", text_files.altered_yaml("sensor/sensors"), _sensor),
    "noise": Loader("noise.yaml", text_files.altered_yaml("machine/noise"), _noise, share=5),
    "scamp": Loader("program.scamp", text_files.altered_program, _read_scamp, _simulate),
    "hdf5": Loader("model.h5", keras_files.altered_hdf5, _read_keras, _summary, share=4),
    "keras": Loader("model.keras", keras_files.altered_keras, _read_keras, _summary, share=4),
    "saved_model": Loader("model.pb", keras_files.altered_saved_model, _read_saved_model, share=2),
    "tflite": Loader("model.tflite", altered_tflite, _read_flatbuffer, _from_tflite),
    "record": Loader("run.json", text_files.altered_record, _read_record, _report, share=2),
}


def files_of_each(total: int, names: Iterable[str]) -> dict[str, int]:
    """How many of ``total`` files each loader gets, by its share; at least one."""
    names = tuple(names)
    parts = sum(LOADERS[name].share for name in names)
    return {name: max(1, total * LOADERS[name].share // parts) for name in names}
