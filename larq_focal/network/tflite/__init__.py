"""TensorFlow Lite files, written and read. Needs LiteRT's schema; no TensorFlow, Keras or converter."""

from larq_focal.network.tflite.write.writer import write_lowered, write_tflite

__all__ = ["write_lowered", "write_tflite"]
