"""Saved models in a process that has only imported the packages, and training on two replicas."""

import numpy as np
import pytest

from larq_focal.keras import keras
from larq_focal.keras import larq as lq
from larq_focal.layers import RPReLU
from tests.support.processes import output_of
from tests.support.quantizer_contract import FORMATS, save


@pytest.mark.slow
def test_models_load_in_a_process_that_has_just_imported_the_packages(tmp_path):
    keras.utils.set_random_seed(0)
    binary = {"padding": "same", "kernel_size": 3, "filters": 4}
    model = keras.Sequential(
        [
            keras.Input((5, 5, 3)),
            lq.layers.QuantConv2D(kernel_quantizer="hysteresis_sign", **binary),
            lq.layers.QuantConv2D(
                input_quantizer="learnable_activation_binarizer", kernel_quantizer="gumbel_sign", **binary
            ),
            RPReLU(),
        ]
    )
    images = np.random.default_rng(0).normal(size=(8, 5, 5, 3)).astype(np.float32)
    model.compile("sgd", "mse")
    model.fit(images, np.ones((8, 5, 5, 4)), verbose=0)
    for file in FORMATS.values():
        save(model, tmp_path / file)
    np.savez(tmp_path / "expected.npz", images=images, outputs=model(images))

    code = """
        import sys
        import larq_focal, larq, numpy as np, tensorflow as tf
        expected = np.load(sys.argv[1] + "/expected.npz")
        for file in sys.argv[2:]:
            model = tf.keras.models.load_model(sys.argv[1] + "/" + file)
            np.testing.assert_array_equal(model(expected["images"]), expected["outputs"], err_msg=file)
            print(file, [type(layer.kernel_quantizer).__name__ for layer in model.layers[:2]])
        """
    lines = output_of(code, tmp_path, *FORMATS.values()).splitlines()
    assert lines == [f"{file} ['HysteresisSign', 'GumbelSign']" for file in FORMATS.values()]


@pytest.mark.slow
def test_two_replicas_train_as_one_device():
    code = """
        import larq_focal, numpy as np
        from larq_focal.keras import keras, larq, tf
        from larq_focal.quantizers import GumbelTemperature

        [cpu] = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
        images = np.random.default_rng(0).normal(size=(32, 6, 6, 4)).astype(np.float32)

        def trained(strategy):
            keras.utils.set_random_seed(0)
            with strategy.scope():
                model = keras.Sequential([
                    keras.Input((6, 6, 4)),
                    larq.layers.QuantConv2D(4, 3, kernel_quantizer="hysteresis_sign"),
                    larq.layers.QuantConv2D(
                        4, 3, input_quantizer="learnable_activation_binarizer", kernel_quantizer="gumbel_sign"
                    ),
                    larq.layers.QuantConv2D(4, 1, kernel_quantizer="lsq"),
                    larq.layers.QuantConv2D(4, 1, kernel_quantizer="bnn_plus_sign"),
                ])
                model.compile(keras.optimizers.SGD(0.001), "mse")
            model.fit(images, np.ones((32, 2, 2, 4)), batch_size=8, verbose=0, callbacks=[GumbelTemperature()])
            return model

        one, two = trained(tf.distribute.get_strategy()), trained(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))
        for weight, mirrored in zip(one.weights, two.weights, strict=True):
            np.testing.assert_allclose(weight.numpy(), mirrored.numpy(), rtol=1e-4, atol=1e-5, err_msg=weight.name)
        print(one.layers[1].kernel_quantizer.noise_state.numpy()[1])
        """
    assert output_of(code) == "4"
