"""Every quantizer by its alias and every layer of the package, each in a branch of one network."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from larq_focal import layers
from larq_focal.quantizers import QUANTIZERS, QuantizerRow
from tests.keras3 import layer_cases, wall_cases

Shape = tuple[int, ...]
ALIASES = tuple(row.alias for row in QUANTIZERS)
PARTS = (*ALIASES, *layers.__all__)
BATCH = 4
LOSS = "hinge"
"""Linear in the outputs where targets are small: the gradients of a part do not depend on the noise of others."""
_IMAGE = (5, 5, 2)


def _of_row(row: QuantizerRow) -> tuple[keras.layers.Layer, Shape]:
    """A convolution with the quantizer of its kernel, or of its inputs where it is for these alone."""
    quantizers = {"kernel_quantizer": row.alias}
    if not row.kernel:
        quantizers = {"input_quantizer": row.alias, "kernel_quantizer": "ste_sign"}
    options = {"padding": "same", "pad_values": 1.0, "kernel_constraint": "weight_clip", **quantizers}
    return layers.QuantConv2D(2, 3, **options, name=row.alias), _IMAGE


def _of_class(name: str) -> tuple[keras.layers.Layer, Shape]:
    """The layer as in the cases that are compared with Larq."""
    for kind, options, shape in wall_cases.LAYERS.values():
        if kind is getattr(layers, name):
            return kind(**options, name=name), shape
    case = next(case for case in layer_cases.CASES.values() if case.layer == name)
    return getattr(layers, name)(**case.options, name=name), case.shape[1:]


def alias_of(quantizer: keras.layers.Layer) -> str:
    """The alias of a quantizer, its class where it has none."""
    return next((row.alias for row in QUANTIZERS if row.quantizer is type(quantizer)), type(quantizer).__name__)


def network(**options: Any) -> keras.Model:
    """From one input of each shape that a part takes to two numbers, compiled with these ``options``."""
    keras.utils.set_random_seed(4)
    made = [_of_row(row) for row in QUANTIZERS] + [_of_class(name) for name in layers.__all__]
    inputs = {shape: keras.Input(shape, name="x".join(map(str, shape))) for _, shape in made}
    # Gradients come through the parts, so that those without weights are trained with too.
    shift = keras.initializers.Constant(0.3)
    before = {shape: keras.layers.BatchNormalization(beta_initializer=shift)(each) for shape, each in inputs.items()}
    features = [keras.layers.Flatten()(layer(before[shape])) for layer, shape in made]
    small = keras.layers.Rescaling(0.01)(keras.layers.Concatenate()(features))
    outputs = keras.layers.Dense(2, kernel_initializer=keras.initializers.RandomNormal(stddev=1.0))(small)
    model = keras.Model(list(inputs.values()), keras.layers.Activation("linear", dtype="float32")(outputs))
    model.compile(keras.optimizers.SGD(1.0, momentum=0.9), LOSS, **options)
    return model


def data(model: keras.Model) -> tuple[list[np.ndarray], np.ndarray]:
    """A batch of images and of targets, of which a hinge makes gradients."""
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=(BATCH, *each.shape[1:])).astype(np.float32) for each in model.inputs]
    return arrays, rng.normal(0, 0.1, (BATCH, 2)).astype(np.float32)


def train(model: keras.Model, steps: int = 2) -> float:
    """The loss of the last step."""
    batch = data(model)
    for _ in range(steps):
        loss = float(model.train_on_batch(*batch))
    return loss


def weights(model: keras.Model, part: str) -> dict[str, np.ndarray]:
    """Those of a part and of its quantizers, memories and counters of noise, by place and name."""
    found = model.get_layer(part).weights
    return {f"{place} {each.name}": keras.ops.convert_to_numpy(each) for place, each in enumerate(found)}


def distance(found: dict[str, np.ndarray], expected: dict[str, np.ndarray], start: dict[str, np.ndarray]) -> float:
    """The largest difference between weights after a step, by the largest change of that weight in the step."""
    differences = {name: float(np.abs(value - expected[name]).max(initial=0)) for name, value in found.items()}
    steps = {name: float(np.abs(value - start[name]).max(initial=0)) for name, value in expected.items()}
    return max((each / steps[name] if each else 0.0 for name, each in differences.items()), default=0.0)


def all_weights(model: keras.Model) -> dict[str, dict[str, np.ndarray]]:
    return {part: weights(model, part) for part in PARTS}
