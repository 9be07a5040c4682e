import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larq_focal.keras import keras, tf
from larq_focal.keras import larq as lq
from larq_focal.quantizers import GumbelSign, GumbelTemperature, gumbel_sign, logistic_noise
from tests.support.quantizer_contract import QuantizerContract, as_property, small_numbers


def sigmoid(x):
    return 1 / (1 + np.exp(-np.asarray(x, np.float64)))


class TestGumbelSign(QuantizerContract):
    alias = "gumbel_sign"
    role = "kernel"
    values = small_numbers(0.01, -0.01)
    changed_by_training = frozenset({"noise_state"})

    def forward(self, x, quantizer):
        return np.where(x >= 0, 1, -1)

    def gradient(self, x, upstream, quantizer):
        y = sigmoid(30 * x)  # at the temperature 1 of the start
        return upstream * 2 * 30 * y * (1 - y)

    def test_temperature_is_saved(self, data, tmp_path):
        model = self.network()
        self.quantizer_of(model).set_scheduled(0.3)
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        assert self.quantizer_of(loaded).scheduled.numpy() == np.float32(0.3)

    @pytest.mark.parametrize("seed", [None, 4])
    def test_noise_goes_on_where_it_was_saved(self, seed, tmp_path):
        model = self.network(GumbelSign(logit_scale=1, seed=seed))
        x = tf.zeros((3, 3, 8, 4))
        self.quantizer_of(model)(x, training=True)
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        expected = self.quantizer_of(model)(x, training=True)
        np.testing.assert_array_equal(self.quantizer_of(loaded)(x, training=True), expected)


@pytest.mark.parametrize("temperature", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("logit", [-3.0, -0.2, 0.0, 0.8])
def test_samples_plus_one_with_the_sigmoid_of_the_logit(logit, temperature):
    """At every temperature, as Maddison et al. 2017 have it: 0.690 for the logit 0.8."""
    draws = 40_000
    latent = tf.fill((draws,), np.float32(logit / 30))
    share = np.mean(GumbelSign(temperature, seed=5)(latent, training=True).numpy() == 1)
    probability = sigmoid(logit)
    assert abs(share - probability) < 4 * np.sqrt(probability * (1 - probability) / draws)


def test_published_probability():
    assert sigmoid(0.8) == pytest.approx(0.690, abs=5e-4)


@as_property
@given(
    x=st.lists(small_numbers(), min_size=1, max_size=8),
    temperature=st.sampled_from([0.25, 1.0, 3.0]),
    logit_scale=st.sampled_from([0.5, 1.0, 30.0]),
    seed=st.integers(0, 100),
)
def test_gradient_is_that_of_the_relaxation(x, temperature, logit_scale, seed):
    """By central differences of 2 sigmoid((logit + noise) / temperature) - 1 in float64."""
    x = np.array(x)
    noise = logistic_noise(x.shape, (seed, 0), tf.float64)

    def relaxed(x):
        return 2 * sigmoid((logit_scale * x + noise.numpy()) / temperature) - 1

    inputs = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        quantized = gumbel_sign(inputs, tf.constant(temperature, tf.float64), logit_scale, noise)
    step = 1e-6
    np.testing.assert_allclose(
        tape.gradient(quantized, inputs), (relaxed(x + step) - relaxed(x - step)) / (2 * step), rtol=1e-4, atol=1e-6
    )
    np.testing.assert_array_equal(quantized, np.where(relaxed(x) >= 0, 1, -1))


def test_noise_is_logistic():
    noise = logistic_noise((100_000,), (1, 2), tf.float32).numpy()
    for quantile in (0.01, 0.25, 0.5, 0.9):
        assert np.quantile(noise, quantile) == pytest.approx(np.log(quantile / (1 - quantile)), abs=0.1)
    assert np.all(np.isfinite(noise))


def sampled(quantizer, draws=3):
    return [quantizer(tf.zeros((64,)), training=True).numpy() for _ in range(draws)]


def test_noise_differs_between_steps_and_layers_and_follows_the_seed():
    first, second, same = sampled(GumbelSign(seed=1)), sampled(GumbelSign(seed=2)), sampled(GumbelSign(seed=1))
    np.testing.assert_array_equal(first, same)
    assert len({draw.tobytes() for draw in (*first, *second)}) == 6


def test_without_a_seed_each_takes_one_from_keras():
    draws = []
    for _ in range(2):
        keras.utils.set_random_seed(7)
        draws.append([sampled(GumbelSign()), sampled(GumbelSign())])
    np.testing.assert_array_equal(*draws)
    assert len({draw.tobytes() for layer in draws[0] for draw in layer}) == 6


def test_every_read_of_a_step_has_the_gradient_of_its_own_noise():
    quantizer = GumbelSign(logit_scale=1, seed=1)
    quantizer.build((5,))
    seed = int(quantizer.noise_state[0])
    latent = tf.Variable(tf.zeros((5,)))

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            reads = [quantizer(latent, training=True), quantizer(latent, training=True)]
            total = reads[0] + reads[1]
        return [tape.gradient(total, latent), *reads]

    gradient, *reads = step()
    noise = [logistic_noise((5,), (seed, draw), tf.float32).numpy() for draw in range(2)]
    for read, its_noise in zip(reads, noise, strict=True):
        np.testing.assert_array_equal(read, np.where(its_noise >= 0, 1, -1))
    expected = sum(2 * sigmoid(each) * (1 - sigmoid(each)) for each in noise)
    np.testing.assert_allclose(gradient, expected, rtol=1e-5)


def two_layers() -> keras.Model:
    inner = keras.Sequential([keras.Input((4,)), lq.layers.QuantDense(3, kernel_quantizer="gumbel_sign")])
    model = keras.Sequential([keras.Input((4,)), lq.layers.QuantDense(4, kernel_quantizer=GumbelSign(0.7)), inner])
    model.compile("sgd", "mse")
    return model


def test_temperature_falls_by_a_constant_ratio_in_every_layer():
    model = two_layers()
    seen = []
    probe = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(
            [float(module.scheduled) for module in model.submodules if isinstance(module, GumbelSign)]
        )
    )
    history = model.fit(
        np.ones((2, 4)), np.ones((2, 3)), epochs=6, verbose=0, callbacks=[GumbelTemperature(1.0, 0.01, 5), probe]
    )
    expected = [1, 10**-0.5, 0.1, 10**-1.5, 0.01, 0.01]
    np.testing.assert_allclose(seen, np.transpose([expected, expected]), rtol=1e-6)
    np.testing.assert_allclose(history.history["gumbel_temperature"], expected)


def test_temperature_schedule_takes_its_length_from_fit():
    model = two_layers()
    history = model.fit(np.ones((2, 4)), np.ones((2, 3)), epochs=3, verbose=0, callbacks=[GumbelTemperature(1.0, 0.25)])
    np.testing.assert_allclose(history.history["gumbel_temperature"], [1, 0.5, 0.25])


def test_temperature_reaches_layers_that_are_not_built_yet():
    model = keras.Sequential([lq.layers.QuantDense(3, kernel_quantizer="gumbel_sign")])
    model.compile("sgd", "mse")
    model.fit(np.ones((2, 4)), np.ones((2, 3)), verbose=0, callbacks=[GumbelTemperature(0.5, 0.5)])
    assert float(model.layers[0].kernel_quantizer.scheduled) == 0.5


def test_temperature_without_a_gumbel_sign_is_an_error():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)], name="plain")
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="'plain' has no GumbelQuantizer"):
        model.fit(np.ones((2, 4)), np.ones((2, 3)), verbose=0, callbacks=[GumbelTemperature()])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GumbelSign(temperature=0), "temperature must be positive, but is 0"),
        (lambda: GumbelSign(logit_scale=-1), "logit_scale must be positive, but is -1"),
        (lambda: GumbelTemperature(end=0), "start and end must be positive, but are 1.0 and 0"),
        (lambda: GumbelTemperature(epochs=0), "epochs must be at least 1, but is 0"),
    ],
)
def test_refuses_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
