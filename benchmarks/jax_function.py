"""Times a packed network as a function of JAX against float32 and bfloat16 convolutions of the same shapes.

    python -m benchmarks.jax_function [--batch N] [--side PIXELS] [--channels N] [--layers N] [--rounds N]

Run it from the repository with larq_focal[jax], and JAX for the accelerator that is to be measured. It says which one
it found, and where there is none that the figures are a CPU's. All three take turns, and the low decile of the rounds
is shown.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from larq_focal.deploy.machine import describe_machine
from larq_focal.network import Kernel, QuantGraph, ops
from larq_focal.network.jax_function.to_jax import to_jax


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--side", type=int, default=28)
    parser.add_argument("--channels", type=int, default=128)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=30)
    arguments = parser.parse_args()
    device = jax.devices()[0]
    print(f"JAX {jax.__version__} on {device.platform}: {device.device_kind}")
    if device.platform == "cpu":
        print(f"There was no accelerator: these figures are a CPU's ({describe_machine()['cpu']}).")
    kernels = drawn_kernels(arguments.channels, arguments.layers)
    shape = (arguments.side, arguments.side, arguments.channels)
    image = jnp.asarray(np.random.default_rng(1).normal(size=(arguments.batch, *shape)), jnp.float32)
    functions = {
        "packed": jax.jit(to_jax(binary_network(shape, kernels))),
        "float32": jax.jit(float_network(kernels, jnp.float32)),
        "bfloat16": jax.jit(float_network(kernels, jnp.bfloat16)),
    }
    taken = low_decile_ms(functions, image, arguments.rounds)
    print(f"{arguments.layers} convolutions 3x3 of {arguments.channels} channels on {arguments.side}x{arguments.side},")
    print(f"batch {arguments.batch}, milliseconds a batch, low decile of {arguments.rounds} rounds\n")
    print(f"| {' | '.join(taken)} | float32 / packed | bfloat16 / packed |")
    print("| --- " * (len(taken) + 2) + "|")
    ratios = [taken[name] / taken["packed"] for name in ("float32", "bfloat16")]
    print(f"| {' | '.join(f'{ms:.2f}' for ms in taken.values())} | {' | '.join(f'{ratio:.2f}' for ratio in ratios)} |")


def drawn_kernels(channels: int, layers: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.choice([-1, 1], (3, 3, channels, channels)).astype(np.int8) for _ in range(layers)]


def binary_network(shape: tuple[int, ...], kernels: list[np.ndarray]) -> QuantGraph:
    """A sign before each convolution."""
    steps: list[ops.Op] = [ops.Input(name="image", shape=shape)]
    for index, codes in enumerate(kernels):
        kernel = Kernel(codes, np.ones(shape[-1], np.float32), 1)
        sign = ops.Binarize(name=f"sign{index}", inputs=(steps[-1].name,), shape=shape, threshold=np.float32(0))
        convolution = {"kernel": kernel, "padding": "same", "pad_value": 1.0}
        steps += [sign, ops.Conv2D(name=f"conv{index}", inputs=(sign.name,), shape=shape, **convolution)]
    return QuantGraph("binary", steps, [steps[-1].name])


def float_network(kernels: list[np.ndarray], dtype) -> Callable[[jax.Array], jax.Array]:
    """A ReLU before each convolution, whose weights are other numbers of the same shapes."""
    weights = [jnp.asarray(codes * 0.03, dtype) for codes in kernels]

    def network(image: jax.Array) -> jax.Array:
        x = image.astype(dtype)
        for kernel in weights:
            x = lax.conv_general_dilated(
                jax.nn.relu(x), kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
            )
        return x

    return network


def low_decile_ms(functions: dict[str, Callable], image: jax.Array, rounds: int) -> dict[str, float]:
    for function in functions.values():
        function(image).block_until_ready()  # compiles
    taken: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            start = time.perf_counter()
            function(image).block_until_ready()
            taken[name].append(1000 * (time.perf_counter() - start))
    return {name: float(np.quantile(times, 0.1)) for name, times in taken.items()}


if __name__ == "__main__":
    main()
