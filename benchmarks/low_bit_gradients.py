"""Trains a small convolutional network on scikit-learn's digits with gradients of few bits, and in float.

    python -m benchmarks.low_bit_gradients [--epochs N] [--seeds N]

Two convolutions of 16 maps and a dense layer, Adam, the test images that stay out. "Float" is the same network with
float gradients and float kernels; "4 bits" has kernels by SAWB and inputs by PACT besides; the first layer's inputs
and the last layer are float in all.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.quantizer_networks import use_one_core
from larq_focal.bench.records.record_file import write_record
from larq_focal.datasets.dataset import as_input, load_dataset
from larq_focal.layers import QuantConv2D
from larq_focal.layers.low_bit_gradients import LowBitGradientConv2D, MultiLevelGradient, RadixFourGradient
from larq_focal.nn import keras
from larq_focal.quantizers import PACT, SAWB
from larq_focal.training.trainer import environment_now

TABLE = Path(__file__).parent.parent / "docs/data/low_bit_gradients.json"
METHODS = {
    "Float": (lambda: None, False),
    "Multi-level, 2 + 1 bits": (lambda: MultiLevelGradient(2, 1, seed=0), False),
    "Multi-level, 2 + 4 bits": (lambda: MultiLevelGradient(2, 4, seed=0), False),
    "Radix four, two phases": (RadixFourGradient, False),
    "4 bits forward, float gradients": (lambda: None, True),
    "4 bits forward, radix four": (RadixFourGradient, True),
}
"""What makes the quantizer of gradients, and whether kernels and inputs have 4 bits."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    use_one_core()
    environment = environment_now()
    table = {"epochs": arguments.epochs, "runs": []} | {key: environment[key] for key in ("versions", "machine")}
    for seed in range(arguments.seeds):
        for name in METHODS:
            table["runs"].append({"method": name, "seed": seed, "accuracy": accuracy(name, seed, arguments.epochs)})
            print(table["runs"][-1], flush=True)
            write_record(table, TABLE)


def accuracy(name: str, seed: int, epochs: int) -> float:
    data = load_dataset("digits")
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input(data.image_shape),
            convolution(name, is_first=True),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            convolution(name),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.005), loss)
    model.fit(as_input(data.x_train), data.y_train.astype(np.int32), batch_size=64, epochs=epochs, verbose=0)
    predicted = model.predict(as_input(data.x_test), verbose=0).argmax(-1)
    return float(np.mean(predicted == data.y_test))


def convolution(name: str, is_first: bool = False):
    make_gradient, is_quantized = METHODS[name]
    options = {"padding": "same", "use_bias": False}
    if is_quantized:
        options |= {"kernel_quantizer": SAWB(4), "input_quantizer": None if is_first else PACT(4)}
    gradient = make_gradient()
    if gradient is None:
        return QuantConv2D(16, 3, **options)
    return LowBitGradientConv2D(16, 3, gradient_quantizer=gradient, **options)


if __name__ == "__main__":
    main()
