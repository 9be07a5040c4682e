"""From a Keras model to a device: convert and audit, run, time. Running and timing need no TensorFlow."""
