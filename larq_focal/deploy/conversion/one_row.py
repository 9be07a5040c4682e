"""Binary 1-D convolutions as 2-D ones of one row, the only form that Larq Compute Engine packs.

Keras computes a 1-D convolution as a 2-D one between ExpandDims and Squeeze, and a dilated one between SpaceToBatchND
and BatchToSpaceND. The converter looks for the signs right in front of the convolution, and for what it can fuse right
behind. So the row's axis is added where a network's values are first signed, and taken away where its element-wise
operations end. Between them stand the operations of a ``QuantConv2D`` with a kernel of (1, size), on the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from larq_focal.deploy.conversion.frozen import FrozenGraph, NodeDef, data_inputs, needed
from larq_focal.deploy.conversion.lce_patterns import is_binary_kernel, is_sign, sign_summand
from larq_focal.keras import tf
from larq_focal.network.conv_arithmetic import dilated, same_pads

_ROW = 1
"""The axis that is added: [batch, length, channels] becomes [batch, row, length, channels]."""

_ELEMENTWISE = (
    *("Sign", "Relu", "Relu6", "LeakyRelu", "Elu", "Selu", "Sigmoid", "Tanh", "Softplus", "Softsign", "Exp", "Log"),
    *("Abs", "Neg", "Square", "Sqrt", "Rsqrt", "Round", "Rint", "Floor", "Ceil", "Cast", "LogicalNot", "LogicalAnd"),
    *("Add", "AddV2", "Sub", "Mul", "RealDiv", "Maximum", "Minimum", "SquaredDifference", "BiasAdd", "LogicalOr"),
    *("GreaterEqual", "Greater", "Less", "LessEqual", "SelectV2"),
)
_PADS = ("Pad", "PadV2")
_POOLS = ("MaxPool", "AvgPool")


def with_one_row(frozen: FrozenGraph) -> FrozenGraph:
    """The graph with every binary 1-D convolution as a 2-D one of one row; the same graph if it has none."""
    found = [convolution for node in frozen.graph_def.node if (convolution := _binary_convolution(frozen, node))]
    return _Rewrite(frozen, found).done() if found else frozen


@dataclass(frozen=True)
class _Convolution:
    """A binary 1-D convolution.

    Args:
        node: its Conv2D.
        end: the node whose value [1, length, channels] is the layer's, before its bias.
        signs: the tensor [1, length, channels] that it is computed of, behind the zeros that are put around it.
        zeros: how many of them, before and after.
        dilation: step between the taps.
    """

    node: NodeDef
    end: NodeDef
    signs: str
    zeros: tuple[int, int]
    dilation: int


def _binary_convolution(frozen: FrozenGraph, node: NodeDef) -> _Convolution | None:
    if node.op != "Conv2D" or (kernel := frozen.constant(node.input[1])) is None:
        return None
    expanded, (end, *others) = frozen.source(node.input[0]), frozen.consumers(node)
    if not _adds_row(frozen, expanded) or others or end.op != "Squeeze" or not _packs(kernel):
        return None
    tensor, zeros, dilation = expanded.input[0], (0, 0), 1
    if (batches := frozen.source(tensor)).op == "SpaceToBatchND":
        (end,) = frozen.consumers(end)
        dilation, (before, after) = (int(frozen.constant(batches.input[1])[0]), frozen.constant(batches.input[2])[0])
        (_, cropped) = frozen.constant(end.input[2])[0]  # what was added to make whole blocks
        tensor, zeros = batches.input[0], (int(before), int(after - cropped))
    if (pad := frozen.source(tensor)).op == "Pad":
        before, after = frozen.constant(pad.input[1])[1]
        tensor, zeros = pad.input[0], (zeros[0] + int(before), zeros[1] + int(after))
    signs = frozen.source(tensor)
    signs = frozen.source(signs.input[0]) if signs.op == "PadV2" else signs
    return _Convolution(node, end, tensor, zeros, dilation) if is_sign(frozen, signs.name) else None


def _adds_row(frozen: FrozenGraph, node: NodeDef) -> bool:
    return node.op == "ExpandDims" and int(frozen.constant(node.input[1])) in (_ROW, -3)


def _packs(kernel: np.ndarray) -> bool:
    return len(kernel) == 1 and is_binary_kernel(kernel.reshape(-1, kernel.shape[-1]).T)


class _Rewrite:
    """A graph being rewritten. A tensor of three axes is *lifted* to the one of four that has a row more.

    Every element-wise operation behind a convolution is lifted too, so that the converter can fuse it; and those that
    lead to one from the convolution before, so that no reshape stands between them.
    """

    def __init__(self, frozen: FrozenGraph, convolutions: list[_Convolution]):
        self._frozen = frozen
        self._by_end = {found.end.name: found for found in convolutions}
        self._lifted: dict[str, tf.Tensor] = {}
        self._graph = tf.Graph()

    def done(self) -> FrozenGraph:
        with self._graph.as_default():
            tf.import_graph_def(self._frozen.graph_def, name="")
            for operation in self._graph.get_operations():  # operands come before what reads them
                node = self._frozen.nodes[operation.name]
                if node.name in self._by_end or self._follows_a_row(node):
                    self._lift(node.name)
            without_row = {name: self._without_row(name) for name in self._lifted}
        graph_def = self._graph.as_graph_def()
        for node in graph_def.node:
            if node.name in self._frozen.nodes:  # one of before, which reads what was lifted without the row
                node.input[:] = [without_row.get(tensor.removesuffix(":0"), tensor) for tensor in node.input]
        ends = (*self._frozen.inputs.values(), *self._frozen.outputs.values())
        kept = needed(graph_def, [info.name for info in ends])
        return FrozenGraph(kept, self._frozen.inputs, self._frozen.outputs)

    def _without_row(self, name: str) -> str:
        """The node that gives what was lifted without the row again."""
        tensor = self._lifted[name]
        if tensor.dtype.is_floating and any(
            self._has_constant_map(node) for node in self._frozen.consumers(self._frozen.nodes[name])
        ):
            tensor = tf.nn.max_pool2d(tensor, 1, 1, "VALID", name=f"{name}/apart")  # a reshape alone is looked through
        return tf.squeeze(tensor, [_ROW], name=f"{name}/no_row").op.name

    def _has_constant_map(self, node: NodeDef) -> bool:
        """Whether the converter would fuse a constant of several axes, which it must not."""
        constants = [tensor for tensor in data_inputs(node) if self._frozen.is_constant(tensor)]
        return node.op in _ELEMENTWISE and any(self._rank(tensor) > 1 for tensor in constants)

    def _follows_a_row(self, node: NodeDef) -> bool:
        if node.op not in _ELEMENTWISE or self._frozen.is_constant(node.name) or self._rank(node.name) != 3:
            return False
        return any(self._frozen.source(tensor).name in self._lifted for tensor in data_inputs(node))

    def _rank(self, tensor: str) -> int | None:
        return self._tensor(tensor).shape.rank

    def _tensor(self, name: str) -> tf.Tensor:
        return self._graph.get_tensor_by_name(name if ":" in name else f"{name}:0")

    def _lift(self, tensor: str) -> tf.Tensor:
        """The tensor with the row, by the same operations where that is how it is computed."""
        node = self._frozen.source(tensor)
        if node.name not in self._lifted:
            lifted = self._lift_node(node)
            if lifted is None:  # not remembered: what reads it without the row may go on doing so
                return tf.expand_dims(self._tensor(node.name), _ROW, name=f"{node.name}/row")
            self._lifted[node.name] = lifted
        return self._lifted[node.name]

    def _lift_node(self, node: NodeDef) -> tf.Tensor | None:
        """None where another operation stands there, or one that would be computed otherwise with a row."""
        if found := self._by_end.get(node.name):
            return self._convolution(found)
        if self._frozen.is_constant(node.name):
            return None
        if node.op in _ELEMENTWISE:
            return self._elementwise(node)
        if node.op in _PADS:
            pads = tf.constant(np.insert(self._frozen.constant(node.input[1]), _ROW, 0, axis=0))
            return self._copy(node, [self._lift(node.input[0]), pads, *map(self._tensor, node.input[2:])])
        if node.op == "Squeeze":
            axes = list(node.attr["squeeze_dims"].list.i)
            return self._tensor(node.input[0]) if axes in ([_ROW], [-3]) else self._pool(node, axes)
        return None

    def _elementwise(self, node: NodeDef) -> tf.Tensor | None:
        operands = [self._operand(tensor) for tensor in data_inputs(node)]
        if None in operands:
            return None
        lifted, shape = self._copy(node, operands), self._tensor(node.name).shape
        return lifted if lifted.shape == [*shape[:_ROW], 1, *shape[_ROW:]] else None

    def _operand(self, tensor: str) -> tf.Tensor | None:
        """Constants as one value or one for each channel: those of more axes must not come near a convolution."""
        if not self._frozen.is_constant(tensor):
            return self._lift(tensor) if self._rank(tensor) == 3 else self._tensor(tensor)
        values = self._frozen.constant(tensor)
        if values.ndim < 2:
            return self._tensor(tensor)
        if values.size and np.all(values == values.flat[0]):
            return tf.constant(values.flat[0])
        return tf.constant(values.reshape(-1)) if values.size == values.shape[-1] else None

    def _copy(self, node: NodeDef, operands: list[tf.Tensor], **attributes) -> tf.Tensor:
        """The operation ``node`` on other operands."""
        graph_def = tf.compat.v1.GraphDef()
        copy = graph_def.node.add()
        copy.CopyFrom(node)
        copy.name = self._graph.unique_name(f"{node.name}/row", mark_as_used=False)
        copy.input[:] = [f"operand_{index}" for index in range(len(operands))]
        for name, value in attributes.items():
            if isinstance(value, bytes):
                copy.attr[name].s = value
            else:
                copy.attr[name].list.i[:] = value
        mapped = dict(zip(copy.input, operands, strict=True))
        (result,) = tf.import_graph_def(graph_def, mapped, [f"{copy.name}:0"], name="")
        return result

    def _pool(self, node: NodeDef, axes: list[int]) -> tf.Tensor | None:
        """A 1-D pool, which Keras computes on one column, on one row."""
        pool = self._frozen.source(node.input[0])
        if pool.op not in _POOLS or axes not in ([2], [-2]):
            return None
        expanded = self._frozen.source(pool.input[0])
        if expanded.op != "ExpandDims" or int(self._frozen.constant(expanded.input[1])) not in (2, -2):
            return None
        (_, size, _, _), (_, stride, _, _) = (pool.attr[name].list.i for name in ("ksize", "strides"))
        return self._copy(pool, [self._lift(expanded.input[0])], ksize=[1, 1, size, 1], strides=[1, 1, stride, 1])

    def _convolution(self, found: _Convolution) -> tf.Tensor:
        node, kernel = found.node, self._frozen.constant(found.node.input[1])[0]
        length, stride = self._tensor(found.signs).shape[1], node.attr["strides"].list.i[2]
        window = dilated(kernel.shape[:1], (found.dilation,))
        (same,) = same_pads((length,), window, (stride,))
        zeros = same if node.attr["padding"].s == b"SAME" else found.zeros
        is_native = zeros == same and window[0] <= length  # Larq Compute Engine miscounts zeros on both sides at once
        image = self._lift(found.signs) if is_native or not any(zeros) else self._between_ones(found.signs, zeros)
        padding = b"SAME" if is_native else b"VALID"
        operands = [image, self._tensor(node.input[1])]
        product = self._copy(node, operands, padding=padding, dilations=[1, 1, found.dilation, 1])
        if is_native or not any(zeros):
            return product
        outside = np.pad(np.zeros(length), zeros, constant_values=1)
        windows = np.lib.stride_tricks.sliding_window_view(outside, *window)[::stride, :: found.dilation]
        return _less(product, windows @ kernel.sum(axis=1))

    def _between_ones(self, tensor: str, counts: tuple[int, int]) -> tf.Tensor:
        """The signs with ones before and after, where the layer has zeros.

        The converter knows no border of signs but that of padding='same', so that it goes around what is signed.
        """
        signs, values = self._frozen.source(tensor), tensor
        if sign_summand(self._frozen, signs) is not None:
            added = self._frozen.source(signs.input[0])
            values = next(inner for tensor in added.input if (inner := self._frozen.source(tensor)).op == "Sign").input[
                0
            ]
        padded = tf.pad(self._lift(values), [(0, 0), (0, 0), counts, (0, 0)], constant_values=1)
        return tf.where(padded >= 0, 1.0, -1.0)


def _less(product: tf.Tensor, excess: np.ndarray) -> tf.Tensor:
    """Takes ``excess`` [length, channels] from ``product`` [1, 1, length, channels] where there is any.

    These few values are cut out first: the converter would fuse a constant of several axes into the convolution.
    """
    has_excess = excess.any(axis=1)
    bounds = [0, *(np.flatnonzero(np.diff(has_excess)) + 1), len(excess)]
    parts = []
    for start, stop in pairwise(bounds):
        part = product[:, :, start:stop]
        parts.append(part - excess[start:stop].astype(np.float32) if has_excess[start] else part)
    return tf.concat(parts, axis=2)
