"""Words and registers of layers counted by digital adders and as charges, and what a chip's noise does to the latter.

Run ``python benchmarks/analog_counting.py``; it needs no TensorFlow. The layers have random weights and thresholds, and
see images of 64x64 random bits.
"""

from __future__ import annotations

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from larq_focal.focal_plane import Sensor, load_sensor
from larq_focal.focal_plane.compiler import Compiled, compile_network
from larq_focal.focal_plane.machine import Noise, NoiseModel, Simulator, load_noise
from larq_focal.network import Kernel, QuantGraph, interpret, ops

SIDE = 64


def layer(kernel_size: int, channels: int, is_ternary: bool, seed: int) -> QuantGraph:
    """A threshold on each pixel, the convolution, and a threshold for each channel."""
    rng = np.random.default_rng(seed)
    size = (kernel_size, kernel_size, 1, channels)
    codes = rng.integers(-1, 2, size) if is_ternary else rng.choice([-1, 1], size)
    shape = (SIDE - kernel_size + 1, SIDE - kernel_size + 1, channels)
    threshold = rng.normal(0, kernel_size, channels).astype(np.float32)  # one standard deviation of a sum of signs
    kernel = Kernel(codes.astype(np.int8), np.ones(channels, np.float32), 2 if is_ternary else 1)
    operations = [
        ops.Input(name="image", shape=(SIDE, SIDE, 1)),
        ops.Binarize(name="bits", inputs=("image",), shape=(SIDE, SIDE, 1), threshold=np.float32(0)),
        ops.Conv2D(name="conv", inputs=("bits",), shape=shape, kernel=kernel, strides=(1, 1), padding="valid"),
        ops.Binarize(name="sign", inputs=("conv",), shape=shape, threshold=threshold),
    ]
    name = f"{kernel_size}x{kernel_size}x1 -> {channels}{', ternary' if is_ternary else ''}"
    return QuantGraph(name, operations, ["sign"])


def differing(compiled: Compiled, images: np.ndarray, noise: NoiseModel | None) -> float:
    """The share of output bits that are not those of the network."""
    expected = interpret(compiled.graph, images, ["sign"])["sign"]
    shares = []
    for index, given in enumerate(compiled.array_images(images)):
        errors = noise and Noise(noise, compiled.sensor, seed=index)
        values, _ = compiled.array.frame(Simulator(compiled.sensor, errors), given)
        shares.append((values["sign"] != expected[index]).mean())
    return float(np.mean(shares))


def rows(graph: QuantGraph, sensor: Sensor, images: np.ndarray):
    """One row for each way to count."""
    noise = load_noise("scamp5")
    for analog_counting in (False, True):
        compiled = compile_network(graph, sensor, analog_counting=analog_counting)
        told = compiled.to_dict()["analog_counting"].get("conv")
        assert differing(compiled, images[:1], None) == 0, "not exact"
        yield (
            graph.name,
            "charge" if told else "adders",
            str(compiled.total_icw),
            str(compiled.store_icw),
            f"{compiled.allocation.used} + {len(compiled.accumulations)}",
            str(compiled.calls["kernel_launch"]),
            f"{told['step']}, {told['range_used']:.0%}" if told else "",
            str(told["operations"]) if told else "",
            f"{told['bias_steps']:+.2f} +- {told['deviation_steps']:.2f}" if told else "",
            f"{differing(compiled, images, noise):.3%}",
        )


@click.command()
@click.option("--images", "count", default=10, show_default=True, help="Images of random bits that are simulated.")
@click.option("--seeds", default=3, show_default=True, help="Layers of each shape.")
def main(count: int, seeds: int) -> None:
    """Prints a table, a row for each layer and way to count."""
    sensor = load_sensor("scamp5")
    headings = (
        "layer",
        "counted by",
        "words",
        "stored",
        "registers",
        "launches",
        "step, range",
        "steps",
        "error, steps",
    )
    table = Table(*headings, "bits that differ", box=None)
    for kernel_size, channels, is_ternary in ((3, 16, False), (4, 16, False), (3, 16, True), (5, 16, False)):
        for seed in range(seeds):
            images = np.random.default_rng(seed).choice([-1.0, 1.0], (count, SIDE, SIDE, 1)).astype(np.float32)
            for row in rows(layer(kernel_size, channels, is_ternary, seed), sensor, images):
                table.add_row(*row)
    Console(width=140, highlight=False).print(table)


if __name__ == "__main__":
    main()
