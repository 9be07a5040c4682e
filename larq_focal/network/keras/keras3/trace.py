"""Operations of ``keras.ops`` while they are being read: which tensors are values, which are constants."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import keras
import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.keras.keras3.arrays import as_array
from larq_focal.network.keras.keras3.traced import called_on_symbols, dtype_name, flatten, is_symbolic
from larq_focal.network.keras.layer_call import LayerCall
from larq_focal.network.keras.node import Node, Values

Reader = Callable[["Trace", Node], Sequence[str]]

READERS: dict[str, Reader] = {}
"""What adds the operations of an operation of Keras and returns the names of its results, by the name of its class."""

_IDENTITIES = ("StopGradient", "Copy", "ConvertToTensor")
_FILLED = {"OnesLike": 1.0, "ZerosLike": 0.0}


def reads(*kinds: str) -> Callable[[Reader], Reader]:
    """Registers a reader of operations of these classes."""

    def register(reader: Reader) -> Reader:
        READERS.update(dict.fromkeys(kinds, reader))
        return reader

    return register


def kind_of(node: Node) -> str:
    """The class of an operation; "" for a layer."""
    is_layer = isinstance(node.layer, keras.layers.Layer)
    return "" if is_layer else type(node.layer).__name__


def operands(node: Node) -> list[Any]:
    """All that an operation is called on, in order: symbolic tensors, arrays and numbers."""
    return flatten((node.arguments, node.keywords))


def value_shape(tensor: Any) -> ops.Shape:
    """The shape of a tensor without its batch axis, which must come first and be the only one of unknown size."""
    shape = tuple(tensor.shape)
    if not shape or shape[0] is not None or None in shape[1:]:
        raise NotUnderstood(f"a value of shape {shape}")
    return shape[1:]


class Trace(Values):
    """The values in a function or model: what the operations of ``keras.ops`` give is read when it is asked for.

    Args:
        nodes: the calls that lead to the tensors which will be asked for.
        inputs: symbolic tensors of known values, and the ``names`` of these.
        call: the call that the operations belong to.
        part: what the result is within it.
    """

    def __init__(
        self, nodes: Iterable[Node], inputs: Sequence[Any], names: Sequence[str], call: LayerCall, part: str = ""
    ):
        super().__init__(inputs, names)
        self.call = call
        self.part = part
        self._givers = {id(tensor): node for node in nodes for tensor in node.outputs}

    def __getitem__(self, tensor: Any) -> str:
        tensor = self.forward(tensor)
        if tensor not in self:
            node = self._givers[id(tensor)]
            self.add(node.outputs, self.read(node))
        return super().__getitem__(tensor)

    def read(self, node: Node) -> Sequence[str]:
        """Adds the operations of a call and returns the names of its results.

        Raises:
            NotUnderstood: there is no counterpart.
        """
        if isinstance(node.layer, keras.layers.Layer):
            inner = called_on_symbols(node.layer, node.arguments, node.keywords)
            values = {id(tensor): self[tensor] for tensor in node.inputs}
            trace = Trace(inner.nodes, inner.inputs, [*values.values()], self.call, self.part)
            return [trace[tensor] for tensor in inner.outputs]
        reader = READERS.get(kind_of(node))
        if reader is None:
            raise NotUnderstood(kind_of(node))
        return reader(self, node)

    def giver(self, tensor: Any) -> Node | None:
        """The call that gave ``tensor``, None for an input."""
        return None if tensor in self else self._givers.get(id(tensor))

    def forward(self, tensor: Any) -> Any:
        """The tensor that holds the same numbers before what only gradients see.

        These are identities, and both ways to write a pseudo-gradient: ``stop(value) + (y - stop(y)) * slope`` and
        ``y + stop(value - y)``.
        """
        while (node := self.giver(tensor)) is not None:
            if kind_of(node) in _IDENTITIES:
                tensor = node.inputs[0]
            elif kind_of(node) == "Add" and (value := self._behind_pseudo_gradient(node)) is not None:
                tensor = value
            else:
                break
        return tensor

    def _behind_pseudo_gradient(self, node: Node) -> Any:
        """The tensor that a sum equals forwards, None where it is a sum like any other."""
        pair = operands(node)
        for value, other in (pair, pair[::-1]):
            if not (is_symbolic(value) and is_symbolic(other)):
                return None
            result = value if self._is_nothing(other) else self._changed_to(value, other)
            if result is not None and tuple(result.shape) == tuple(node.outputs[0].shape):
                return result
        return None

    def _is_nothing(self, tensor: Any) -> bool:
        """Whether ``tensor`` is ``y - stop(y)``, or such a difference times something: 0, but for its gradient.

        Of a weight, which is a constant here, the difference is the number 0 already.
        """
        node, _ = self._source(tensor)
        if node is None or kind_of(node) not in ("Subtract", "Multiply"):
            return False
        terms = [term for term in operands(node) if is_symbolic(term)]
        if kind_of(node) == "Multiply":
            weights = [term for term in operands(node) if not is_symbolic(term)]
            return any(map(self._is_nothing, terms)) or any(not as_array(weight).any() for weight in weights)
        return len(terms) == 2 and self.forward(terms[0]) is self.forward(terms[1])

    def _changed_to(self, y: Any, tensor: Any) -> Any:
        """The value where ``tensor`` is ``stop(value - y)``, else None."""
        node, is_stopped = self._source(tensor)
        if node is None or not is_stopped or kind_of(node) != "Subtract" or len(node.inputs) != 2:
            return None
        value, other = operands(node)
        return value if self.forward(other) is self.forward(y) else None

    def _source(self, tensor: Any) -> tuple[Node | None, bool]:
        """The call behind identities that gave ``tensor``, and whether there are any."""
        node, is_behind = self.giver(tensor), False
        while node is not None and kind_of(node) in _IDENTITIES:
            node, is_behind = self.giver(node.inputs[0]), True
        return node, is_behind

    def constant(self, operand: Any) -> np.ndarray | None:
        """What ``operand`` holds if it is constant, else None; one number stands for a tensor filled with it."""
        if not is_symbolic(operand):
            return None if operand is None else as_array(operand)
        node = self.giver(operand)
        if node is None or isinstance(node.layer, keras.layers.Layer):
            return None
        if kind_of(node) in _FILLED:
            return np.float32(_FILLED[kind_of(node)])
        if kind_of(node) == "FullLike":
            return as_array(operands(node)[1])
        constants = {id(tensor): self.constant(tensor) for tensor in node.inputs}
        if any(constant is None for constant in constants.values()):
            return None
        arguments, keywords = keras.tree.map_structure(
            lambda leaf: keras.ops.convert_to_tensor(constants[id(leaf)]) if id(leaf) in constants else leaf,
            (node.arguments, node.keywords),
        )
        try:
            return as_array(node.layer(*arguments, **keywords))
        except Exception as error:  # one number need not stand for a tensor in every operation
            raise NotUnderstood(f"{kind_of(node)} of constants") from error

    def number(self, tensor: Any) -> str:
        """The name of a value that is computed with as a number, which a truth value is not."""
        if dtype_name(tensor) == "bool":
            raise NotUnderstood("arithmetic with truth values")
        return self[tensor]

    def add_op(self, op: type[ops.Op], result: Any, *inputs: str, **fields) -> str:
        """Adds the operation that produces the tensor ``result``."""
        if "float" not in (dtype := dtype_name(result)) and dtype != "bool":
            raise NotUnderstood(f"arithmetic in {dtype}")
        return self.call.add(op, *inputs, part=self.part, shape=value_shape(result), **fields)

    def add_affine(self, result: Any, value: str, **constants) -> str:
        if value_shape(result) != self.call.shape(value):
            raise NotUnderstood("a constant that widens the value")
        if "float" not in (dtype := dtype_name(result)):
            raise NotUnderstood(f"arithmetic in {dtype}")
        return self.call.add_affine(value, part=self.part, **constants)
