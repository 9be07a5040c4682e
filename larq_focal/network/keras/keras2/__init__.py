"""Reading models of Keras 2, by TensorFlow; the names are those of ``keras3``."""

from larq_focal.network.keras.keras2 import harmless
from larq_focal.network.keras.keras2.arrays import (
    AnyQuantizer,
    as_array,
    averages_evenly,
    computed,
    quantized_values,
    rsqrt,
)
from larq_focal.network.keras.keras2.functions import read_function
from larq_focal.network.keras.keras2.macs import function_macs
from larq_focal.network.keras.keras2.nodes import (
    ModelValues,
    at_sizes,
    dtype_name,
    flatten,
    inner_layers,
    input_names,
    is_functional,
    is_symbolic,
    map_structure,
    nodes_of,
)
from larq_focal.network.keras.keras2.subclasses import as_functional, called_on_symbols

__all__ = [
    "AnyQuantizer",
    "ModelValues",
    "as_array",
    "as_functional",
    "at_sizes",
    "averages_evenly",
    "called_on_symbols",
    "computed",
    "dtype_name",
    "flatten",
    "function_macs",
    "harmless",
    "inner_layers",
    "input_names",
    "is_functional",
    "is_symbolic",
    "map_structure",
    "nodes_of",
    "quantized_values",
    "read_function",
    "rsqrt",
]
