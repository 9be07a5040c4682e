"""Altered files of arrays: .npy, .npz, data sets, checkpoints, graphs."""

from __future__ import annotations

import io
import json
import random
import tempfile
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tools.fuzz_loaders.alterations import altered_archive, altered_array, altered_npy, altered_tree, npy


class Opens:
    """An object whose pickle makes a file as it is read."""

    def __init__(self, path: Path):
        self._path = path

    def __reduce__(self):
        return (open, (str(self._path), "w"))


def altered_npy_file(choice: random.Random, canary: Path) -> bytes:
    arrays = (np.arange(24, dtype=np.float32).reshape(4, 6), np.array("text"), np.zeros((2, 3, 1), np.uint8))
    return altered_npy(npy(choice.choice(arrays)), choice, Opens(canary))


def altered_npz_file(choice: random.Random, canary: Path) -> bytes:
    arrays = {"first": np.arange(12, dtype=np.float32), "second": np.zeros((3, 4), np.uint8)}
    return altered_archive(_parts(choice, canary, arrays), choice)


def altered_dataset(choice: random.Random, canary: Path) -> bytes:
    arrays = {"x_train": np.zeros((3, 28, 28), np.uint8), "y_train": np.arange(3)}
    arrays |= {"x_test": np.zeros((2, 28, 28), np.uint8), "y_test": np.arange(2), "title": np.array("Digits")}
    if choice.random() < 0.5:
        name = choice.choice(list(arrays))
        arrays[name] = altered_array(arrays[name], choice)
    return altered_archive(_parts(choice, canary, arrays), choice)


def altered_checkpoint(choice: random.Random, canary: Path) -> bytes:
    arrays = dict(_checkpoint_parts())
    if choice.random() < 0.5:
        name = choice.choice(list(arrays))
        arrays[name] = altered_array(arrays[name], choice)
    if choice.random() < 0.3:
        tree = altered_tree(json.loads(_checkpoint_parts()["state"].tobytes()), choice)
        arrays["state"] = np.frombuffer(json.dumps(tree).encode(), np.uint8)
    return altered_archive(_parts(choice, canary, arrays), choice)


def altered_graph(choice: random.Random, canary: Path) -> bytes:
    return altered_graph_of(_graph_parts(), choice, canary)


def altered_graph_of(arrays: dict[str, np.ndarray], choice: random.Random, canary: Path) -> bytes:
    """The archive of a graph, ``arrays`` in it, altered."""
    arrays = dict(arrays)
    kind = choice.choice(("structure", "structure", "structure", "array", "parts"))
    if kind == "array":
        name = choice.choice([name for name in arrays if name.startswith("array")] or [None])
        arrays |= {name: altered_array(arrays[name], choice)} if name else {}
    if kind == "parts":
        return altered_archive(_parts(choice, canary, arrays), choice)
    if kind == "structure":
        tree = altered_tree(json.loads(arrays["structure.json"].tobytes()), choice)
        arrays["structure.json"] = np.frombuffer(json.dumps(tree).encode(), np.uint8)
    held = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.savez(held, **arrays)
    return held.getvalue()


def _parts(choice: random.Random, canary: Path, arrays: dict[str, np.ndarray]) -> dict[str, bytes]:
    parts = {f"{name}.npy": npy(array) for name, array in arrays.items()}
    if choice.random() < 0.6:
        name = choice.choice(list(parts))
        parts[name] = altered_npy(parts[name], choice, Opens(canary))
    return parts


@cache
def small_model() -> Any:
    from larq_focal.keras import keras

    model = keras.Sequential([keras.layers.Dense(2, input_shape=(3,))])
    model.compile(keras.optimizers.Adam(), "mse")
    return model


@cache
def _checkpoint_parts() -> dict[str, np.ndarray]:
    from larq_focal.training.checkpoint import save_checkpoint

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "c.npz")
        save_checkpoint(path, small_model(), {"epoch": 3, "history": [{"loss": 1.0}], "seed": 0})
        with np.load(path) as archive:
            return dict(archive)


@cache
def _graph_parts() -> dict[str, np.ndarray]:
    from larq_focal.network import save_graph
    from tests.network.networks import every_op

    with tempfile.TemporaryDirectory() as folder, np.load(save_graph(every_op(), Path(folder, "n.qgraph"))) as archive:
        return dict(archive)
