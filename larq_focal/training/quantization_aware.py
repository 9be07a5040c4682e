"""Networks of real numbers made ready to learn int8."""

from __future__ import annotations

from larq_focal.keras import keras


def quantization_aware(model: keras.Model) -> keras.Model:
    """A copy of a trained full-precision ``model`` that learns int8 weights and activations with TF-MOT.

    Source: Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
    Inference", CVPR 2018; tensorflow/model-optimization.
    """
    from tensorflow_model_optimization.quantization.keras import quantize_model  # takes seconds, and only int8 needs it

    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    return quantize_model(copy)
