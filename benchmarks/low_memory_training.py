"""Measures low-memory training of BinaryNet against the standard one, and writes the data of its page.

    python -m benchmarks.low_memory_training memory
    python -m benchmarks.low_memory_training accuracy --data-dir DIR [--images N] [--epochs N] [--seeds N]

Memory: each kind of step runs in a process of its own, on one thread. Two steps of a network of an eighth of the width
go first, so that TensorFlow's own code and buffers are there. Then the network is made, and a step is taken, in which
TensorFlow compiles it; the figure is the most that the process holds in the second step, beyond what it held before the
network was made (VmHWM and VmRSS of /proc/self/status, Linux). TensorFlow runs without oneDNN, which keeps what it once
took, and glibc gives large blocks back.

Accuracy: a thin BinaryNet on the first images of CIFAR-10, one equal budget for both, all test images, after the last
epoch. Finished runs are kept in the results folder.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from larq_focal.bench.recipe_run import seeded_network
from larq_focal.bench.records.record_file import write_record
from larq_focal.cost.training_memory import LOW_MEMORY, training_bytes
from larq_focal.datasets.dataset import Dataset, as_input, load_dataset
from larq_focal.network.keras.from_keras import from_keras
from larq_focal.nn import SignAdam, keras
from larq_focal.training import Recipe, low_memory, low_memory_loss
from larq_focal.training.keras_in_use import keras_in_use
from larq_focal.training.trainer import discard_state, environment_now, train_stretch
from larq_focal.zoo import binarynet

TABLE = Path(__file__).parent.parent / "docs/data/low_memory_training.json"
MODES = ("low_memory", "standard")
_NARROW = {"filters": (16, 32, 64), "units": (128, 128)}
_BATCH = 100
_SETTINGS = {
    **dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1"),
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("memory", "accuracy", "step"))
    parser.add_argument("--mode", choices=MODES, help="of `step`, which `memory` runs in processes of its own")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--images", type=int, default=20_000, help="of the training set, the first so many")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3, help="how many, from 0 up")
    parser.add_argument("--results", type=Path, default=Path("results/low_memory_training"))
    arguments = parser.parse_args()
    if arguments.what == "step":
        print(json.dumps(step_memory(arguments.mode)))
    elif arguments.what == "memory":
        add_to_table(f"memory, {keras_in_use()['name']}", memory())
    else:
        accuracies(arguments)


def memory() -> dict:
    """The measured figures of both, with the model's, in MiB."""
    graph = from_keras(binarynet())
    modelled = {"standard": training_bytes(graph, _BATCH), "low_memory": training_bytes(graph, _BATCH, LOW_MEMORY)}
    measured = {}
    for mode in MODES:
        command = [sys.executable, "-m", "benchmarks.low_memory_training", "step", "--mode", mode]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **_SETTINGS})
        measured[mode] = json.loads(done.stdout.splitlines()[-1])
        print(mode, measured[mode], flush=True)
    environment = environment_now()
    return {"measured": measured, "model_mib": {key: each / 2**20 for key, each in modelled.items()}} | {
        "environment": {key: environment[key] for key in ("versions", "machine", "keras")}
    }


def step_memory(mode: str) -> dict:
    """What a process takes for a training step beyond what it held before the network was made, in MiB."""
    rng = np.random.default_rng(0)
    images, labels = as_input(rng.integers(0, 256, (_BATCH, 32, 32, 3), np.uint8)), rng.integers(0, 10, _BATCH)
    narrow = network(mode, **_NARROW)
    for _ in range(2):
        narrow.train_on_batch(images, labels)
    before = _held()
    model = network(mode)
    model.train_on_batch(images, labels)
    first = _status("VmHWM")
    between = _held()
    model.train_on_batch(images, labels)
    return {
        "step_mib": _status("VmHWM") - before,
        "first_step_mib": first - before,
        "between_steps_mib": between - before,
        "before_mib": before,
    }


def network(mode: str, **sizes) -> keras.Model:
    model = binarynet(**sizes)
    if mode == "standard":
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    else:
        model = low_memory(model)
        model.compile(SignAdam(), low_memory_loss)
    return model


def _held() -> float:
    """MiB of the process once all that is free has been given back; the peak begins here."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _status(key: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 1024


def accuracies(arguments: argparse.Namespace) -> None:
    data = load_dataset("cifar10", arguments.data_dir)
    kept = slice(arguments.images)
    data = replace(data, x_train=data.x_train[kept], y_train=data.y_train[kept])
    for seed in range(arguments.seeds):
        for mode in MODES:
            recipe = Recipe(
                "binarynet_sign",
                "cifar10",
                epochs=arguments.epochs,
                batch_size=_BATCH,
                held_out=500,
                flip=True,
                seed=seed,
                options=_NARROW,
                arithmetic="float32" if mode == "standard" else mode,
                variant=mode,
            )
            print(mode, seed, accuracy(recipe, data, arguments.results), flush=True)
            runs = [json.loads(path.read_text()) for path in sorted(arguments.results.glob("*.json"))]
            add_to_table("accuracy", {"data": data.title, "images": arguments.images, "runs": runs})


def accuracy(recipe: Recipe, data: Dataset, folder: Path) -> float:
    """On all test images, from an earlier run of the same recipe if there is one."""
    path = folder / f"{recipe.name}.json"
    settings = json.loads(json.dumps({**recipe.to_dict(), "images": len(data.x_train)}))
    if path.exists() and (earlier := json.loads(path.read_text()))["settings"] == settings:
        return earlier["accuracy"]
    keras.backend.clear_session()
    model, state = seeded_network(recipe, data, recipe.arithmetic), folder / recipe.name
    training = train_stretch(recipe, model, data, state, epoch_done=lambda row: print(row, flush=True))
    predicted = model.predict(as_input(data.x_test), batch_size=_BATCH, verbose=0).argmax(-1)
    result = float(np.mean(predicted == data.y_test))
    environment = {key: training.stretches[-1][key] for key in ("versions", "machine", "keras")}
    write_record({"settings": settings, "accuracy": result, "history": training.history} | environment, path)
    discard_state(state)
    return result


def add_to_table(part: str, rows: dict) -> None:
    table = json.loads(TABLE.read_text()) if TABLE.exists() else {}
    write_record({**table, part: rows}, TABLE)


if __name__ == "__main__":
    main()
