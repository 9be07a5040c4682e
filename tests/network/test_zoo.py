"""The models of larq-zoo are understood in full, and the interpreter computes what Keras computes."""

import larq_zoo
import numpy as np
import pytest

from larq_focal.focal_plane.compiler.integer_form.fold import fold_thresholds
from larq_focal.keras import keras
from larq_focal.keras import larq as lq
from larq_focal.network import ops
from larq_focal.network.interpret import interpret
from larq_focal.network.keras.from_keras import from_keras
from tests.network.models import assert_read, random_inputs, randomised

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("forgets_models")]

MODELS = [
    (package, name)
    for package in ("literature", "sota")
    for name in dir(getattr(larq_zoo, package))
    if name[0].isupper()
]
WIDE = ("BinaryAlexNet", "DoReFaNet", "XNORNet")
NUMERICAL = [
    ("sota", "QuickNetSmall"),
    ("literature", "BiRealNet"),
    ("literature", "BinaryDenseNet28"),
    ("literature", "BinaryDenseNet37Dilated"),
    ("literature", "MeliusNet22"),
    ("literature", "RealToBinaryNet"),
    ("literature", "BinaryAlexNet"),
    ("literature", "DoReFaNet"),
]


def cases(models):
    """The widest, of up to 62 million weights, in processes of their own."""
    return [pytest.param(*model, marks=[pytest.mark.own_process] * (model[1] in WIDE)) for model in models]


def build(package, name, side, **options):
    model = getattr(getattr(larq_zoo, package), name)
    return model(weights=None, input_shape=(side, side, 3), **options)


def logits(model):
    """The model without its softmax, which would hide differences."""
    return keras.Model(model.inputs, model.layers[-1].input)


def test_the_list_is_complete():
    assert len(MODELS) == 14


@pytest.mark.parametrize(("package", "name"), cases(MODELS))
def test_every_model_is_understood(package, name):
    model = build(package, name, 224 if name == "XNORNet" else 128)  # it takes no smaller one
    graph = from_keras(model)
    assert not graph.unknown

    normalisations = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    slopes = [op.alpha.size for op in graph if isinstance(op, ops.Activation) and op.kind == "prelu"]
    held = sum(op.kernel.size + (0 if op.bias is None else op.bias.size) for op in graph.layers) + sum(slopes)
    assert held == model.count_params() - sum(layer.count_params() for layer in normalisations)

    profile = lq.models.ModelProfile(model)
    assert sum(op.macs for op in graph.layers) == profile.op_count("mac")
    assert sum(op.macs for op in graph.layers if graph.is_binary(op)) == profile.op_count("mac", 1)
    assert all(graph.is_binary(op) for op in graph.layers if op.intended_binary)


@pytest.mark.parametrize(("package", "name"), cases(NUMERICAL))
def test_the_logits_are_those_of_keras(package, name):
    side = 64 if name not in ("BinaryAlexNet", "DoReFaNet") else 80
    assert_read(randomised(logits(build(package, name, side, num_classes=10))))


@pytest.mark.own_process
def test_thresholds_between_the_layers_of_binary_alexnet_fold():
    model = randomised(logits(build("literature", "BinaryAlexNet", 80, num_classes=10)))
    graph = from_keras(model)
    folded = fold_thresholds(graph)
    assert len(folded) < len(graph)
    images = random_inputs(model)
    one, other = (interpret(net, images, net.outputs)[net.outputs[0]] for net in (graph, folded))
    np.testing.assert_array_equal(one, other)
