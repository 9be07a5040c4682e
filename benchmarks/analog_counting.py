"""Words and registers of networks counted by digital adders and as charges, and what a chip's noise does to the latter.

Run ``python benchmarks/analog_counting.py``; it needs no TensorFlow. The networks have random weights and thresholds,
and see images of 64x64 random bits.
"""

from __future__ import annotations

from dataclasses import replace

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from larq_focal.focal_plane import Sensor, load_sensor
from larq_focal.focal_plane.compiler import Compiled, compile_network
from larq_focal.focal_plane.machine import Noise, NoiseModel, Simulator, load_noise
from larq_focal.network import Kernel, QuantGraph, interpret, ops

SIDE = 64


def network(kernel_sizes: tuple[int, ...], channels: tuple[int, ...], is_ternary: bool, seed: int) -> QuantGraph:
    """A threshold on each pixel, then convolutions, each with a threshold for each channel, and 2x2 pooling between."""
    rng = np.random.default_rng(seed)
    operations: list[ops.Op] = [ops.Input(name="image", shape=(SIDE, SIDE, 1))]

    def add(op: type[ops.Op], name: str, shape: tuple[int, ...], **fields) -> None:
        operations.append(op(name=name, inputs=(operations[-1].name,), shape=shape, **fields))

    add(ops.Binarize, "bits", (SIDE, SIDE, 1), threshold=np.float32(0))
    for index, (size, count) in enumerate(zip(kernel_sizes, channels, strict=True)):
        if index:
            side, before = operations[-1].shape[0] // 2, operations[-1].shape[-1]
            add(ops.Pool2D, f"pool{index}", (side, side, before), kind="max", size=(2, 2), strides=(2, 2))
        height, _, before = operations[-1].shape
        shape, kernel_shape = (height - size + 1, height - size + 1, count), (size, size, before, count)
        codes = rng.integers(-1, 2, kernel_shape) if is_ternary else rng.choice([-1, 1], kernel_shape)
        kernel = Kernel(codes.astype(np.int8), np.ones(count, np.float32), 2 if is_ternary else 1)
        deviation = np.sqrt(kernel.fan_in)  # of a sum of random signs
        add(ops.Conv2D, f"conv{index + 1}", shape, kernel=kernel, strides=(1, 1), padding="valid")
        add(ops.Binarize, f"sign{index + 1}", shape, threshold=rng.normal(0, deviation, count).astype(np.float32))
    shapes = " -> ".join(f"{size}x{size}, {count}" for size, count in zip(kernel_sizes, channels, strict=True))
    return QuantGraph(f"{shapes}{', ternary' if is_ternary else ''}", operations, [operations[-1].name])


def differing(compiled: Compiled, images: np.ndarray, noise: NoiseModel | None) -> float:
    """The share of output bits that are not those of the network."""
    (name,) = compiled.graph.outputs
    expected = interpret(compiled.graph, images, [name])[name]
    shares = []
    for index, given in enumerate(compiled.array_images(images)):
        errors = noise and Noise(noise, compiled.sensor, seed=index)
        values, _ = compiled.array.frame(Simulator(compiled.sensor, errors), given)
        shares.append((values[name] != expected[index]).mean())
    return float(np.mean(shares))


def rows(graph: QuantGraph, sensor: Sensor, images: np.ndarray):
    """One row for each way to count."""
    noise = load_noise("scamp5")
    for analog_counting in (False, True):
        compiled = compile_network(graph, sensor, analog_counting=analog_counting)
        told = compiled.to_dict()["analog_counting"].values()
        assert differing(compiled, images[:1], None) == 0, "not exact"
        yield (
            graph.name,
            "charge" if told else "adders",
            f"{compiled.total_icw:,}",
            str(compiled.store_icw),
            f"{compiled.allocation.used} + {bool(told):d}",
            f"{compiled.calls['kernel_launch']:,}",
            "; ".join(f"{layer['step']}, {layer['range_used']:.0%}" for layer in told),
            "; ".join(str(layer["operations"]) for layer in told),
            "; ".join(f"{layer['bias_steps']:+.2f} +- {layer['deviation_steps']:.2f}" for layer in told),
            f"{differing(compiled, images, noise):.3%}",
        )


@click.command()
@click.option("--images", "count", default=10, show_default=True, help="Images of random bits that are simulated.")
@click.option("--seeds", default=3, show_default=True, help="Networks of each shape.")
def main(count: int, seeds: int) -> None:
    """Prints a table, a row for each network and way to count."""
    sensor = replace(load_sensor("scamp5"), calibrations=())  # so that words decide, which the table compares
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
    shapes = [((size,), (16,), is_ternary) for size, is_ternary in ((3, False), (3, True), (4, False), (5, False))]
    for kernel_sizes, channels, is_ternary in (*shapes, ((3, 3), (8, 16), False)):
        for seed in range(seeds):
            images = np.random.default_rng(seed).choice([-1.0, 1.0], (count, SIDE, SIDE, 1)).astype(np.float32)
            for row in rows(network(kernel_sizes, channels, is_ternary, seed), sensor, images):
                table.add_row(*row)
    Console(width=160, highlight=False).print(table)


if __name__ == "__main__":
    main()
