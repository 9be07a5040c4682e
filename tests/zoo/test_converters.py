"""Both converters on the networks of larq-zoo and ours."""

from __future__ import annotations

import larq_zoo
import numpy as np
import pytest

from larq_focal.deploy.convert import convert
from larq_focal.deploy.runtime import Runtime
from larq_focal.keras import keras
from larq_focal.network.packing import unpack_bits
from larq_focal.network.tflite.flatbuffer import FlatModel
from larq_focal.zoo.registry import MODELS
from tests.support.lce import converted, randomise_batch_norms

SIDES = {
    "QuickNetSmall": 64,
    "QuickNet": 64,
    "QuickNetLarge": 64,
    "BinaryDenseNet28": 64,
    "BinaryDenseNet37": 64,
    "BinaryDenseNet37Dilated": 64,
    "BinaryDenseNet45": 64,
    "MeliusNet22": 64,
    "BiRealNet": 64,
    "BinaryResNetE18": 64,
    "RealToBinaryNet": 64,
    "BinaryAlexNet": 224,
    "XNORNet": 224,
    "DoReFaNet": 224,
}
"""Networks of larq-zoo with the height and width of their images: the last three take no smaller ones."""
WIDE = ("BinaryAlexNet", "XNORNet", "DoReFaNet")
"""Their kernels have up to 38 million weights, 151 MB each time that they are float."""
PACKED = {"BinaryDenseNet28": 23, "BinaryDenseNet37": 32, "BinaryDenseNet37Dilated": 32, "BinaryDenseNet45": 40}
PACKED |= {"QuickNetLarge": 32, "MeliusNet22": 34, "BinaryAlexNet": 7, "XNORNet": 6, "DoReFaNet": 6}
"""Their binary layers, and those of two bits by one; 16 where nothing is said."""
COMPARED = (
    "larq_zoo QuickNetSmall",
    "larq_zoo RealToBinaryNet",
    "lenet_xnor",
    "human_activity_react",
    "vgg_small_lab",
    "resnet8_bireal",
)
SAMPLES = 4
TOLERANCE = 4e-6
"""Of the outputs of two files, relative to the largest."""


def larq_zoo_network(name: str) -> keras.Model:
    """With random weights, and without the softmax, which hides differences."""
    home = larq_zoo.sota if hasattr(larq_zoo.sota, name) else larq_zoo.literature
    side = SIDES[name]
    return getattr(home, name)(weights=None, input_shape=(side, side, 3), num_classes=100)


def prepared(model: keras.Model) -> keras.Model:
    last = model.layers[-1]
    if isinstance(last, keras.layers.Activation):
        model = keras.Model(model.inputs, last.input, name=model.name)
    randomise_batch_norms(model)
    return model


@pytest.fixture(autouse=True)
def seeded(forgets_models):
    keras.utils.set_random_seed(0)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.own_process) if name in WIDE else name for name in SIDES]
)
def test_networks_of_larq_zoo_are_packed_and_compute_what_keras_computes(name, tmp_path):
    conversion = convert(prepared(larq_zoo_network(name)), tmp_path / "model.tflite", converter="focal", strict=True)
    assert sum(row.became == "packed" for row in conversion.audit.layers) == PACKED.get(name, 16)
    assert all(row.bytes == row.expected_bytes for row in conversion.audit.layers if row.intended == "binary")


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPARED)
def test_the_file_is_at_least_that_of_larq_compute_engine(name, tmp_path):
    """As many packed convolutions with the same weights, the same outputs, and no byte more."""
    family, _, larq_name = name.partition(" ")
    row = MODELS.get(family)
    model = prepared(larq_zoo_network(larq_name) if row is None else row.build(**row.small))
    ours = Runtime(convert(model, tmp_path / "model.tflite", converter="focal").path)
    theirs = Runtime(converted(model), engine=ours.engine)
    assert ours.operations.count("LceBconv2d") >= theirs.operations.count("LceBconv2d")
    assert ours.model.file_bytes <= theirs.model.file_bytes
    assert packed_weights(ours.model) >= packed_weights(theirs.model)
    images = np.random.default_rng(0).normal(size=(SAMPLES, *model.inputs[0].shape[1:])).astype(np.float32)
    results = [runtime.run(images).reshape(SAMPLES, -1) for runtime in (ours, theirs)]
    differences = np.abs(results[0] - results[1]).max(1) / np.abs(results[1]).max()
    assert np.median(differences) <= TOLERANCE, differences  # rounding may decide at a threshold of some sample


def packed_weights(model: FlatModel) -> set[bytes]:
    """The filters of the binary convolutions, up to the sign of each output channel: that is the multiplier's too."""
    filters = set()
    for operator in model.operators:
        if operator.kind == "LceBconv2d":
            channels = operator.options["channels_in"]
            signs = unpack_bits(operator.inputs[1].data, channels)
            filters.add((signs * signs[:, :1, :1, :1]).tobytes())
    return filters
