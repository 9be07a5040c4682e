"""What placements of maps and sources of weights cost: one layer of 16 kernels 3x3, and the network of Liu and Lu.

Run ``python benchmarks/placements.py`` (``--network`` for the second, which needs the extra ``tensorflow``). Every
program is simulated, and what is read out compared with the interpreter. Weights and thresholds are drawn at random.
"""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import product

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from larq_focal.focal_plane import load_sensor
from larq_focal.focal_plane.compiler import RegisterError, StoreError, compile_network
from larq_focal.focal_plane.sensor.calibration import load_published
from larq_focal.network import Kernel, QuantGraph, interpret, ops

OPTIONS = (("interleaved", "patterns"), ("tiled", "patterns"), ("tiled", "packed"), ("tiled", "analog"))


def layer(padding: str, weights: str) -> QuantGraph:
    """16 kernels 3x3 on an image of 64x64, with a threshold for each; "same" padding is with zeros."""
    rng = np.random.default_rng(0)
    levels = (-1, 0, 1) if weights == "ternary" else (-1, 1)
    kernel = Kernel(rng.choice(levels, (3, 3, 1, 16)).astype(np.int8), np.ones(16, np.float32), len(levels) - 1)
    threshold = np.rint(rng.normal(0, 3, 16)).astype(np.float32)
    shape = (64, 64, 16) if padding == "same" else (62, 62, 16)
    image = ops.Input(name="image", shape=(64, 64, 1))
    operations = [
        image,
        ops.Binarize(name="bits", inputs=("image",), shape=image.shape, threshold=np.float32(0)),
        ops.Conv2D(name="layer", inputs=("bits",), shape=shape, kernel=kernel, padding=padding, pad_value=0.0),
        ops.Binarize(name="sign", inputs=("layer",), shape=shape, threshold=threshold),
    ]
    return QuantGraph("layer", operations, ["sign"])


def network() -> QuantGraph:
    """liu2022 of the zoo with random weights and normalisations."""
    from larq_focal.keras import keras
    from larq_focal.network.load import as_graph
    from larq_focal.zoo import liu2022

    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    model = liu2022()
    for normalisation in (entry for entry in model.layers if isinstance(entry, keras.layers.BatchNormalization)):
        mean, variance = normalisation.moving_mean, normalisation.moving_variance
        mean.assign(rng.normal(0, 1, mean.shape))
        variance.assign(rng.uniform(0.5, 2, variance.shape))
    return as_graph(model)


def row(graph: QuantGraph, sensor, placement: str, weights: str, pixel_range: tuple[float, float]) -> list[str]:
    """Words, calls, floods, microseconds, registers, values that differ, seconds of compiling."""
    started = time.process_time()
    try:
        compiled = compile_network(graph, sensor, pixel_range, placement=placement, weights=weights)
    except (RegisterError, StoreError) as error:
        return [str(error)]
    seconds = time.process_time() - started
    image = np.random.default_rng(1).uniform(*pixel_range, (1, *graph.inputs[0].shape)).astype(np.float32)
    levels = np.linspace(*pixel_range, 256, dtype=np.float32)
    image = levels[np.rint((image - levels[0]) / (levels[-1] - levels[0]) * 255).astype(int)]
    expected = interpret(graph, image, graph.outputs)
    differing = sum(np.count_nonzero(values != expected[name]) for name, values in compiled.run(image).items())
    calls, cost = compiled.calls, compiled.cost
    floods = sum(count.get("propagation", 0) for count in compiled.icw.values())
    return [
        f"{cost.icw:,}",
        *(str(calls.get(name, 0)) for name in ("load_pattern", "load_plane", "load_analog", "kernel_launch")),
        str(floods),
        "" if cost.time_us is None else f"{cost.time_us:,.0f}",
        f"{compiled.allocation.used} of {compiled.allocation.nominal}" + (" and spills" if cost.spills else ""),
        str(differing),
        f"{seconds:.1f}",
    ]


@click.command()
@click.option("--sensor", default="scamp5", show_default=True)
@click.option("--network", "with_network", is_flag=True, help="The network of Liu and Lu, in SCAMP-7's registers.")
def main(sensor: str, with_network: bool) -> None:
    """Compiles in every way, simulates one frame, and prints what it takes."""
    console = Console(highlight=False, width=150)
    columns = "words", "patterns", "planes", "levels", "launches", "floods", "µs", "registers", "differ", "s to compile"
    target = load_sensor(sensor)
    kinds = product(("binary", "ternary"), ("valid", "same"))
    graphs = {f"{weights}, {padding}": layer(padding, weights) for weights, padding in kinds}
    if with_network:
        timed = load_sensor("scamp5")
        target = replace(
            load_sensor("scamp7"),
            clock_hz=timed.clock_hz,
            calibrations=timed.calibrations,
            overhead_us=timed.overhead_us,
        )
        graphs = {"liu2022": network()}
        published = load_published("liu2022").latency_us
        console.print(f"published for SCAMP-5: {published:,.0f} µs; here SCAMP-7's registers at SCAMP-5's times")
    for title, graph in graphs.items():
        table = Table("placement, weights", *columns, title=title, box=None)
        for placement, weights in OPTIONS:
            if weights == "analog" and not target.digital.flag:
                continue
            pixel_range = (-0.5, 0.5) if with_network else (-1.0, 1.0)
            table.add_row(f"{placement}, {weights}", *row(graph, target, placement, weights, pixel_range))
        console.print(table)


if __name__ == "__main__":
    main()
