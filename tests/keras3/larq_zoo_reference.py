"""What larq-zoo's networks compute, by a process of its own: ``python -m tests.keras3.larq_zoo_reference FOLDER NAME``.

It leaves for each network an ``.h5`` that larq-zoo's own model wrote, with random weights and statistics, and an
``.npz`` of images and of what the softmax gets.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

os.environ["LARQ_FOCAL_STACK"] = "larq"
os.environ["TF_USE_LEGACY_KERAS"] = "1"

from tests.keras3.zoo_cases import CLASSES, SIZES


def main(folder: Path, names: list[str]) -> None:
    import larq_zoo
    import tensorflow as tf

    for name in names:
        random = np.random.default_rng(0)
        home = larq_zoo.sota if hasattr(larq_zoo.sota, name) else larq_zoo.literature
        shape = (SIZES[name], SIZES[name], 3)
        model = getattr(home, name)(weights=None, input_shape=shape, num_classes=CLASSES)
        model.set_weights([drawn(random, variable) for variable in model.weights])
        model.save_weights(folder / f"{name}.h5")
        images = random.uniform(-1, 1, (2, *shape)).astype(np.float32)
        logits = tf.keras.Model(model.input, model.layers[-2].output)  # probabilities are 0 or 1, nearly
        np.savez(folder / f"{name}.npz", images=images, logits=logits(images, training=False))
        del model
        tf.keras.backend.clear_session()


def drawn(random: np.random.Generator, variable) -> np.ndarray:
    """Random weights, and statistics that no two channels share; variances are not negative."""
    if any(part in variable.name for part in ("gamma", "variance")):
        return random.uniform(0.5, 1.5, variable.shape)
    if len(variable.shape) < 2:
        return random.normal(0, 0.1, variable.shape)
    fan_in = np.prod(variable.shape[:-1])
    return random.normal(0, 1 / np.sqrt(fan_in), variable.shape)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
