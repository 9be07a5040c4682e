"""How the time of compiling grows with a network, and what is said of one that is too large for SCAMP-5.

Run ``python benchmarks/compile_growth.py``: CPU seconds, words and launches of two layers 3x3 of more and more channels
at 32x32, of more and more layers of 4 channels, and the fit of 16 5x5, pooling, 32 3x3, pooling, 32 3x3, with the
changes with which it compiled. Weights and normalisations are drawn at random.
"""

from __future__ import annotations

import time

import click
import numpy as np

from larq_focal.focal_plane import fit
from larq_focal.focal_plane.compiler import RegisterError, StoreError, compile_network
from larq_focal.network import Kernel, QuantGraph, ops

SIDE = 32


def network(maps: list[int], sizes: list[int] | None = None, pooled: int = 0, last_padding: str = "same") -> QuantGraph:
    """A chain of binary layers, each with a normalisation and a sign, the first ``pooled`` with pooling 2x2."""
    rng = np.random.default_rng(0)
    image = ops.Input(name="image", shape=(SIDE, SIDE, 1))
    found: list[ops.Op] = [image, _sign("bits", image)]
    for number, channels in enumerate(maps, 1):
        size = sizes[number - 1] if sizes else 3
        padding = last_padding if number == len(maps) else "same"
        before = found[-1]
        height, width, depth = before.shape
        less = size - 1 if padding == "valid" else 0
        shape = (height - less, width - less, channels)
        codes = rng.choice([-1, 1], (size, size, depth, channels)).astype(np.int8)
        layer = ops.Conv2D(
            name=f"conv{number}",
            inputs=(before.name,),
            shape=shape,
            kernel=Kernel(codes, np.ones(channels, np.float32), 1),
            padding=padding,
            pad_value=1.0,
        )
        norm = ops.Affine(
            name=f"norm{number}",
            inputs=(layer.name,),
            shape=shape,
            mean=rng.normal(0, np.sqrt(size * size * depth), channels).astype(np.float32),
            scale=(rng.choice([-1, 1], channels) * rng.uniform(0.1, 2, channels)).astype(np.float32),
            bias=rng.normal(0, 1, channels).astype(np.float32),
        )
        found += [layer, norm, _sign(f"sign{number}", norm)]
        if number <= pooled:
            halved = (shape[0] // 2, shape[1] // 2, channels)
            pool = {"kind": "max", "size": (2, 2), "strides": (2, 2), "padding": "valid"}
            found.append(ops.Pool2D(name=f"pool{number}", inputs=(found[-1].name,), shape=halved, **pool))
    return QuantGraph(f"{len(maps)} layers", found, [found[-1].name])


def _sign(name: str, before: ops.Op) -> ops.Binarize:
    return ops.Binarize(name=name, inputs=(before.name,), shape=before.shape, threshold=np.float32(0))


def three_layers() -> QuantGraph:
    return network([16, 32, 32], [5, 3, 3], pooled=2, last_padding="valid")


@click.command()
@click.option("--sensor", default="scamp5", show_default=True)
def main(sensor: str) -> None:
    chains = {f"{maps} to {maps}": [maps, maps] for maps in (4, 8, 12, 16)}
    chains |= {f"{depth} layers of 4": [4] * depth for depth in (3, 4, 6, 8)}
    print(f"{'network':<16} {'CPU s':>6} {'words':>7} {'CPU ms a word':>14} {'launches':>9}")
    for name, maps in chains.items():
        started = time.process_time()
        try:
            compiled = compile_network(network(maps), sensor)
        except (RegisterError, StoreError) as error:
            print(f"{name:<16} {time.process_time() - started:>6.1f} {error}")
            continue
        seconds, words = time.process_time() - started, compiled.total_icw
        launches = compiled.calls["kernel_launch"]
        print(f"{name:<16} {seconds:>6.1f} {words:>7,} {1000 * seconds / words:>14.2f} {launches:>9,}")
    started = time.process_time()
    for spill in ("analog", "controller"):
        started = time.process_time()
        report = fit(three_layers(), sensor, spill=spill)
        seconds = time.process_time() - started
        print(f"three layers, spill={spill}: {report.verdict} in {seconds:.1f} CPU s; {'; or '.join(report.changes)}")


if __name__ == "__main__":
    main()
