"""Bop, the optimizer of several optimizers, and the metric of flips, on Keras 3."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from larq_focal.nn import (
    Bop,
    CaseOptimizer,
    FlipRatio,
    HyperparameterScheduler,
    NoOp,
    QuantDense,
    SteSign,
    metrics_scope,
)

JAX = keras.backend.backend() == "jax"
schedules = keras.optimizers.schedules


def optimizer() -> CaseOptimizer:
    return CaseOptimizer(
        (Bop.is_binary_variable, Bop(threshold=1e-6, gamma=1e-2)), default_optimizer=keras.optimizers.Adam(0.01)
    )


def network(optimizer) -> keras.Model:
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            QuantDense(8, kernel_quantizer=NoOp(precision=1), use_bias=False),
            keras.layers.BatchNormalization(),
            QuantDense(2),
        ]
    )
    model.compile(optimizer, "mse", jit_compile=False)
    return model


def data() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return random.normal(size=(32, 6)).astype(np.float32), random.normal(size=(32, 2)).astype(np.float32)


def test_each_variable_is_trained_by_its_optimizer():
    model = network(optimizer())
    before = model.get_weights()
    model.fit(*data(), batch_size=8, shuffle=False, epochs=2, verbose=0)
    bop, adam = model.optimizer.optimizers
    assert [len(each._trainable_variables) for each in (bop, adam)] == [1, 4]
    assert set(np.unique(model.layers[0].kernel)) == {-1, 1}
    assert all((old != new).any() for old, new in zip(before, model.get_weights(), strict=True))
    assert [int(ops.convert_to_numpy(each.iterations)) for each in (bop, adam, model.optimizer)] == [8, 8, 8]


def test_a_loaded_training_goes_on(tmp_path):
    model = network(optimizer())
    model.fit(*data(), batch_size=8, shuffle=False, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for each in (model, loaded):
        each.fit(*data(), batch_size=8, shuffle=False, epochs=2, verbose=0)
    for before, after in zip(model.optimizer.variables, loaded.optimizer.variables, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(before), ops.convert_to_numpy(after))
    for before, after in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_bop_follows_schedules():
    bop = Bop(schedules.ExponentialDecay(1e-3, 1, 0.5), gamma=schedules.PiecewiseConstantDecay([0], [1.0, 0.25]))
    bop = Bop.from_config(bop.get_config())
    weights = keras.Variable([1.0, -1.0])
    bop.build([weights])
    bop.apply([ops.convert_to_tensor([2e-3, 2e-3])])  # averages 2e-3: one agrees with its weight, beyond 1e-3
    assert weights.numpy().tolist() == [-1, -1]
    bop.apply([ops.convert_to_tensor([-0.002, -0.002])])  # a quarter of the newest: 1e-3
    np.testing.assert_allclose(ops.convert_to_numpy(bop._averages[0]), 1e-3, rtol=1e-5)


def test_numbers_of_bop_can_be_changed_while_it_trains():
    bop = Bop(gamma=1e-3)
    bop.gamma.assign(0.5)
    assert bop.get_config()["gamma"] == 0.5


@pytest.mark.parametrize(("update_freq", "expected"), [("epoch", [0, 1, 2]), ("step", [3, 7, 11])])
def test_a_callback_sets_numbers_of_an_optimizer(update_freq, expected, capsys):
    model = network(optimizer())
    bop = model.optimizer.optimizers[0]
    seen = []
    scheduler = HyperparameterScheduler(
        lambda step: seen.append(step) or 0.5**step, "gamma", bop, update_freq, verbose=1, log_name="gamma_of_bop"
    )
    history = model.fit(*data(), batch_size=8, epochs=3, verbose=0, callbacks=[scheduler]).history
    np.testing.assert_allclose(history["gamma_of_bop"], [0.5**step for step in expected])
    assert seen == [*range(expected[-1] + 1)]
    assert float(ops.convert_to_numpy(bop.gamma)) == 0.5 ** expected[-1]
    assert f"{update_freq.capitalize()} 1: gamma_of_bop is 0.5." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: HyperparameterScheduler(float, "gamma", update_freq="batch"), "'epoch' or 'step', not 'batch'"),
        (lambda: HyperparameterScheduler(float, "gama", Bop()), "Bop has no number 'gama'"),
        (lambda: HyperparameterScheduler(float, "gamma", Bop(gamma=schedules.CosineDecay(1.0, 2))), "'gamma' that can"),
    ],
)
def test_wrong_schedulers_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make().on_train_begin()


def test_a_variable_without_optimizer_is_warned_of_and_stays():
    model = network(CaseOptimizer((Bop.is_binary_variable, Bop(gamma=1.0))))
    before = model.get_weights()
    with pytest.warns(UserWarning, match="without a default_optimizer these are not trained: .*gamma, .*bias"):
        model.fit(*data(), verbose=0)
    np.testing.assert_array_equal(before[-1], model.get_weights()[-1])
    assert (before[0] != model.get_weights()[0]).any()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: CaseOptimizer((3, Bop())), TypeError, "predicate must be a function of a variable, not 3"),
        (lambda: CaseOptimizer((Bop.is_binary_variable, "adam")), TypeError, "one of keras.optimizers, not 'adam'"),
        (lambda: CaseOptimizer(default_optimizer=4), TypeError, "one of keras.optimizers, not 4"),
        (
            lambda: CaseOptimizer((Bop.is_binary_variable, Bop()), (lambda variable: True, keras.optimizers.SGD())),
            ValueError,
            "predicates of Bop and sgd both claim .*kernel",
        ),
        (
            lambda: CaseOptimizer((lambda variable: False, Bop()), default_optimizer=keras.optimizers.SGD()),
            ValueError,
            "no variable is left for Bop",
        ),
    ],
)
def test_wrong_assignments_are_named(make, error, message):
    with pytest.raises(error, match=message):
        network(make()).optimizer.build(network("sgd").trainable_variables)


def test_flips_are_counted():
    metric = FlipRatio()
    for values, expected in (((1, 1), 0), ((2, 2), 1), ((1, 2), 0.75)):
        metric.update_state(ops.convert_to_tensor(values))
        assert float(ops.convert_to_numpy(metric.result())) == expected
    metric.reset_state()
    metric.update_state(ops.convert_to_tensor((1, 2)))
    assert float(ops.convert_to_numpy(metric.result())) == 0
    assert FlipRatio.from_config(metric.get_config()).values_dtype == "int8"


def flips_of_a_training(layer: keras.layers.Layer, learning_rate: float) -> dict[str, list[float]]:
    model = keras.Sequential([keras.Input((6,)), layer])
    model.compile(keras.optimizers.SGD(learning_rate), "mse", jit_compile=False)
    return model.fit(*data(), batch_size=8, epochs=2, shuffle=False, verbose=0).history


@pytest.mark.skipif(JAX, reason="Keras has no metrics of layers on JAX")
def test_flips_stand_beside_the_loss():
    with metrics_scope(["flip_ratio"]):
        layer = QuantDense(2, kernel_quantizer="ste_sign", kernel_constraint="weight_clip")
    history = flips_of_a_training(layer, 10.0)
    (name,) = [each for each in history if each.startswith("flip_ratio")]
    assert all(0 < each < 1 for each in history[name])
    still = QuantDense(2, kernel_quantizer=SteSign(metrics=["flip_ratio"]), kernel_constraint="weight_clip")
    history = flips_of_a_training(still, 0.0)
    (name,) = [each for each in history if each.startswith("flip_ratio")]
    assert history[name] == [0, 0]
    without = QuantDense(2, kernel_quantizer="ste_sign", kernel_constraint="weight_clip")
    assert not any(each.startswith("flip") for each in flips_of_a_training(without, 1.0))


@pytest.mark.skipif(not JAX, reason="it is what Keras lacks on JAX")
def test_flips_are_refused_where_keras_would_forget_them():
    with pytest.raises(NotImplementedError, match=r"on JAX: count flips with the callback .*SignFlips"):
        SteSign(metrics=["flip_ratio"])


def test_unknown_metrics_are_named():
    with pytest.raises(ValueError, match="no metric 'flips' of quantizers"), metrics_scope(["flips"]):
        pass
