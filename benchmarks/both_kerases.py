"""Two networks trained on both Kerases and every backend from equal weights on equal batches: curves and time.

    python -m benchmarks.both_kerases --data-dir DIR [--networks NAME ...] [--stack NAME[=PYTHON] ...]
    python -m benchmarks.both_kerases --draw

Each stack is trained by a process of its own, with the Python given for it: larq, tensorflow, jax, torch. The first one
gives the initial weights, which the others load. What a process has trained is kept in FOLDER, and not trained again.
The result goes to docs/data/both_kerases.json; --draw makes docs/images/both_kerases.png of it (extra `docs`), and
both print the Markdown table of docs/keras3.md. No test image is looked at.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from larq_focal.deploy.machine import describe_machine
from larq_focal.files import write_text, written_whole
from larq_focal.tables import pipe_table

ROOT = Path(__file__).parents[1]
DATA, PICTURE = ROOT / "docs/data/both_kerases.json", ROOT / "docs/images/both_kerases.png"
STACKS = {"larq": "Larq, Keras 2", "tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
SHADES = {"larq": "#777777", "tensorflow": "#e8873a", "jax": "#1f4e79", "torch": "#b5342c"}
NETWORKS = {"two_layer_ste_sign": "mnist", "small_residual_react": "cifar10"}
OPTIONS = {"small_residual_react": {"filters": [16, 32, 64], "blocks": 2}}
IMAGES, HELD_OUT, EPOCHS = 4000, 1000, 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--stack", action="append", metavar="NAME[=PYTHON]", help="all with this Python by default")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--results", type=Path, default=Path("results/both_kerases"))
    parser.add_argument("--draw", action="store_true")
    parser.add_argument("--train", nargs=2, metavar=("NETWORK", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.train:
        train(arguments.train[0], Path(arguments.train[1]), arguments.data_dir, arguments.seeds)
        return
    if not arguments.draw:
        pythons = dict(f"{each}={sys.executable}".split("=")[:2] for each in arguments.stack or STACKS)
        pairs = [(network, stack) for network in arguments.networks for stack in pythons]
        runs = [run(network, stack, pythons[stack], arguments) for network, stack in pairs]
        write_text(DATA, json.dumps({"machine": describe_machine(), "runs": runs}, indent=1) + "\n")
    record = json.loads(DATA.read_text(encoding="utf-8"))
    if arguments.draw:
        draw(record["runs"])
    print(table(record["runs"]))


def run(network: str, stack: str, python: str, arguments: argparse.Namespace) -> dict:
    """What a stack makes of a network: a curve for each seed."""
    folder = arguments.results / network
    file = folder / f"{stack}.json"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        keras = {"LARQ_FOCAL_STACK": "larq"}
        if stack != "larq":
            keras = {"LARQ_FOCAL_STACK": "keras", "KERAS_BACKEND": stack}
        # More threads than cores make torch several times slower.
        others = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
        environment = {**os.environ, **keras, **others}
        command = [python, "-m", "benchmarks.both_kerases", "--train", network, str(folder)]
        options = ["--data-dir", str(arguments.data_dir), "--seeds", str(arguments.seeds)]
        done = subprocess.run([*command, *options], env=environment, stdout=subprocess.PIPE, text=True, check=True)
        write_text(file, done.stdout.splitlines()[-1])
    return {"network": network, "stack": stack, **json.loads(file.read_text(encoding="utf-8"))}


def train(network: str, folder: Path, data_dir: Path, seeds: int) -> None:
    """Trains with each seed and prints the curves as JSON; the first to come writes the initial weights."""
    from time import process_time

    from larq_focal.bench.recipe_run import seeded_network
    from larq_focal.datasets import load_dataset
    from larq_focal.training import Recipe, train_stretch
    from larq_focal.training.keras_in_use import keras_in_use

    whole = load_dataset(NETWORKS[network], data_dir)
    few = np.random.default_rng(0).permutation(len(whole.x_train))[: IMAGES + HELD_OUT]
    data = replace(whole, x_train=whole.x_train[few], y_train=whole.y_train[few])
    curves = []
    for seed in range(seeds):
        recipe = Recipe(
            network,
            whole.name,
            epochs=EPOCHS,
            learning_rate=0.01,
            held_out=HELD_OUT,
            seed=seed,
            options=OPTIONS.get(network, {}),
        )
        model, weights = seeded_network(recipe, data), folder / f"seed{seed}.npz"
        if weights.exists():
            with np.load(weights) as arrays:
                model.set_weights([arrays[name] for name in sorted(arrays)])
        else:
            arrays = {f"{place:04d}": array for place, array in enumerate(model.get_weights())}
            with written_whole(weights) as file:
                np.savez(file, **arrays)
        clocks = [process_time()]
        state = folder / f"{os.environ.get('KERAS_BACKEND', 'larq')}-{seed}"
        training = train_stretch(
            recipe, model, data, state, epoch_done=lambda row, clocks=clocks: clocks.append(process_time())
        )
        seconds = np.diff(clocks).round(2).tolist()
        curves.append(
            [
                {**{key: row[key] for key in ("loss", "accuracy", "val_accuracy")}, "cpu_seconds": cpu}
                for row, cpu in zip(training.history, seconds, strict=True)
            ]
        )
    print(json.dumps({"keras": keras_in_use(), "curves": curves}))


def table(runs: list[dict]) -> str:
    """Loss and accuracy in the last epoch of training, mean and deviation over the seeds, and the time of an epoch."""
    header = ("network", "on", "loss", "accuracy", "CPU s of the first epoch", "of the others")
    return pipe_table(header, [_row(run) for run in runs])


def _row(run: dict) -> tuple[str, ...]:
    last = [curve[-1] for curve in run["curves"]]
    loss, accuracy = ([row[key] for row in last] for key in ("loss", "accuracy"))
    first = statistics.mean(curve[0]["cpu_seconds"] for curve in run["curves"])
    others = statistics.mean(row["cpu_seconds"] for curve in run["curves"] for row in curve[1:])
    return (
        f"`{run['network']}`",
        STACKS[run["stack"]],
        f"{statistics.mean(loss):.4f} ± {statistics.stdev(loss):.4f}",
        f"{statistics.mean(accuracy):.2%} ± {100 * statistics.stdev(accuracy):.2f}",
        f"{first:.1f}",
        f"{others:.1f}",
    )


def draw(runs: list[dict]) -> None:
    """The losses by epoch, a line for each seed."""
    import matplotlib.pyplot as plt

    networks = list(dict.fromkeys(run["network"] for run in runs))
    figure, axes = plt.subplots(1, len(networks), figsize=(4 * len(networks), 3.2), layout="constrained", squeeze=False)
    for axis, network in zip(axes[0], networks, strict=True):
        for run in (run for run in runs if run["network"] == network):
            for seed, curve in enumerate(run["curves"]):
                losses = [row["loss"] for row in curve]
                label = STACKS[run["stack"]] if seed == 0 else None
                axis.plot(range(1, len(losses) + 1), losses, color=SHADES[run["stack"]], linewidth=1.2, label=label)
        axis.set(title=network, xlabel="epoch", ylabel="training loss", xticks=range(1, EPOCHS + 1))
        axis.title.set_fontsize(10)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0, 0].legend(frameon=False, fontsize=8)
    figure.savefig(PICTURE, dpi=130)
    plt.close(figure)


if __name__ == "__main__":
    main()
