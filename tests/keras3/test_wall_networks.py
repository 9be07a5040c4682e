"""Every quantizer in a network on Keras 3: training, saving in the middle of it, compilation, half precision."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from larq_focal.layers import RPReLU
from larq_focal.nn import QuantConv2D, random
from larq_focal.quantizers import (
    QUANTIZERS,
    ErrorDecay,
    GumbelSign,
    GumbelTemperature,
    HysteresisSign,
    ReCUTau,
    gumbel_sign,
    row_named,
)
from tests.keras3.backends import BACKEND, gradient

KERNELS = [row.alias for row in QUANTIZERS if row.kernel]
INPUTS = [row.alias for row in QUANTIZERS if row.activation and row.alias not in KERNELS]


SAMPLED = [row.alias for row in QUANTIZERS if "noise_state" in row.state]


def network(without: list[str] = (), **options) -> keras.Model:
    """One convolution for each quantizer beside the others, so that one compilation has them all."""
    keras.utils.set_random_seed(4)
    image = keras.Input((5, 5, 2))
    common = {"padding": "same", "pad_values": 1.0, "kernel_constraint": "weight_clip"}
    kernels = [alias for alias in KERNELS if alias not in without]
    maps = [QuantConv2D(2, 3, kernel_quantizer=alias, name=f"kernel_{alias}", **common)(image) for alias in kernels]
    for alias in INPUTS:
        conv = QuantConv2D(2, 3, input_quantizer=alias, kernel_quantizer="ste_sign", name=f"input_{alias}", **common)
        maps.append(conv(image))
    x = RPReLU(name="rprelu")(keras.layers.Concatenate()(maps))
    x = keras.layers.Dense(2, name="dense")(keras.layers.GlobalAveragePooling2D()(x))
    model = keras.Model(image, keras.layers.Activation("linear", dtype="float32")(x))
    model.compile(keras.optimizers.Adam(0.01), "mse", **options)
    return model


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    return rng.normal(size=(8, 5, 5, 2)).astype(np.float32), rng.normal(size=(8, 2)).astype(np.float32)


def train(model: keras.Model, data, steps: int = 2) -> float:
    for _ in range(steps):
        loss = float(model.train_on_batch(*data))
    return loss


def arrays(model: keras.Model) -> dict[str, np.ndarray]:
    """All weights, by their place and name: a loaded quantizer does not have the layer around it in its path."""
    return {f"{place}/{each.name}": ops.convert_to_numpy(each) for place, each in enumerate(model.weights)}


def assert_same(one: keras.Model, other: keras.Model, **tolerance: float) -> None:
    found, expected = arrays(one), arrays(other)
    assert found.keys() == expected.keys()
    for name, value in found.items():
        if value.dtype.kind == "f":
            np.testing.assert_allclose(value, expected[name], **{"rtol": 0, "atol": 0, **tolerance}, err_msg=name)
        else:
            np.testing.assert_array_equal(value, expected[name], err_msg=name)


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    """A network after two steps, saved, then trained by two more; and the files of the middle."""
    folder = tmp_path_factory.mktemp("trained")
    model = network()
    before = arrays(model)
    train(model, data)
    model.save(folder / "model.keras")
    model.save_weights(folder / "model.weights.h5")
    middle = arrays(model)
    train(model, data)
    return model, folder, before, middle


def test_a_training_that_is_saved_and_loaded_goes_on_with_the_same_bits(trained, data):
    """Memories, measured scales and the noise included."""
    model, folder, _, _ = trained
    loaded = keras.saving.load_model(folder / "model.keras")
    train(loaded, data)
    assert_same(loaded, model)


def test_a_training_that_loads_weights_alone_goes_on_with_the_same_bits(trained, data):
    model, folder, _, _ = trained
    other = network()
    other.optimizer.build(other.trainable_variables)
    other.load_weights(folder / "model.weights.h5")
    train(other, data)
    assert_same(other, model)


def test_training_changes_every_kernel_and_every_state_but_those_of_schedules(trained):
    _, _, before, middle = trained
    unchanged = {name for name in before if np.array_equal(before[name], middle[name])}
    scheduled = {row.quantizer.scheduled_name for row in QUANTIZERS if hasattr(row.quantizer, "scheduled_name")}
    assert {name.split("/")[-1] for name in unchanged} <= {*scheduled, "clip"}


def test_every_weight_of_a_quantizer_is_in_its_row(trained):
    model = trained[0]
    for layer in model.layers:
        if not isinstance(layer, QuantConv2D):
            continue
        kind, _, alias = layer.name.partition("_")
        quantizer, row = getattr(layer, f"{kind}_quantizer"), row_named(alias)
        assert type(quantizer) is row.quantizer
        assert tuple(weight.name for weight in quantizer.trainable_weights) == row.trainable
        assert tuple(weight.name for weight in quantizer.non_trainable_weights) == row.state


def test_inference_is_repeatable_and_changes_nothing(trained, data):
    model = trained[0]
    before, first = arrays(model), model.predict(data[0], verbose=0)
    np.testing.assert_array_equal(model.predict(data[0], verbose=0), first)
    for name, value in arrays(model).items():
        np.testing.assert_array_equal(value, before[name], err_msg=name)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="JAX compiles all that is trained here, torch nothing")
@pytest.mark.slow
def test_a_compiled_step_is_the_step_that_is_not_compiled(data):
    """But for noise, of which compiled code draws another."""
    compiled, plain = (network(SAMPLED, jit_compile=jit_compile) for jit_compile in (True, False))
    assert train(compiled, data, 1) == pytest.approx(train(plain, data, 1), rel=1e-4)
    assert_same(compiled, plain, rtol=1e-3, atol=1e-3)


def test_trains_in_half_precision(data):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = network()
    finally:
        keras.config.set_dtype_policy("float32")
    before = arrays(model)
    assert np.isfinite(train(model, data, 1))
    for layer in model.layers[1:]:
        if isinstance(layer, QuantConv2D):
            assert layer.compute_dtype == "bfloat16"
            assert keras.backend.standardize_dtype(layer.kernel.dtype) == "float32"
    kernels = [name for name in before if name.endswith("kernel")]
    assert kernels
    for name, value in arrays(model).items():
        assert np.all(np.isfinite(value)), name


@pytest.mark.parametrize(
    ("schedule", "alias", "expected"),
    [
        (ErrorDecay(0.1, 10.0), "ede_sign", {"steepness": [0.1, 1.0]}),
        (GumbelTemperature(1.0, 0.1), "gumbel_sign", {"gumbel_temperature": [1.0, 0.1]}),
        (ReCUTau(0.85, 0.99), "recu_sign", {"recu_tau": [0.85, 0.9028553]}),
    ],
)
def test_schedules_set_their_quantizers_in_each_epoch(schedule, alias, expected, data):
    model = keras.Sequential(
        [
            keras.Input((5, 5, 2)),
            QuantConv2D(2, 3, kernel_quantizer=alias, kernel_constraint="weight_clip"),
            keras.layers.GlobalAveragePooling2D(),
        ]
    )
    model.compile("sgd", "mse")
    history = model.fit(*data, epochs=2, callbacks=[schedule], verbose=0).history
    (values,) = expected.values()
    assert history[next(iter(expected))] == pytest.approx(values)
    assert float(ops.convert_to_numpy(model.layers[0].kernel_quantizer.scheduled)) == pytest.approx(values[-1])


def noise_of(seed: int, draws: int) -> np.ndarray:
    """[draws, 1000]"""
    quantizer = GumbelSign(seed=seed)
    quantizer.build((2,))
    drawn = [random.uniform((1000,), random.next_seed(quantizer.noise_state)) for _ in range(draws)]
    return np.stack([ops.convert_to_numpy(each) for each in drawn])


def test_neighbouring_seeds_and_draws_share_no_noise():
    noise = np.concatenate([noise_of(seed, 3) for seed in (5, 6, 7)])
    assert len({row.tobytes() for row in noise}) == 9
    assert np.abs(np.corrcoef(noise) - np.eye(9)).max() < 0.2
    np.testing.assert_array_equal(noise_of(5, 3), noise[:3])
    assert 0 <= noise.min() < 0.01 < 0.99 < noise.max() < 1
    assert noise.mean() == pytest.approx(0.5, abs=0.02)


def test_samples_have_the_published_probability():
    """P(+1) = sigmoid(logit_scale * w)."""
    quantizer = GumbelSign(seed=3, logit_scale=2.0)
    w = ops.convert_to_tensor(np.full((4000,), 0.25, np.float32))
    positive = np.mean(ops.convert_to_numpy(quantizer(w, training=True)) > 0)
    assert positive == pytest.approx(1 / (1 + np.exp(-0.5)), abs=0.03)


def test_gradient_belongs_to_the_noise():
    rng = np.random.default_rng(0)
    w, noise, upstream = rng.normal(size=(3, 50)).astype(np.float32)
    y = 1 / (1 + np.exp(-(3.0 * w.astype(np.float64) + noise) / 0.5))
    found = gradient(lambda x: gumbel_sign(x, 0.5, 3.0, ops.convert_to_tensor(noise)), w, upstream)
    np.testing.assert_allclose(found, upstream * 2 * 3.0 / 0.5 * y * (1 - y), atol=3e-5 * 6)


OURS = [row for row in QUANTIZERS if row.quantizer.__module__.startswith("larq_focal.quantizers.")]


@pytest.mark.parametrize("row", OURS, ids=lambda row: row.alias)
def test_refuses_integers(row):
    with pytest.raises(TypeError, match=r"quantizes real numbers, .* of type int32: cast them before"):
        row.quantizer()(np.ones((3, 3, 2, 2), np.int32))


def test_one_memory_serves_one_kernel():
    """A layer makes a quantizer of its own where one is given that has a kernel already."""
    quantizer = HysteresisSign()
    first, second = (QuantConv2D(2, 3, kernel_quantizer=quantizer) for _ in range(2))
    assert first.kernel_quantizer is quantizer
    assert second.kernel_quantizer is not quantizer
    assert second.kernel_quantizer.get_config()["threshold"] == quantizer.threshold
    quantizer.build((3, 3, 2, 2))
    with pytest.raises(ValueError, match="give each kernel its own instance"):
        quantizer(np.ones((3, 3, 2, 4), np.float32))
