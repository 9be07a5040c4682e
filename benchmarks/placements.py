"""What placements of maps and sources of weights cost: one layer of 16 kernels 3x3, and the network of Liu and Lu.

Run ``python benchmarks/placements.py`` (``--network`` for the second, which needs the extra ``tensorflow``: on SCAMP-5,
without and with charges and kernels swapped in the store, and in SCAMP-7's registers without a bound on the store, at
SCAMP-5's times). Every program is
simulated, and what is read out compared with the interpreter. Weights and thresholds are drawn at random. Times are
those of the first calibration, without calls that it does not tell, and those by which programs are compared, at most.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from itertools import product
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from larq_focal.focal_plane import Sensor, load_sensor
from larq_focal.focal_plane.compiler import Compiled, RegisterError, StoreError, UnsupportedError, compile_network
from larq_focal.focal_plane.sensor.calibration import load_published
from larq_focal.focal_plane.sensor.rate import estimates
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


def row(graph: QuantGraph, sensor: Sensor, pixel_range: tuple[float, float], **options: Any) -> list[str]:
    """Words, those put into the store, calls, floods, microseconds, registers, differing values, seconds."""
    started = time.process_time()
    try:
        compiled = compile_network(graph, sensor, pixel_range, **options)
    except (RegisterError, StoreError, UnsupportedError) as error:
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
        f"{compiled.swapped_icw:,} in {cost.fills}" if cost.fills else "",
        *(str(calls.get(name, 0)) for name in ("load_pattern", "load_plane", "load_analog", "kernel_launch")),
        str(floods),
        f"{_calibrated_us(compiled):,.0f}",
        f"{cost.time_us:,.0f}",
        f"{compiled.allocation.used} of {compiled.allocation.nominal}" + (" and spills" if cost.spills else ""),
        str(differing),
        f"{seconds:.1f}",
    ]


def _calibrated_us(compiled: Compiled) -> float:
    words = sum((Counter(count) for count in compiled.icw.values()), Counter())
    return estimates(words, compiled.calls, compiled.sensor)[1].latency_us


def in_registers_of_scamp7(timed: Sensor) -> Sensor:
    """SCAMP-7, whose store and times are not published, at the times of another sensor."""
    return replace(
        load_sensor("scamp7"),
        clock_hz=timed.clock_hz,
        calibrations=timed.calibrations,
        overhead_us=timed.overhead_us,
    )


@click.command()
@click.option("--network", "with_network", is_flag=True, help="The network of Liu and Lu instead.")
def main(with_network: bool) -> None:
    """Compiles in every way, simulates one frame, and prints what it takes."""
    console = Console(highlight=False, width=160)
    scamp5 = load_sensor("scamp5")
    if with_network:
        graph = network()
        console.print(f"published for SCAMP-5: {load_published('liu2022').latency_us:,.0f} µs")
        for title, sensor, options in (
            ("SCAMP-5", scamp5, {}),
            ("SCAMP-5, charges", scamp5, {"analog_counting": True}),
            ("SCAMP-5, kernels swapped", scamp5, {"swap_kernels": True}),
            ("SCAMP-5, kernels swapped, charges", scamp5, {"swap_kernels": True, "analog_counting": True}),
            ("SCAMP-7's registers, no bound on the store", in_registers_of_scamp7(scamp5), {}),
        ):
            console.print(table(f"liu2022: {title}", graph, sensor, (-0.5, 0.5), **options))
        return
    for weights, padding in product(("binary", "ternary"), ("valid", "same")):
        console.print(table(f"{weights}, {padding}", layer(padding, weights), scamp5, (-1.0, 1.0)))


def table(title: str, graph: QuantGraph, sensor: Sensor, pixel_range: tuple[float, float], **options: Any) -> Table:
    columns = (
        "words",
        "swapped",
        "patterns",
        "planes",
        "levels",
        "launches",
        "floods",
        "µs",
        "µs at most",
        "registers",
        "differ",
        "s",
    )
    found = Table("placement, weights", *columns, title=title, box=None)
    for placement, weights in OPTIONS:
        if weights != "analog" or sensor.digital.flag:
            cells = row(graph, sensor, pixel_range, placement=placement, weights=weights, **options)
            found.add_row(f"{placement}, {weights}", *cells)
    return found


if __name__ == "__main__":
    main()
