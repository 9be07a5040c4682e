"""A two-layer binary network on MNIST, compiled to SCAMP-5 and simulated: the classes that Keras gives, or not.

Run ``python benchmarks/compiled_network.py --data-dir FOLDER`` with ``mnist.npz`` in the folder (without the option
MNIST is downloaded); it needs the extra ``tensorflow``. It prints the test accuracy of Keras, on how many images the
simulated program gives another class, what the program takes, and how long compiling and one frame take here.
"""

from __future__ import annotations

import platform
import time
from pathlib import Path

import click
import numpy as np
from rich.console import Console

import larq_focal as lqf
from larq_focal.datasets.dataset import as_input, load_dataset


def network():
    """Two binary convolutions with pooling, and a binary dense layer."""
    import larq

    from larq_focal.keras import keras

    quantizers = {"kernel_quantizer": "ste_sign", "kernel_constraint": "weight_clip", "use_bias": False}
    return keras.Sequential(
        [
            keras.layers.Input((28, 28, 1)),
            larq.layers.QuantConv2D(8, 3, input_quantizer="ste_sign", **quantizers),
            keras.layers.MaxPooling2D(2),
            keras.layers.BatchNormalization(),
            larq.layers.QuantConv2D(16, 3, input_quantizer="ste_sign", **quantizers),
            keras.layers.MaxPooling2D(2),
            keras.layers.BatchNormalization(),
            keras.layers.Flatten(),
            larq.layers.QuantDense(10, input_quantizer="ste_sign", **quantizers),
            keras.layers.BatchNormalization(),
        ],
        name="two_layers",
    )


@click.command()
@click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Folder that holds mnist.npz.")
@click.option("--sensor", default="scamp5", show_default=True)
@click.option("--epochs", default=3, show_default=True)
@click.option("--images", default=100, show_default=True, help="Test images that are simulated.")
def main(data_dir: Path | None, sensor: str, epochs: int, images: int) -> None:
    """Trains the network, compiles it, simulates test images, and prints what came out."""
    from larq_focal.keras import keras

    keras.utils.set_random_seed(0)
    data = load_dataset("mnist", data_dir)
    test = as_input(data.x_test)
    model = network()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    model.fit(as_input(data.x_train), data.y_train, epochs=epochs, batch_size=128, verbose=2)
    _, accuracy = model.evaluate(test, data.y_test, verbose=0)

    started = time.perf_counter()
    compiled = lqf.compile(model, sensor, pixel_range=tuple(as_input(np.array([0, 255], np.uint8))))
    compiled_after = time.perf_counter()
    (scores,) = compiled.run(test[:images]).values()
    seconds = time.perf_counter() - compiled_after
    classes = model.predict(test[:images], verbose=0).argmax(1)

    console = Console(highlight=False)
    console.print(compiled)
    console.print(f"test accuracy in Keras: {accuracy:.2%} of {len(test)} images, {epochs} epochs")
    console.print(f"another class than Keras on {(scores.argmax(1) != classes).sum()} of {len(classes)} images")
    console.print(
        f"{compiled_after - started:.1f} s to compile, {seconds / len(classes):.2f} s for a simulated frame "
        f"({platform.machine()}, Python {platform.python_version()})"
    )


if __name__ == "__main__":
    main()
