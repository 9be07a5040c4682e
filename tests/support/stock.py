"""The stock TensorFlow Lite converter."""

from __future__ import annotations

import warnings

import numpy as np

from larq_focal.keras import keras, tf


def stock_converted(model: keras.Model, *, half_precision: bool = False) -> bytes:
    """``model`` for batches of one, without binary operators, the weights as float16 if ``half_precision``."""
    single = [tf.TensorSpec((1, *tensor.shape[1:]), tensor.dtype, tensor.name) for tensor in model.inputs]
    function = tf.function(lambda *inputs: model(inputs if len(inputs) > 1 else inputs[0], training=False))
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function(*single)], model)
    if half_precision:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    return converter.convert()


def int8_converted(model: keras.Model, samples: np.ndarray, *, io: tf.DType = tf.float32) -> bytes:
    """``model`` quantized to int8 after training, calibrated with ``samples``; ``io`` is its input and output type."""
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([sample[None]] for sample in samples)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = io
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Statistics for quantized inputs were expected")  # of no use here
        return converter.convert()
