"""Writing a QuantGraph as a TensorFlow Lite file. Needs LiteRT's schema; no TensorFlow, Keras or converter."""

from larq_focal.network.tflite.writer import write_lowered, write_tflite

__all__ = ["write_lowered", "write_tflite"]
