"""Reading a TensorFlow Lite file as a QuantGraph."""
