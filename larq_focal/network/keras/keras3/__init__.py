"""Reading models of Keras 3, on any backend; the names are those of ``keras2``."""

from larq_focal.network.keras.keras3 import harmless
from larq_focal.network.keras.keras3.arrays import (
    AnyQuantizer,
    as_array,
    averages_evenly,
    computed,
    quantized_values,
    rsqrt,
)
from larq_focal.network.keras.keras3.functions import ModelValues, read_function
from larq_focal.network.keras.keras3.macs import function_macs
from larq_focal.network.keras.keras3.models import as_functional, at_sizes, input_names, is_functional, nodes_of
from larq_focal.network.keras.keras3.traced import (
    called_on_symbols,
    dtype_name,
    flatten,
    inner_layers,
    is_symbolic,
    map_structure,
)

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
