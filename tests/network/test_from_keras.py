"""Models of every form are read; models that cannot be are refused with the mend."""

import pytest

from larq_focal.keras import keras
from larq_focal.keras import larq as lq
from larq_focal.network import ops
from larq_focal.network.from_keras import from_keras
from tests.network.models import assert_read, model_of, randomised

layers = keras.layers
SIGNS = {"input_quantizer": "ste_sign", "kernel_quantizer": "ste_sign", "kernel_constraint": "weight_clip"}


def block(shape, name="block"):
    """A model with a residual, to be nested."""
    image = keras.Input(shape)
    x = lq.layers.QuantConv2D(shape[-1], 3, padding="same", pad_values=1.0, name="conv", **SIGNS)(image)
    x = layers.BatchNormalization(name="norm")(x)
    return keras.Model(image, layers.Add(name="add")([x, image]), name=name)


def two_layers():
    return model_of(
        (8, 8, 1),
        lq.layers.QuantConv2D(16, 3, padding="same", kernel_quantizer="ste_sign", kernel_constraint="weight_clip"),
        layers.BatchNormalization(),
        lq.layers.QuantConv2D(32, 3, padding="same", pad_values=1.0, use_bias=False, **SIGNS),
        layers.MaxPooling2D(),
        layers.BatchNormalization(),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    )


def test_a_sequential_network():
    graph = assert_read(two_layers())
    assert [type(op).__name__ for op in graph] == [
        *("Input", "Conv2D", "Affine", "Binarize", "Conv2D", "Pool2D", "Affine", "Reshape", "Dense", "Activation")
    ]
    assert [graph.is_binary(op) for op in graph.layers] == [False, True, False]
    assert [op.declared_bits for op in graph.layers] == [(None, 1), (1, 1), (None, None)]


def test_a_sequential_network_built_by_its_shape():
    model = keras.Sequential([layers.Conv2D(4, 3), layers.ReLU()])
    model.build((None, 6, 6, 3))
    assert_read(model)


def test_nested_models_are_written_out():
    model = model_of((6, 6, 4), block((6, 6, 4)), keras.Sequential([layers.ReLU(name="relu")], name="tail"))
    graph = assert_read(model)
    assert [op.origin for op in graph][1:] == ["block/conv", "block/conv", "block/norm", "block/add", "tail/relu"]
    assert graph["block/conv"].inputs == ("block/conv/input_quantizer",)


def test_nested_models_take_the_size_they_are_called_with():
    inner = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(4, 3), layers.MaxPooling2D()], name="inner")
    graph = assert_read(model_of((9, 11, 3), inner))
    assert graph["inner/" + inner.layers[1].name].shape == (3, 4, 4)


def test_shared_layers_are_read_once_per_call():
    shared, inner = layers.Conv2D(4, 3, padding="same", name="shared"), block((6, 6, 4), name="inner")
    image = keras.Input((6, 6, 4))
    model = keras.Model(image, inner(shared(inner(shared(image)))))
    graph = assert_read(randomised(model))
    convolutions = [op for op in graph if isinstance(op, ops.Conv2D)]
    assert [op.name for op in convolutions] == ["shared", "inner/conv", "shared_1", "inner/conv_1"]
    assert [op.origin for op in convolutions] == ["shared", "inner/conv"] * 2


def test_several_inputs_and_outputs():
    a, b = keras.Input((6, 6, 2), name="a"), keras.Input((6, 6, 2), name="b")
    mixed = layers.Concatenate()([b, a])
    graph = assert_read(randomised(keras.Model([a, b], [layers.Conv2D(3, 3)(mixed), mixed, a])))
    assert [op.name for op in graph.inputs] == ["a", "b"]
    assert graph.outputs[2] == "a"


def test_inputs_and_outputs_by_name():
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    inner = keras.Model({"x": a, "y": b}, {"sum": layers.Add()([a, b]), "difference": layers.Subtract()([a, b])})
    outer_a, outer_b = keras.Input((3,), name="outer_a"), keras.Input((3,), name="outer_b")
    results = inner({"y": outer_b, "x": outer_a})
    assert_read(keras.Model([outer_a, outer_b], [results["sum"], results["difference"]]))


def test_a_model_within_a_model_of_its_layers():
    """A part of a trained network, as for transfer learning."""
    whole = two_layers()
    graph = assert_read(keras.Model(whole.inputs, whole.layers[3].output))
    assert [type(op).__name__ for op in graph][-2:] == ["Conv2D", "Pool2D"]


def test_weights_are_read_as_they_are_now():
    model = two_layers()
    before = from_keras(model)
    randomised(model, seed=1)
    after = assert_read(model)
    assert (before.layers[1].kernel.codes != after.layers[1].kernel.codes).any()


class Subclassed(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(3)

    def call(self, x):
        return self.dense(x)


def channels_first():
    image = keras.Input((3, 6, 6))
    return keras.Model(image, layers.MaxPooling2D(data_format="channels_first", name="pool")(image), name="m")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: Subclassed(name="m"), r"'m' is a subclass of keras.Model.*functional interface"),
        (lambda: keras.Sequential([layers.Dense(3)], name="m"), "'m' is not built: .*`input_shape`"),
        (channels_first, "layer 'pool' has its channels first.*channels_last"),
        (
            lambda: keras.Sequential([keras.Input((None, None, 3), name="image"), layers.ReLU()]),
            r"input 'image' has the shape \(None, None, 3\): .*fixed input size",
        ),
        (lambda: layers.Dense(3), "Expected a Keras model, not Dense"),
    ],
)
def test_models_that_cannot_be_read_are_refused(model, message):
    with pytest.raises(ValueError, match=message):
        from_keras(model())


def test_a_subclassed_model_inside_is_unknown():
    graph = from_keras(model_of((3,), Subclassed(name="inner"), layers.ReLU()))
    assert [(op.name, op.kind, op.shape) for op in graph.unknown] == [("inner", "Subclassed (MatMul)", (3,))]
