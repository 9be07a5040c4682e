"""Settings of every test run."""

import os

from hypothesis import settings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import larq_focal  # noqa: F401  chooses Keras 2 before any test module imports TensorFlow

settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
settings.load_profile("untimed")
