"""Multiply-accumulates of functions, counted in the graphs that TensorFlow traces of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from larq_focal.keras import tf

_OPAQUE = ("While", "If", "Case", "PyFunc", "XlaCallModule", "CudnnRNN")
"""Beginnings of the types whose work is not told by the shapes of their operands."""
_PRODUCTS = ("MatMul", "Conv", "Einsum", "XlaDot")
"""Parts of the types that multiply and accumulate."""


def function_macs(function: Callable, shapes: Sequence[tuple[int, ...]], dtypes: Sequence[str]) -> int | None:
    """Multiply-accumulates of the matrix products and convolutions that ``function`` consists of.

    Args:
        function: takes a tensor of each of ``shapes`` and ``dtypes``, with a batch of one.

    Returns:
        None where it cannot be traced, or holds loops and other operations whose work is not told by shapes.
    """
    specs = [tf.TensorSpec(shape, dtype) for shape, dtype in zip(shapes, dtypes, strict=True)]
    try:
        graph = tf.function(function).get_concrete_function(*specs).graph
    except Exception:  # a layer's own code may fail in any way on tensors without numbers
        return None
    return _macs_of(graph)


def _macs_of(graph) -> int | None:
    counts = [_operation_macs(graph, operation) for operation in graph.get_operations()]
    return None if None in counts else sum(counts)


def _operation_macs(graph, operation) -> int | None:
    kind = operation.type
    if kind.startswith(("Stateless", *_OPAQUE)) and kind.removeprefix("Stateless").startswith(_OPAQUE):
        return None
    if kind in ("PartitionedCall", "StatefulPartitionedCall"):
        name = operation.get_attr("f").name
        inner = graph._get_function(name) or None
        inner = getattr(inner, "graph", None)
        return None if inner is None else _macs_of(inner)
    if not any(part in kind for part in _PRODUCTS):
        return 0
    shapes = [_shape(tensor) for tensor in (*operation.inputs, *operation.outputs)]
    if any(shape is None for shape in shapes):
        return None
    return _product_macs(operation, shapes)


def _shape(tensor) -> tuple[int, ...] | None:
    return tuple(tensor.shape) if tensor.shape.is_fully_defined() else None


def _product_macs(operation, shapes: list[tuple[int, ...]]) -> int | None:
    size = {index: int(np.prod(shape)) for index, shape in enumerate(shapes)}
    match operation.type:
        case "MatMul":
            depth = shapes[0][0 if operation.get_attr("transpose_a") else 1]
            return size[2] * depth
        case "BatchMatMul" | "BatchMatMulV2" | "BatchMatMulV3":
            return size[2] * shapes[0][-2 if operation.get_attr("adj_x") else -1]
        case "Einsum":
            terms = operation.get_attr("equation").decode().split("->")[0].split(",")
            if len(terms) > 2 or "." in "".join(terms):
                return None
            axes = {
                letter: n
                for term, shape in zip(terms, shapes, strict=False)
                for letter, n in zip(term, shape, strict=True)
            }
            return int(np.prod(list(axes.values()))) if len(terms) == 2 else 0
        case "Conv2D" | "Conv3D":
            return size[2] * int(np.prod(shapes[1][:-1]))
        case "DepthwiseConv2dNative":
            return size[2] * int(np.prod(shapes[1][:2]))
        case "Conv2DBackpropInput" | "Conv3DBackpropInputV2":
            return size[3] * int(np.prod(shapes[1])) // shapes[1][-2]
    return None
