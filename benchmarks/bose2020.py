"""A network trained on MNIST that runs on a simulated SCAMP-5 from the pixels to the sums of its classes.

Run ``python benchmarks/bose2020.py --data-dir FOLDER`` with ``mnist.npz`` in the folder (without the option MNIST is
downloaded); it needs the extra ``tensorflow``. It trains ``larq_focal.zoo.bose2020`` on digits of twice their size,
runs test images through the simulator, exact and with the errors measured on a chip, compares every sum with Keras',
and prints accuracy, instruction words and the analog range that is used. ``--ternary`` trains the same shape with
ternary weights in as many ``--seeds``, which the array's program does not take, and prints their accuracies.
``--record`` keeps all that as JSON. ``--times`` trains nothing, and prints what a frame takes by each calibration.
"""

from __future__ import annotations

import time
from datetime import datetime, timezone
from pathlib import Path

import click
import numpy as np

from larq_focal.bench.records.environment import describe_environment
from larq_focal.bench.records.parts import accuracy_of
from larq_focal.bench.records.record_file import write_record
from larq_focal.datasets.dataset import load_dataset
from larq_focal.focal_plane import Sensor, load_sensor
from larq_focal.focal_plane.analog import (
    ClassifierPrograms,
    TiledClassifier,
    as_keras_input,
    classifier_programs,
    exposure,
    tiled_classifier,
)
from larq_focal.focal_plane.machine import Noise, Run, Simulator, load_noise
from larq_focal.focal_plane.sensor.calibration import load_published, residuals
from larq_focal.focal_plane.sensor.rate import estimates
from larq_focal.keras import keras, tf
from larq_focal.network.keras.from_keras import from_keras
from larq_focal.zoo import bose2020

BATCH = 128
PUBLISHED_ICW = 699  # counted in github.com/lauriebose/Scamp5-MNIST_AREG_CNN_example


def doubled(images: np.ndarray) -> np.ndarray:
    """Images uint8 ``[N, height, width]`` at twice the size, bilinear."""
    size = [2 * length for length in images.shape[1:3]]
    return np.rint(tf.image.resize(images.reshape(*images.shape[:3], 1), size).numpy()[..., 0]).astype(np.uint8)


def trained(images: np.ndarray, labels: np.ndarray, epochs: int, seed: int, ternary: bool = False) -> keras.Model:
    keras.utils.set_random_seed(seed)
    model = bose2020(input_shape=(*images.shape[1:], 1), ternary=ternary)
    schedule = keras.optimizers.schedules.CosineDecay(3e-3, epochs * (len(images) // BATCH))
    model.compile(
        keras.optimizers.legacy.Adam(schedule), keras.losses.SparseCategoricalCrossentropy(True), metrics=["accuracy"]
    )
    batches = tf.data.Dataset.from_tensor_slices((images, labels)).shuffle(len(images), seed=seed)
    batches = batches.batch(BATCH, drop_remainder=True)
    batches = batches.map(lambda x, y: ((tf.cast(x[..., None] // 2, tf.float32) - 64) / 128, y)).prefetch(2)
    model.fit(batches, epochs=epochs, verbose=2)
    return model


def simulated(
    network: TiledClassifier, programs: ClassifierPrograms, simulator: Simulator, images: np.ndarray
) -> tuple[np.ndarray, Run]:
    """The sums of the classes ``[N, classes]`` in steps, and the last run."""
    simulator.run(programs.setup, programs.planes)
    sums = []
    for image in images:
        simulator.expose(exposure(network, simulator.sensor, image))
        run = simulator.run(programs.frame)
        sums.append(run.results["sums"])
    return np.array(sums) / programs.step, run


def summary(sums: np.ndarray, labels: np.ndarray, expected: np.ndarray) -> dict:
    return {
        "accuracy": accuracy_of(sums.argmax(1), labels),
        "images": len(sums),
        "sums_that_differ_from_keras": int((sums != expected).sum()),
        "classes_that_differ_from_keras": int((sums.argmax(1) != expected.argmax(1)).sum()),
        "rms_error_of_sums_steps": float(np.sqrt(np.mean((sums - expected) ** 2))),
    }


def text(name: str, result: dict) -> str:
    accuracy = result["accuracy"]
    return (
        f"{name}: {accuracy['value']:.2%} ({accuracy['low']:.2%} to {accuracy['high']:.2%}) of {result['images']:,} "
        f"images; {result['classes_that_differ_from_keras']} other classes than Keras, "
        f"{result['sums_that_differ_from_keras']:,} other sums"
    )


def measured(
    model: keras.Model, images: np.ndarray, labels: np.ndarray, sensor: Sensor, counts: tuple[int, int], seed: int
) -> dict:
    network = tiled_classifier(from_keras(model))
    programs = classifier_programs(network, sensor)
    sums = keras.Model(model.input, model.get_layer("sums").output).predict(as_keras_input(images), 500, verbose=0)
    result = {"keras": accuracy_of(sums.argmax(1), labels)}
    modes = {
        "exact": (Simulator(sensor), counts[0]),
        "noise": (Simulator(sensor, Noise(load_noise(sensor.name), sensor, seed, chip_seed=seed)), counts[1]),
    }
    for name, (simulator, count) in modes.items():
        started = time.monotonic()
        found, run = simulated(network, programs, simulator, images[:count])
        result[name] = summary(found, labels[:count], sums[:count])
        result[name]["keras_on_the_same"] = accuracy_of(sums[:count].argmax(1), labels[:count])
        result[name]["seconds_per_frame"] = round((time.monotonic() - started) / count, 4)
        print(text(name, result[name]), flush=True)
    return result | {
        "icw": run.total_icw,
        "icw_by_class": dict(run.icw),
        "store_icw": run.store_icw,
        "calls": dict(run.calls),
        "published_icw": PUBLISHED_ICW,
        "step": programs.step,
        "range_used": programs.range_used,
    }


def trained_ternary(images, labels, test, test_labels, epochs: int, seeds: range) -> dict:
    """The accuracies of the shape with ternary weights, seed by seed."""
    accuracies = {}
    for seed in seeds:
        keras.backend.clear_session()
        model = trained(images, labels, epochs, seed, ternary=True)
        predicted = model.predict(as_keras_input(test), 500, verbose=0).argmax(1)
        accuracies[seed] = accuracy_of(predicted, test_labels)
        print(f"ternary weights, seed {seed}: {accuracies[seed]['value']:.2%} of {len(test):,} test images", flush=True)
    return {"epochs": epochs, "accuracies": accuracies}


def tell_times(sensor: Sensor) -> None:
    """What a frame takes by each calibration of ``sensor``, beside the published program; weights do not matter."""
    network = tiled_classifier(from_keras(bose2020()))
    programs, simulator = classifier_programs(network, sensor), Simulator(sensor)
    _, run = simulated(network, programs, simulator, np.zeros((1, *network.image_size), np.uint8))
    print(f"{run.total_icw} words ({dict(run.icw)}), calls {dict(run.calls)}")
    for estimate, calibration in zip(estimates(run.icw, run.calls, sensor)[1:], sensor.calibrations, strict=True):
        (row,) = residuals(load_published("bose2020"), calibration)
        print(
            f"{calibration.name}: {estimate.latency_us:.0f} µs, left out {', '.join(estimate.left_out)}; the published "
            f"program {row.calibrated_us:.0f} µs, measured {row.published_us:.0f} µs ({row.residual:+.0%})"
        )


@click.command()
@click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Folder that holds mnist.npz.")
@click.option("--sensor", "sensor_name", default="scamp5", show_default=True)
@click.option("--epochs", default=6, show_default=True)
@click.option("--images", default=1000, show_default=True, help="Test images for the exact simulation.")
@click.option("--noisy-images", default=500, show_default=True, help="Test images for the simulation with noise.")
@click.option("--seed", default=0, show_default=True)
@click.option("--ternary", is_flag=True, help="Train the shape with ternary weights; nothing is simulated.")
@click.option("--seeds", default=3, show_default=True, help="With --ternary: how many, from --seed up.")
@click.option("--times", is_flag=True, help="What a frame takes by each calibration; nothing is trained.")
@click.option("--record", type=click.Path(path_type=Path, dir_okay=False), help="JSON file to write.")
def main(data_dir, sensor_name, epochs, images, noisy_images, seed, ternary, seeds, times, record) -> None:
    """Trains the network, simulates test images, and prints what came out."""
    if times:
        tell_times(load_sensor(sensor_name))
        return
    started, clock = datetime.now(timezone.utc).isoformat(timespec="seconds"), time.monotonic()
    data = load_dataset("mnist", data_dir)
    train, test = (doubled(part) for part in (data.x_train, data.x_test))
    labels, test_labels = (part.astype(np.int64) for part in (data.y_train, data.y_test))
    if ternary:
        result = trained_ternary(train, labels, test, test_labels, epochs, range(seed, seed + seeds))
    else:
        model = trained(train, labels, epochs, seed)
        trained_s = round(time.monotonic() - clock, 1)
        result = {"sensor": sensor_name, "epochs": epochs, "seed": seed, "training_s": trained_s}
        result |= measured(model, test, test_labels, load_sensor(sensor_name), (images, noisy_images), seed)
        tell(result)
    if record:
        environment = describe_environment(started, time.monotonic() - clock)
        benchmark = "bose2020_ternary" if ternary else "bose2020"
        write_record({"benchmark": benchmark, "data": data.source, **result, "environment": environment}, record)


def tell(result: dict) -> None:
    keras_accuracy = result["keras"]
    print(f"Keras: {keras_accuracy['value']:.2%} of {keras_accuracy['total']:,} test images")
    loss = result["noise"]["keras_on_the_same"]["value"] - result["noise"]["accuracy"]["value"]
    print(f"loss under noise: {100 * loss:.2f} points on the same images")
    print(f"{result['icw']} instruction words a frame (published: {PUBLISHED_ICW}), calls {result['calls']}")
    print(f"{result['range_used']:.0%} of the analog range, steps of {result['step']}")


if __name__ == "__main__":
    main()
