"""Functions and layers of Keras 3 as the calls of which they consist.

What is called on symbolic tensors records, in Keras 3, every layer and every function of ``keras.ops`` that it calls.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import keras

from larq_focal.network.graph import NotUnderstood
from larq_focal.network.keras.node import Node

flatten = keras.tree.flatten
map_structure = keras.tree.map_structure


_SYMBOLIC = {keras.activations.hard_silu: keras.ops.hard_silu}
"""What stands in for a function of Keras that cannot be called on symbolic tensors."""


_ARITHMETIC = {
    "__add__": keras.ops.add,
    "__sub__": keras.ops.subtract,
    "__mul__": keras.ops.multiply,
    "__truediv__": keras.ops.true_divide,
    "__matmul__": keras.ops.matmul,
    "__lt__": keras.ops.less,
    "__le__": keras.ops.less_equal,
    "__gt__": keras.ops.greater,
    "__ge__": keras.ops.greater_equal,
}
"""What arithmetic of a variable stands for."""


@dataclass(frozen=True, eq=False)
class Traced:
    """What leads from symbolic inputs to outputs.

    Args:
        inputs: symbolic tensors.
        outputs: likewise; constants among the outputs of a function too.
        nodes: the calls between them, each behind those that it depends on.
    """

    inputs: Sequence[Any]
    outputs: Sequence[Any]
    nodes: Sequence[Node] = field(repr=False)


def is_symbolic(value: Any) -> bool:
    return isinstance(value, keras.KerasTensor)


def dtype_name(tensor: Any) -> str:
    return keras.backend.standardize_dtype(tensor.dtype)


def inner_layers(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    """All layers within a layer, however deep."""
    return list(layer._flatten_layers(include_self=False))


def traced_function(function: Callable, shapes: Iterable[tuple], dtypes: Iterable[str]) -> Traced:
    """What ``function`` does with a tensor of each of ``shapes``, batch axes included.

    Raises:
        NotUnderstood: it cannot be run on symbolic tensors.
    """
    symbols = [keras.KerasTensor(shape, dtype=dtype) for shape, dtype in zip(shapes, dtypes, strict=True)]
    function = _SYMBOLIC.get(function, function)
    return _traced(symbols, lambda: function(*symbols))


def called_on_symbols(layer: keras.layers.Layer, arguments: Sequence, keywords: dict[str, Any]) -> Traced:
    """What the ``call`` of a layer does.

    Args:
        layer: a layer or model.
        arguments: of the call; symbolic tensors become inputs, one that comes twice once.
        keywords: of the call, likewise.

    Raises:
        NotUnderstood: ``call`` cannot be run on symbolic tensors.
    """
    inputs: dict[int, Any] = {}

    def symbol(leaf):
        if not is_symbolic(leaf):
            return leaf
        if id(leaf) not in inputs:
            inputs[id(leaf)] = keras.KerasTensor((None, *leaf.shape[1:]), dtype=leaf.dtype, name=leaf.name)
        return inputs[id(leaf)]

    arguments, keywords = map_structure(symbol, (tuple(arguments), dict(keywords)))
    if "training" in inspect.signature(layer.call).parameters:
        keywords = {**keywords, "training": False}
    return _traced([*inputs.values()], lambda: layer.call(*arguments, **keywords))


def _traced(symbols: list, run: Callable[[], Any]) -> Traced:
    try:
        with _symbols_on_the_right():
            outputs = flatten(run())
    except Exception as error:  # a user's own code may fail in any way on tensors without numbers
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise NotUnderstood(f"it cannot be run on symbolic inputs ({reason})") from error
    records = [*_records(outputs, symbols)]
    nodes = [_node(record) for record in records]
    for record in records:
        _forget(record)
    return Traced(symbols, outputs, nodes)


@contextmanager
def _symbols_on_the_right() -> Iterator[None]:
    """Lets ``variable * symbol`` and ``tensor * symbol`` be recorded as ``symbol * variable`` is.

    Keras calls its backend for a variable on the left, and says that a symbol is no array of JAX where it might say
    nothing, on which JAX would leave it to the symbol.
    """

    def recorded(name: str, function: Callable) -> Callable:
        own = getattr(keras.Variable, name)
        return lambda variable, other: (function if is_symbolic(other) else own)(variable, other)

    for name, function in _ARITHMETIC.items():
        setattr(keras.Variable, name, recorded(name, function))
    refusal = keras.KerasTensor.__jax_array__
    del keras.KerasTensor.__jax_array__
    try:
        yield
    finally:
        keras.KerasTensor.__jax_array__ = refusal
        for name in _ARITHMETIC:
            delattr(keras.Variable, name)  # the class of each backend inherits its own


def between(inputs: Sequence[Any], outputs: Sequence[Any]) -> Traced:
    """What Keras recorded between symbolic tensors of a model."""
    return Traced(inputs, outputs, [_node(record) for record in _records(outputs, inputs)])


def _records(outputs: Iterable[Any], inputs: Iterable[Any]) -> Iterator[Any]:
    """Keras' records of the calls that lead from ``inputs`` to ``outputs``, each behind those that it depends on."""
    seen = {id(tensor) for tensor in inputs}
    waiting = [*reversed([*outputs])]
    done: set[int] = set()
    while waiting:
        tensor = waiting[-1]
        record = None if id(tensor) in seen else _record(tensor)
        if record is None or id(record) in done:
            waiting.pop()
            continue
        missing = [each for each in record.input_tensors if id(each) not in seen and _is_waiting(each, done)]
        if missing:
            waiting += reversed(missing)
            continue
        waiting.pop()
        done.add(id(record))
        if not record.is_input:
            yield record


def _is_waiting(tensor: Any, done: set[int]) -> bool:
    record = _record(tensor)
    return record is not None and id(record) not in done


def _record(tensor: Any) -> Any:
    """That of the call which gave ``tensor``, None where no call did."""
    history = getattr(tensor, "_keras_history", None)
    return None if history is None or history.operation is None else history.operation._inbound_nodes[history[1]]


def _node(record: Any) -> Node:
    arguments = record.arguments
    return Node(record.operation, record.input_tensors, record.outputs, arguments.args, arguments.kwargs)


def _forget(record: Any) -> None:
    """Takes a call out of the records of the layers, so that reading a model does not change it."""
    record.operation._inbound_nodes.remove(record)
    for tensor in record.input_tensors:
        giver = tensor._keras_history.operation
        if giver is not None and record in giver._outbound_nodes:
            giver._outbound_nodes.remove(record)
