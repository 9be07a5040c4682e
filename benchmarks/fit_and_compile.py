"""Whether `fit` says the same as `compile`, on drawn networks, on every sensor file and on the zoo.

Run ``python benchmarks/fit_and_compile.py``; ``--zoo`` adds the networks of ``larq_focal.zoo``, which need TensorFlow.
Each network is judged and compiled, and verdict, words, store, calls, registers and times are compared; of a network
without a program, the reason. Prints how many networks had which verdict, and every disagreement.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

import click
import numpy as np

from larq_focal.focal_plane import FitReport, Sensor, fit, load_sensor, sensor_names
from larq_focal.focal_plane.compiler import Compiled, RegisterError, StoreError, UnsupportedError, compile_network
from larq_focal.focal_plane.sensor.rate import estimates
from larq_focal.network import Kernel, QuantGraph, ops

KINDS = ("binary", "ternary", "wide weights", "wide inputs", "average", "unknown")
_CHANCES = (0.55, 0.2, 0.06, 0.06, 0.07, 0.06)


def drawn_network(seed: int) -> QuantGraph:
    """One to three convolutions with signs, perhaps pooled and with a dense layer; of some a part does not fit."""
    rng = np.random.default_rng(seed)
    kind = str(rng.choice(KINDS, p=_CHANCES))
    side = int(rng.integers(6, 15))
    image = ops.Input(name="image", shape=(side, side, 1))
    network: list[ops.Op] = [image]
    if kind != "wide inputs":
        network.append(_sign("bits", image))
    for number in range(1, int(rng.integers(2, 4)) + (kind == "average")):
        network += _layer(rng, number, network[-1], kind)
        if kind == "average" and number == 1:
            before = network[-1]
            shape = (*(length // 2 for length in before.shape[:2]), before.shape[-1])
            average = ops.Pool2D(
                name="average", inputs=(before.name,), shape=shape, kind="average", size=(2, 2), strides=(2, 2)
            )
            network += [average, _sign("again", average)]
    if kind == "unknown":
        last = network[-1]
        network.append(ops.Unknown(name="strange", inputs=(last.name,), shape=last.shape, kind="Fourier"))
    elif rng.random() < 0.4:
        network += _dense(rng, network[-1])
    return QuantGraph(f"drawn {seed}, {kind}", network, [network[-1].name])


def _layer(rng: np.random.Generator, number: int, before: ops.Op, kind: str) -> list[ops.Op]:
    height, width, channels = before.shape
    groups = int(rng.choice([g for g in (1, 2) if channels % g == 0]))
    maps, size = int(rng.choice([2, 4, 8, 12])), int(rng.integers(1, 4))
    shape = (size, size, channels // groups, maps)
    if kind == "wide weights" and number == 1:
        kernel = Kernel(rng.normal(size=shape).astype(np.float32), None, 32)
    else:
        levels = (-1, 0, 1) if kind == "ternary" else (-1, 1)
        kernel = Kernel(rng.choice(levels, shape).astype(np.int8), np.ones(maps, np.float32), len(levels) - 1)
    layer = ops.Conv2D(
        name=f"conv{number}",
        inputs=(before.name,),
        shape=(height, width, maps),
        kernel=kernel,
        padding="same",
        pad_value=float(rng.choice([0, 1])),
        groups=groups,
    )
    norm = ops.Affine(
        name=f"norm{number}",
        inputs=(layer.name,),
        shape=layer.shape,
        mean=rng.normal(0, np.sqrt(kernel.fan_in), maps).astype(np.float32),
        scale=(rng.choice([-1, 1], maps) * rng.uniform(0.1, 2, maps)).astype(np.float32),
        bias=rng.normal(0, 1, maps).astype(np.float32),
    )
    found = [layer, norm, _sign(f"sign{number}", norm)]
    if number == 1 and rng.random() < 0.4:
        shape = (height // 2, width // 2, maps)
        found.append(
            ops.Pool2D(
                name=f"pool{number}",
                inputs=(found[-1].name,),
                shape=shape,
                kind="max",
                size=(2, 2),
                strides=(2, 2),
                padding="valid",
            )
        )
    return found


def _dense(rng: np.random.Generator, before: ops.Op) -> list[ops.Op]:
    flat = ops.Reshape(name="flat", inputs=(before.name,), shape=(int(np.prod(before.shape)),))
    kernel = Kernel(rng.normal(size=(flat.shape[0], 3)).astype(np.float32), None, 32)
    return [flat, ops.Dense(name="scores", inputs=("flat",), shape=(3,), kernel=kernel)]


def _sign(name: str, before: ops.Op) -> ops.Binarize:
    return ops.Binarize(name=name, inputs=(before.name,), shape=before.shape, threshold=np.float32(0))


def compared(network: QuantGraph, sensor: Sensor, limit_s: float = 60.0) -> tuple[str, list[str]]:
    """The verdict, and what `fit` and `compile` say differently of a network; nothing where the limit was reached."""
    report = fit(network, sensor, limit_s=limit_s)
    if _has_run_out(report):
        return f"{report.verdict}, out of time", []
    return str(report.verdict), _disagreements(report, network, sensor)


def _has_run_out(report: FitReport) -> bool:
    return any("no program was found within" in line for line in report.not_judged)


def _disagreements(report: FitReport, network: QuantGraph, sensor: Sensor) -> list[str]:
    try:
        compiled = compile_network(network, sensor)
    except (RegisterError, StoreError, UnsupportedError) as error:
        told = [] if report.verdict is error.verdict else [f"{report.verdict} where compile says {error.verdict}"]
        return told + ["figures without a program"] * (report.icw is not None)
    return [f"{name}: {mine}, and compile {other}" for name, mine, other in _pairs(report, compiled) if mine != other]


def _pairs(report: FitReport, compiled: Compiled) -> Iterator[tuple[str, object, object]]:
    words = sum((Counter(count) for count in compiled.icw.values()), Counter())
    expected = estimates(words, compiled.calls, compiled.sensor)
    yield "verdict", str(report.verdict), str(compiled.verdict)
    yield "words", report.icw, compiled.total_icw
    yield "store", report.store_icw, compiled.store_icw
    yield "calls", dict(report.calls), compiled.calls
    yield "estimates", report.estimates[: len(expected)], expected
    yield "not judged", report.not_judged, ()
    on_array = [layer for layer in report.layers if layer.placement != "controller"]
    yield "layers", [layer.icw for layer in on_array], [_words_of(compiled, layer.name) for layer in on_array]
    used = {use.register for layer in on_array for use in layer.registers}
    every = {*compiled.allocation.named, *compiled.sensor.analog.storage, *compiled.sensor.analog.port}
    yield "registers beyond those of the program", used - every, set()


def _words_of(compiled: Compiled, name: str) -> int:
    return sum(compiled.icw.get(name, {}).values())


def _zoo(only: tuple[str, ...]) -> Iterator[QuantGraph]:
    from larq_focal.network.keras.from_keras import from_keras
    from larq_focal.zoo import MODELS

    for name, row in MODELS.items():
        if only and name not in only:
            continue
        try:
            graph = from_keras(row.build())
        except ValueError as error:
            print(f"{name}: {error}")
            continue
        yield QuantGraph(name, graph.ops, graph.outputs)


@click.command()
@click.option("--count", default=200, show_default=True, help="Drawn networks; each on one sensor, in turn.")
@click.option("--zoo", is_flag=True, help="The networks of the zoo too, on SCAMP-5.")
@click.option("--only", multiple=True, metavar="NAME", help="Of the zoo these alone.")
@click.option("--limit", "limit_s", default=60.0, show_default=True, help="Seconds for the search of each program.")
def main(count: int, zoo: bool, only: tuple[str, ...], limit_s: float) -> None:
    names = sensor_names()
    verdicts: Counter[tuple[str, str]] = Counter()
    found = 0

    def compare(network: QuantGraph, name: str) -> None:
        nonlocal found
        started = time.process_time()
        verdict, told = compared(network, load_sensor(name), limit_s)
        click.echo(f"{network.name}: {verdict}, {time.process_time() - started:.0f} s", err=True)
        verdicts[name, verdict] += 1
        found += bool(told)
        for line in told:
            print(f"{network.name} on {name}: {line}")

    for seed in range(count):
        compare(drawn_network(seed), names[seed % len(names)])
    for network in _zoo(only) if zoo else ():
        compare(network, "scamp5")
    for (name, verdict), number in sorted(verdicts.items()):
        print(f"{name:<20} {verdict:<24} {number:>4}")
    print(f"{found} of {sum(verdicts.values())} networks on which fit and compile disagree")


if __name__ == "__main__":
    main()
