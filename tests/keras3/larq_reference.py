"""What Larq computes, by a process of its own: ``python -m tests.keras3.larq_reference FOLDER``.

It leaves for each layer an ``.npz`` of inputs, outputs and gradients, and an ``.h5`` of its weights; for all
quantizers ``quantizers.npz``; ``arguments.json`` with the arguments of all classes and their defaults; and ``bop.npz``,
weights after steps of the optimizer. :mod:`tests.keras3.wall_reference` adds quantizers and layers of ours.
"""

from __future__ import annotations

import inspect
import json
import os
import sys
from pathlib import Path

import numpy as np

os.environ["LARQ_FOCAL_STACK"] = "larq"
os.environ["TF_USE_LEGACY_KERAS"] = "1"

from larq_focal.keras import larq as lq
from larq_focal.keras import tf
from tests.keras3 import wall_reference
from tests.keras3.layer_cases import BOP_STEPS, CASES, QUANTIZERS, LayerCase, special_values


def main(folder: Path) -> None:
    tf.keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)

    def upstream(shape):
        return random.normal(size=shape).astype(np.float32)

    found = {}
    for name, (kind, options) in QUANTIZERS.items():
        x = tf.constant(special_values())
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = getattr(lq.quantizers, kind)(**options)(x)
        dy = upstream(y.shape)
        found |= {
            f"{name}/value": y.numpy(),
            f"{name}/upstream": dy,
            f"{name}/gradient": tape.gradient(y, x, output_gradients=tf.constant(dy)).numpy(),
        }
    np.savez(folder / "quantizers.npz", **found)

    for name, case in CASES.items():
        x = 1.5 * random.normal(size=case.shape).astype(np.float32)
        model = model_of(case)
        y = model(x)
        dy = upstream(y.shape)
        model.save_weights(folder / f"{name}.h5")
        tf.keras.mixed_precision.set_global_policy("float64")  # of quantizers that are named too
        precise = model_of(case)
        tf.keras.mixed_precision.set_global_policy("float32")
        precise.set_weights(model.get_weights())
        gradients = gradients_of(precise, x, dy)
        named = {f"gradient_{place}": each for place, each in enumerate(gradients)}
        np.savez(folder / f"{name}.npz", x=x, y=y, upstream=dy, **named)

    wall_reference.write(folder)

    kinds = [getattr(lq.quantizers, kind) for kind in sorted({kind for kind, _ in QUANTIZERS.values()})]
    kinds += [getattr(lq.layers, name) for name in sorted({case.layer for case in CASES.values()})]
    kinds += [lq.constraints.WeightClip, lq.optimizers.Bop, lq.metrics.FlipRatio]
    (folder / "arguments.json").write_text(json.dumps({kind.__name__: defaults(kind) for kind in kinds}))

    weights = tf.Variable(random.normal(size=20).astype(np.float32))
    start, steps, gradients = weights.numpy(), [], []
    optimizer = lq.optimizers.Bop(threshold=1e-3, gamma=0.1)
    for _ in range(BOP_STEPS):
        gradients.append(0.05 * random.normal(size=20).astype(np.float32))
        optimizer.apply_gradients([(tf.constant(gradients[-1]), weights)])
        steps.append(weights.numpy())
    np.savez(folder / "bop.npz", start=start, gradients=gradients, steps=steps)


def model_of(case: LayerCase) -> tf.keras.Model:
    quantizers = {key: getattr(lq.quantizers, kind)(**each) for key, (kind, each) in case.quantizers.items()}
    options = {**case.options, **quantizers, "bias_initializer": "random_normal"}
    layer = getattr(lq.layers, case.layer)(**options, name="quantized")
    return tf.keras.Sequential([tf.keras.layers.Input(case.shape[1:]), layer])


def gradients_of(model: tf.keras.Model, x: np.ndarray, dy: np.ndarray) -> list[tf.Tensor]:
    """In float64, by the inputs and by each trained weight."""
    x = tf.constant(x, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = model(x)
    weights = [getattr(each, "latent_variable", each) for each in model.trainable_weights]
    return tape.gradient(y, [x, *weights], output_gradients=tf.constant(dy, tf.float64))


def defaults(kind: type) -> dict[str, object]:
    """The arguments that have a default, with it."""
    arguments = inspect.signature(kind.__init__).parameters.values()
    return {each.name: each.default for each in arguments if each.default is not inspect.Parameter.empty}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
