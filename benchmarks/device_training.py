"""Trains the published binary perceptron on MNIST in NumPy alone, and measures the memory that this takes.

    python -m benchmarks.device_training --data-dir DIR [--epochs N] [--seeds N]

784-256-256-256-256-10, batch 200, one thread. Memory is measured twice, each in a process of its own: the peak of all
arrays by tracemalloc, and the growth of the process beyond what it held with the data set loaded (VmHWM against VmRSS).
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
import subprocess
import sys
import tracemalloc
from pathlib import Path
from time import perf_counter

import numpy as np

from larq_focal.datasets.dataset import load_dataset
from larq_focal.deploy.machine import describe_machine
from larq_focal.files import write_text
from larq_focal.training import BinaryMLP

TABLE = Path(__file__).parent.parent / "docs/data/device_training.json"
_BATCH = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--learning-rate", type=float, default=5e-3, help="at the start of a cosine to 0")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--measure", choices=("arrays", "process"), help="the memory of a short training, as JSON")
    arguments = parser.parse_args()
    data = load_dataset("mnist", arguments.data_dir)
    images, tests = (each.reshape(len(each), -1) for each in (data.x_train, data.x_test))
    labels = data.y_train.astype(np.int32)
    if arguments.measure:
        print(json.dumps(measured(arguments.measure, images, labels)))
        return
    table = {
        "data": data.title,
        "machine": describe_machine(),
        "numpy": np.__version__,
        "epochs": arguments.epochs,
        "learning_rate": arguments.learning_rate,
        "memory_mib": {each: in_own_process(each, arguments.data_dir) for each in ("arrays", "process")},
        "runs": [],
    }
    print(table["memory_mib"], flush=True)
    for seed in range(arguments.seeds):
        begun = perf_counter()
        model = trained(images, labels, arguments.epochs, arguments.learning_rate, seed)
        seconds = (perf_counter() - begun) / model.steps
        accuracy = float(np.mean(model.predict(tests) == data.y_test))
        table["runs"].append({"seed": seed, "accuracy": accuracy, "seconds_per_step": seconds})
        print(table["runs"][-1], flush=True)
        write_text(TABLE, json.dumps(table, indent=1) + "\n")


def trained(images, labels, epochs: float, learning_rate: float, seed: int, steps: int | None = None) -> BinaryMLP:
    model, random = BinaryMLP(seed=seed), np.random.default_rng(seed)
    per_epoch = len(images) // _BATCH
    total = epochs * per_epoch
    for _ in range(epochs):
        order = random.permutation(len(images)).astype(np.int32)
        for at in range(0, per_epoch * _BATCH, _BATCH):
            if model.steps == steps:
                return model
            model.learning_rate = learning_rate * (1 + np.cos(np.pi * model.steps / total)) / 2
            chosen = order[at : at + _BATCH]
            model.train_step(images[chosen], labels[chosen])
    return model


def measured(kind: str, images: np.ndarray, labels: np.ndarray) -> float:
    """MiB that 50 steps take at most, batches and their order included."""
    if kind == "arrays":
        tracemalloc.start()
        trained(images, labels, 1, 1e-3, 0, steps=50)
        return tracemalloc.get_traced_memory()[1] / 2**20
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins at what is held now
    before = _status("VmRSS")
    trained(images, labels, 1, 1e-3, 0, steps=50)
    return _status("VmHWM") - before


def _status(key: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 1024


def in_own_process(kind: str, data_dir: Path | None) -> float:
    command = [sys.executable, "-m", "benchmarks.device_training", "--measure", kind]
    command += [] if data_dir is None else ["--data-dir", str(data_dir)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    main()
