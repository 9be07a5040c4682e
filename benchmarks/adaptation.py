"""Adapts a trained perceptron to drifted weights and to brightened images, by SGD and by low-rank sums.

    python -m benchmarks.adaptation --data-dir DIR [--samples N] [--seeds N]

A 784-64-10 network with ReLU is trained on 50,000 images of MNIST in float, written to a memory of 8 bits, and then
goes on learning on further training images, one by one. "Drifted": every weight is moved once by normal noise of 0.7
times the standard deviation of its kernel. "Brightened": the images gain 0.4 of the range, and are clipped. "Accuracy":
all test images, before and after; writes are those counted in the memory's cells.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
from itertools import pairwise
from pathlib import Path

import numpy as np

from larq_focal.datasets.dataset import load_dataset
from larq_focal.deploy.machine import describe_machine
from larq_focal.files import write_text
from larq_focal.training.low_rank import OnlineMLP

TABLE = Path(__file__).parent.parent / "docs/data/adaptation.json"
METHODS = {
    "sgd": {"rank": None},
    "biased": {"rank": 4, "reduction": "biased"},
    "unbiased": {"rank": 4, "reduction": "unbiased"},
}
_RATES = {"sgd": (0.001, 0.003, 0.01), "biased": (0.003, 0.01, 0.03), "unbiased": (0.003, 0.01, 0.03)}
_TASKS = ("drifted", "brightened")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=2)
    arguments = parser.parse_args()
    data = load_dataset("mnist", arguments.data_dir)
    x, tests = (each.reshape(len(each), -1).astype(np.float32) / 255 for each in (data.x_train, data.x_test))
    y = data.y_train.astype(int)
    weights = pretrained(x[:50_000], y[:50_000])
    table = {
        "data": data.title,
        "samples": arguments.samples,
        "machine": describe_machine(),
        "numpy": np.__version__,
        "runs": [],
    }
    for task in _TASKS:
        for method, rate in ((name, each) for name, rates in _RATES.items() for each in rates):
            for seed in range(arguments.seeds):
                row = adapted(task, method, rate, weights, x, y, tests, data.y_test, arguments.samples, seed)
                table["runs"].append(row)
                print(row, flush=True)
                write_text(TABLE, json.dumps(table, indent=1) + "\n")


def pretrained(x: np.ndarray, y: np.ndarray, epochs: int = 5) -> list[np.ndarray]:
    """Kernels and biases of a network trained by plain stochastic gradient descent in float32, batches of 50."""
    random = np.random.default_rng(0)
    sizes = (784, 64, 10)
    weights = []
    for inputs, outputs in pairwise(sizes):
        kernel = random.normal(0, (2 / inputs) ** 0.5, (inputs, outputs))
        weights += [kernel.astype(np.float32), np.zeros(outputs, np.float32)]
    first, first_bias, second, second_bias = weights
    for epoch in range(epochs):
        order = random.permutation(len(x))
        for at in range(0, len(x), 50):
            some = order[at : at + 50]
            hidden = np.maximum(0, x[some] @ first + first_bias)
            logits = hidden @ second + second_bias
            powers = np.exp(logits - logits.max(1, keepdims=True))
            upstream = powers / powers.sum(1, keepdims=True)
            upstream[np.arange(50), y[some]] -= 1
            upstream *= 0.2 / (1 + epoch) / 50
            before = (upstream @ second.T) * (hidden > 0)
            second -= hidden.T @ upstream
            second_bias -= upstream.sum(0)
            first -= x[some].T @ before
            first_bias -= before.sum(0)
    return weights


def changed(task: str, model: OnlineMLP, images: np.ndarray, seed: int) -> np.ndarray:
    """The images of a task, once the weights of the model are as it has them."""
    if task == "brightened":
        return np.clip(images + np.float32(0.4), 0, 1)
    random = np.random.default_rng([seed, 1])
    for memory in model.memories:
        memory.drift(random.normal(0, 0.7 * memory.weights.std(), memory.weights.shape))
    return images


def adapted(task, method, rate, weights, x, y, tests, test_labels, samples: int, seed: int) -> dict:
    model = OnlineMLP(weights, learning_rate=rate, seed=seed, **METHODS[method])
    order = 50_000 + np.random.default_rng(seed).permutation(len(x) - 50_000)[:samples]
    images = changed(task, model, x[order], seed)
    tests = np.clip(tests + np.float32(0.4), 0, 1) if task == "brightened" else tests
    before = float(np.mean(model.predict(tests) == test_labels))
    for image, label in zip(images, y[order], strict=True):
        model.learn(image, label)
    writes = model.writes
    return {
        "task": task,
        "method": method,
        "learning_rate": rate,
        "seed": seed,
        "before": before,
        "after": float(np.mean(model.predict(tests) == test_labels)),
        "writes": int(writes.sum()),
        "writes_per_cell": float(writes.mean()),
        "most_writes": int(writes.max()),
        "cells": int(writes.size),
    }


if __name__ == "__main__":
    main()
