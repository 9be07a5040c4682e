"""Words, time and registers of single 3x3 layers of 16 outputs at 64x64 pixels on SCAMP-5.

Run ``python benchmarks/layer_words.py``: one input with one threshold for all outputs and with one for each, and 16
inputs in 1, 2 and 4 groups, also without analog registers. Weights and thresholds are drawn at random; 16 inputs are
loaded as planes.
"""

from __future__ import annotations

from dataclasses import replace

import click
import numpy as np

from larq_focal.focal_plane import Sensor, load_sensor
from larq_focal.focal_plane.compiler import compile_network
from larq_focal.network import Kernel, QuantGraph, ops

SIDE, OUTPUTS = 64, 16


def layer(inputs: int, groups: int = 1, one_threshold: bool = False) -> QuantGraph:
    """Valid padding; thresholds lie about the middle of the sums."""
    rng = np.random.default_rng(0)
    fan_in = 9 * inputs // groups
    kernel = Kernel(
        rng.choice([-1, 1], (3, 3, inputs // groups, OUTPUTS)).astype(np.int8), np.ones(OUTPUTS, np.float32), 1
    )
    thresholds = np.rint(rng.normal(0, np.sqrt(fan_in), OUTPUTS)).astype(np.float32)
    image, shape = (SIDE, SIDE, inputs), (SIDE - 2, SIDE - 2, OUTPUTS)
    threshold = thresholds[0] if one_threshold else thresholds
    operations = [
        ops.Input(name="image", shape=image),
        ops.Binarize(name="bits", inputs=("image",), shape=image, threshold=np.float32(0)),
        ops.Conv2D(name="layer", inputs=("bits",), shape=shape, kernel=kernel, groups=groups),
        ops.Binarize(name="sign", inputs=("layer",), shape=shape, threshold=threshold),
    ]
    return QuantGraph("layer", operations, ["sign"])


def row(title: str, graph: QuantGraph, sensor: Sensor, **options: str) -> str:
    compiled = compile_network(graph, sensor, placement="interleaved", **options)
    allocation, calls = compiled.allocation, compiled.calls
    told = f"{allocation.used} of {allocation.nominal}"
    for place in allocation.spills_to:
        moves = allocation.moves[place]
        told += f", spills to the {place}: {len(moves.homes)} planes, {moves.text}"
    figures = (
        f"{compiled.total_icw:,} | {calls['load_pattern']} | {calls['kernel_launch']} | {compiled.cost.time_us:,.0f}"
    )
    return f"| {title} | {figures} | {told} |"


@click.command()
def main() -> None:
    """Compiles each layer, and prints a row of what its program takes."""
    sensor = load_sensor("scamp5")
    digital = replace(sensor, analog=replace(sensor.analog, storage=()))
    print("| layer | words | patterns | launches | µs at most | registers |")
    print(row("1 to 16, one threshold for all", layer(1, one_threshold=True), sensor))
    print(row("1 to 16, a threshold for each", layer(1), sensor))
    print(row("16 to 16", layer(16), sensor))
    print(row("16 to 16, no analog registers, to the controller", layer(16), digital, spill="controller"))
    for groups in (2, 4):
        print(row(f"16 to 16 in {groups} groups", layer(16, groups), sensor))


if __name__ == "__main__":
    main()
