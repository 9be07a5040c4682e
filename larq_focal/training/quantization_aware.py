"""Networks of real numbers made ready to learn int8."""

from __future__ import annotations

from larq_focal.nn import is_keras_3, keras


def quantization_aware(model: keras.Model) -> keras.Model:
    """A copy of a trained full-precision ``model`` that learns int8 weights and activations with TF-MOT.

    Raises:
        NotImplementedError: Keras is Keras 3, whose models TF-MOT does not take.

    Source: Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
    Inference", CVPR 2018; tensorflow/model-optimization.
    """
    if is_keras_3():
        raise NotImplementedError(
            "tensorflow-model-optimization takes models of Keras 2 only. Convert a trained model of Keras 3 to int8 "
            "with larq_focal.convert(model, path, rest='int8', representative=samples)."
        )
    from tensorflow_model_optimization.quantization.keras import quantize_model  # takes seconds, and only int8 needs it

    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    return quantize_model(copy)
