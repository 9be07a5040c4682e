"""QuantGraph, its operations, its files and its NumPy interpreter; none of it needs TensorFlow, but ``from_keras``."""

from larq_focal.network import ops
from larq_focal.network.graph import GraphError, QuantGraph
from larq_focal.network.graph_file import load_graph, save_graph
from larq_focal.network.interpret import interpret
from larq_focal.network.kernel import Kernel
from larq_focal.network.packing import pack_bits, popcount_dot, unpack_bits
from larq_focal.network.tflite import write_tflite

__all__ = [
    "GraphError",
    "Kernel",
    "QuantGraph",
    "interpret",
    "load_graph",
    "ops",
    "pack_bits",
    "popcount_dot",
    "save_graph",
    "unpack_bits",
    "write_tflite",
]
