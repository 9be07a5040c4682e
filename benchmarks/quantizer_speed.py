"""Times training and inference of the two-layer network with every quantizer, relative to ``ste_sign``.

    python -m benchmarks.quantizer_speed [--rounds N] [--only ALIAS ...] [--table PATH]

Run it from the repository, with larq_focal[larq] installed. For each quantizer, training steps of its network
and of the baseline's take turns on one core, and so do inferences of the converted networks on LiteRT with the
delegate; shown are the medians of the ratios within rounds, for training of processor time, which other work on the
machine disturbs least. A dash stands for a network that is not converted, because
the converter would compute something else. Prints a Markdown table; ``--table`` writes the one of the documentation.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time

import numpy as np

from benchmarks.quantizer_networks import BASELINE, IMAGE, cases, use_one_core
from larq_focal.bench.records.environment import describe_environment
from larq_focal.bench.records.record_file import write_record
from larq_focal.deploy.convert import ConversionError, convert
from larq_focal.deploy.timing import paired
from larq_focal.keras import keras, tf
from larq_focal.quantizers import QUANTIZERS

BATCH_SIZE = 64
TABLE = Path(__file__).parent.parent / "docs/data/quantizers_speed.json"
Step = Callable[[], object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20, help="of training steps, each with both networks")
    parser.add_argument("--only", nargs="*", metavar="ALIAS", help="these quantizers alone")
    parser.add_argument("--table", type=Path, help=f"where the table goes, such as {TABLE.name}")
    arguments = parser.parse_args()

    use_one_core()
    everything = cases(QUANTIZERS)
    baseline = next(case for case in everything if case.row.alias == BASELINE)
    rows = []
    print("| quantizer | of | training step | inference |\n| --- | --- | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        model, baseline_file = baseline.network(), Path(folder) / "baseline.tflite"
        baseline_step = training_step(model)
        convert(model, baseline_file, converter="lce")
        for case in everything:
            if arguments.only and case.row.alias not in arguments.only:
                continue
            keras.utils.set_random_seed(0)
            model, file = case.network(), Path(folder) / f"{case.name}.tflite"
            training = median_ratio(training_step(model), baseline_step, arguments.rounds)
            inference = paired(file, baseline_file).median_ratio if is_converted(model, file) else None
            rows.append({"quantizer": case.row.alias, "role": case.role, "training": training, "inference": inference})
            shown = "-" if inference is None else f"{inference:.2f}"
            print(f"| {case.row.alias} | {case.role} | {training:.2f} | {shown} |", flush=True)
    if arguments.table:
        environment = describe_environment("", 0)
        about = {name: environment[name] for name in ("machine", "versions")}
        write_record({"batch_size": BATCH_SIZE, "rounds": arguments.rounds, **about, "rows": rows}, arguments.table)


def training_step(model: keras.Model) -> Step:
    """A training step on a fixed batch, compiled and warm."""
    model.compile(keras.optimizers.Adam(), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    rng = np.random.default_rng(0)
    images = tf.constant(rng.uniform(-0.5, 0.5, (BATCH_SIZE, *IMAGE)), tf.float32)
    labels = tf.constant(rng.integers(0, 10, BATCH_SIZE))
    step = tf.function(lambda: model.train_step((images, labels))["loss"])
    for _ in range(3):
        step().numpy()
    return lambda: step().numpy()


def median_ratio(first: Step, second: Step, rounds: int) -> float:
    """How much more processor time ``first`` takes than ``second``, as a factor; they take turns at going first."""
    ratios = []
    for index in range(rounds):
        seconds = {}
        for step in (first, second) if index % 2 else (second, first):
            started = process_time()
            step()
            seconds[step] = process_time() - started
        ratios.append(seconds[first] / seconds[second])
    return statistics.median(ratios)


def is_converted(model: keras.Model, file: Path) -> bool:
    try:
        convert(model, file, converter="lce")
    except ConversionError:
        return False
    return True


if __name__ == "__main__":
    main()
