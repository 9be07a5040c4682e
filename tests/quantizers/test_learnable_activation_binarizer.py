import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from larq_focal.keras import keras, tf
from larq_focal.keras import larq as lq
from larq_focal.quantizers import LearnableActivationBinarizer, tanh_sign
from tests.support.quantizer_contract import QuantizerContract, as_property, small_numbers


def depthwise(x, kernel):
    """One kernel [height, width, channels] per channel, zero padding to the same size; pixel by pixel."""
    height, width = kernel.shape[:2]
    top, left = (height - 1) // 2, (width - 1) // 2
    padded = np.pad(x, [(0, 0), (top, height - 1 - top), (left, width - 1 - left), (0, 0)])
    response = np.zeros(x.shape, np.float64)
    for row in range(height):
        for column in range(width):
            response += padded[:, row : row + x.shape[1], column : column + x.shape[2]] * kernel[row, column]
    return response


class TestLearnableActivationBinarizer(QuantizerContract):
    alias = "learnable_activation_binarizer"
    role = "activation"
    idempotent = False
    changed_by_training = frozenset({"depthwise_kernel", "bias", "beta"})
    operators_added = {"DEPTHWISE_CONV_2D": 1}  # noqa: RUF012

    def built(self):
        """With weights that float32 multiplies and adds exactly, so that no sign hangs on the order of additions."""
        quantizer = super().built()
        rng = np.random.default_rng(3)
        kernel, bias = rng.integers(-8, 9, (3, 3, 5, 1)) / 8, rng.integers(-8, 9, 5) / 8
        quantizer.set_weights([kernel, bias, 1.5])
        return quantizer

    @staticmethod
    def response(x, quantizer):
        kernel, bias, _ = quantizer.get_weights()
        return depthwise(x, kernel[..., 0]) + bias

    def forward(self, x, quantizer):
        return np.where(self.response(x, quantizer) >= 0, 1, -1)

    def gradient(self, x, upstream, quantizer):
        kernel, _, beta = quantizer.get_weights()
        slope = upstream * beta / 2 / np.cosh(beta * self.response(x, quantizer) / 2) ** 2
        return depthwise(slope, kernel[::-1, ::-1, :, 0])  # the transposed convolution of a 3x3 kernel


def two_responses(x, kernels, biases, beta):
    """LAB as published: two depthwise responses per channel, the larger one wins.

    Returns the binarized values and the soft ones, whose gradient the paper takes. ``kernels`` is
    [2, height, width, channels], ``biases`` [2, channels].
    """
    responses = [
        tf.nn.depthwise_conv2d(x, kernel[..., None], [1, 1, 1, 1], "SAME") + bias
        for kernel, bias in zip(tf.unstack(kernels), tf.unstack(biases), strict=True)
    ]
    pair = beta * tf.stack(responses, axis=-1)
    # Of equal responses argmax takes the first: the +1 response stands there, because sign(0) = +1.
    wins = tf.argmax(tf.reverse(pair, [-1]), axis=-1) == 0
    return tf.where(wins, 1.0, -1.0), 2 * tf.nn.softmax(pair)[..., 1] - 1


eighths = st.integers(-16, 16).map(lambda k: k / 8)


@settings(max_examples=40, deadline=None)
@given(
    x=arrays(np.float32, (2, 4, 5, 3), elements=eighths),
    kernels=arrays(np.float32, (2, 3, 3, 3), elements=eighths),
    biases=arrays(np.float32, (2, 3), elements=eighths),
    upstream=arrays(np.float32, (2, 4, 5, 3), elements=eighths),
    beta=st.sampled_from([0.25, 1.0, 2.0]),
)
def test_one_convolution_equals_the_two_responses_of_the_paper(x, kernels, biases, upstream, beta):
    quantizer = LearnableActivationBinarizer()
    quantizer.build(x.shape)
    quantizer.set_weights([(kernels[1] - kernels[0])[..., None], biases[1] - biases[0], beta])
    x, kernels, biases, beta = tf.constant(x), tf.constant(kernels), tf.constant(biases), tf.constant(beta)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x, kernels, biases, beta])
        ours = quantizer(x)
        hard, soft = two_responses(x, kernels, biases, beta)

    np.testing.assert_array_equal(ours, hard)
    weights = [x, quantizer.depthwise_kernel, quantizer.bias, quantizer.beta]
    by_x, by_kernel, by_bias, by_beta = tape.gradient(ours, weights, output_gradients=upstream)
    paper_x, paper_kernels, paper_biases, paper_beta = tape.gradient(
        soft, [x, kernels, biases, beta], output_gradients=upstream
    )
    close = {"rtol": 1e-3, "atol": 1e-4}
    np.testing.assert_allclose(by_x, paper_x, **close)
    np.testing.assert_allclose(by_kernel[..., 0], paper_kernels[1], **close)
    np.testing.assert_allclose(by_kernel[..., 0], -paper_kernels[0], **close)
    np.testing.assert_allclose(by_bias, paper_biases[1], **close)
    np.testing.assert_allclose(by_bias, -paper_biases[0], **close)
    np.testing.assert_allclose(by_beta, paper_beta, **close)


def test_equal_responses_give_plus_one():
    np.testing.assert_array_equal(LearnableActivationBinarizer()(tf.zeros((1, 4, 4, 2))), np.ones((1, 4, 4, 2)))


@as_property
@given(x=st.lists(small_numbers(), min_size=1, max_size=6), beta=st.sampled_from([0.5, 1.0, 4.0]))
def test_gradient_is_that_of_the_tanh(x, beta):
    """By central differences of tanh(beta x / 2) in float64."""
    x = np.array(x)
    inputs, steepness, step = tf.constant(x), tf.constant(beta, tf.float64), 1e-6
    with tf.GradientTape() as tape:
        tape.watch([inputs, steepness])
        quantized = tanh_sign(inputs, steepness)
    by_x, by_beta = tape.gradient(quantized, [inputs, steepness])

    def tanh(x, beta):
        return np.tanh(beta * x / 2)

    np.testing.assert_allclose(by_x, (tanh(x + step, beta) - tanh(x - step, beta)) / (2 * step), atol=1e-7)
    slope_of_beta = np.sum(tanh(x, beta + step) - tanh(x, beta - step)) / (2 * step)
    np.testing.assert_allclose(by_beta, slope_of_beta, atol=1e-7)


@pytest.mark.parametrize("kernel_size", [1, 2, 3, 4, 5, (1, 3), (4, 2)])
def test_starts_as_the_sign(kernel_size):
    x = np.random.default_rng(0).normal(size=(2, 6, 7, 3)).astype(np.float32)
    np.testing.assert_array_equal(LearnableActivationBinarizer(kernel_size)(x), np.where(x >= 0, 1, -1))


def test_looks_at_every_place_alike():
    """Away from the border, moving the image moves the result."""
    x = np.random.default_rng(0).normal(size=(1, 9, 9, 2)).astype(np.float32)
    quantizer = LearnableActivationBinarizer(kernel_initializer="glorot_uniform")
    moved = quantizer(np.roll(x, (1, 2), (1, 2))).numpy()
    np.testing.assert_array_equal(moved[:, 2:-1, 3:-1], np.roll(quantizer(x).numpy(), (1, 2), (1, 2))[:, 2:-1, 3:-1])


def test_options_leave_weights_out():
    quantizer = LearnableActivationBinarizer(learn_beta=False, use_bias=False, kernel_regularizer="l2")
    quantizer(tf.ones((1, 4, 4, 2)))
    assert [weight.name for weight in quantizer.trainable_weights] == [quantizer.depthwise_kernel.name]
    assert [weight.name for weight in quantizer.non_trainable_weights] == [quantizer.beta.name]
    assert len(quantizer.losses) == 1


def test_beta_never_turns_negative():
    model = keras.Sequential([keras.Input((4, 4, 2)), LearnableActivationBinarizer(beta=0.01)])
    model.compile(keras.optimizers.SGD(10.0), "mse")
    x = np.random.default_rng(0).normal(size=(8, 4, 4, 2))
    model.fit(x, -x, verbose=0)
    assert model.layers[0].beta.numpy() == 0


@pytest.mark.parametrize("shape", [(2, 5), (2, 5, 5), (2, 5, 5, 5, 3)])
def test_refuses_inputs_that_are_no_images(shape):
    with pytest.raises(ValueError, match=r"'lab' convolves over images and needs .*\[batch, height, width, channels\]"):
        LearnableActivationBinarizer(name="lab")(tf.ones(shape))


def test_refuses_a_layer_without_images():
    layer = lq.layers.QuantDense(3, input_quantizer="learnable_activation_binarizer")
    with pytest.raises(ValueError, match="use another input quantizer, such as 'ste_sign'"):
        layer(tf.ones((2, 5)))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"kernel_size": 0}, "kernel_size must be one or two numbers from 1 up, but is 0"),
        ({"kernel_size": (3, 3, 3)}, r"kernel_size must be .*, but is \(3, 3, 3\)"),
        ({"beta": 0}, "beta must be positive, but is 0"),
    ],
)
def test_refuses_bad_arguments(config, message):
    with pytest.raises(ValueError, match=message):
        LearnableActivationBinarizer(**config)
