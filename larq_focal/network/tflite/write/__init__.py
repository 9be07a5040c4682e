"""Writing a QuantGraph as a TensorFlow Lite file."""
