"""Analog convolutions, and networks that run on the array as a whole; none of it needs TensorFlow."""

from larq_focal.focal_plane.analog.classifier import TiledClassifier, as_keras_input, tiled_classifier
from larq_focal.focal_plane.analog.classifier_program import ClassifierPrograms, classifier_programs, exposure
from larq_focal.focal_plane.analog.compiled_kernels import CompiledKernels, compile_kernels
from larq_focal.focal_plane.analog.expected_error import AnalogError, expected_accumulation_error, expected_error
from larq_focal.focal_plane.analog.linear import registers_after
from larq_focal.focal_plane.analog.taps import KernelError, taps_of

__all__ = [
    "AnalogError",
    "ClassifierPrograms",
    "CompiledKernels",
    "KernelError",
    "TiledClassifier",
    "as_keras_input",
    "classifier_programs",
    "compile_kernels",
    "expected_accumulation_error",
    "expected_error",
    "exposure",
    "registers_after",
    "taps_of",
    "tiled_classifier",
]
