"""Settings of every test run."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import larq_focal  # noqa: F401  chooses Keras 2 before any test module imports TensorFlow
