"""A graph of TensorFlow operations without variables: what the converter gets to see of a Keras model."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

import numpy as np

from larq_focal.keras import tf  # first: it says what to install where there is no TensorFlow

# isort: split
from tensorflow.core.protobuf.meta_graph_pb2 import TensorInfo
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tensorflow.python.framework import op_def_registry

GraphDef = tf.compat.v1.GraphDef
NodeDef = tf.compat.v1.NodeDef

KERNEL_OPERATIONS = (
    *("Conv2D", "DepthwiseConv2dNative", "Conv2DBackpropInput", "Conv3D", "Conv3DBackpropInputV2"),
    *("MatMul", "BatchMatMulV2"),
)
"""The operations that multiply by a kernel, which is always operand 1."""

_FORWARDS = ("Identity", "IdentityN", "StopGradient", "PreventGradient")


class FrozenGraph:
    """Nodes by name, and the values of those that do not depend on the inputs.

    Args:
        graph_def: the operations; no variables, no calls of functions but those of control flow.
        inputs: name, type and shape of the graph's tensors by the model's input names, in the model's order.
        outputs: likewise for the outputs.
    """

    def __init__(self, graph_def: GraphDef, inputs: Mapping[str, TensorInfo], outputs: Mapping[str, TensorInfo]):
        self.graph_def = graph_def
        self.inputs = dict(inputs)
        self.outputs = dict(outputs)
        self.nodes = {node.name: node for node in graph_def.node}

    @property
    def batch_size(self) -> int:
        """How many samples the graph takes at a time."""
        return next(iter(self.inputs.values())).tensor_shape.dim[0].size

    @cached_property
    def _session(self) -> tf.compat.v1.Session:
        return self._open()

    def _open(self) -> tf.compat.v1.Session:
        config = tf.compat.v1.ConfigProto()
        config.graph_options.rewrite_options.disable_meta_optimizer = True  # it would fold scales into kernels
        graph = tf.Graph()
        with graph.as_default():
            tf.import_graph_def(self.graph_def, name="")
        return tf.compat.v1.Session(graph=graph, config=config)

    @cached_property
    def _constants(self) -> dict[str, bool]:
        constants: dict[str, bool] = {}
        waiting = [node.name for node in reversed(self.graph_def.node)]
        while waiting:
            node = self.nodes[waiting[-1]]
            operands = [_node_of(tensor) for tensor in data_inputs(node)]
            if unknown := [name for name in operands if name not in constants]:
                waiting += unknown
            else:
                waiting.pop()
                constants[node.name] = _is_repeatable(node.op) and all(constants[name] for name in operands)
        return constants

    @cached_property
    def _consumers(self) -> dict[str, list[NodeDef]]:
        consumers: dict[str, list[NodeDef]] = {}
        for node in self.graph_def.node:
            if node.op not in _FORWARDS:
                for tensor in data_inputs(node):
                    consumers.setdefault(self.source(tensor).name, []).append(node)
        for name, output in self.outputs.items():
            consumers.setdefault(self.source(output.name).name, []).append(NodeDef(name=name, op="Output"))
        return consumers

    def source(self, tensor: str) -> NodeDef:
        """The node that computes ``tensor``, seen through those that only hand it on."""
        name, _, index = tensor.partition(":")
        node = self.nodes[name]
        while node.op in _FORWARDS:
            name, _, index = node.input[int(index or 0)].partition(":")
            node = self.nodes[name]
        return node

    def consumers(self, node: NodeDef) -> list[NodeDef]:
        """The nodes that read ``node``, seen through those that only hand it on; an output of the graph is one."""
        return self._consumers.get(node.name, [])

    def is_constant(self, tensor: str) -> bool:
        return self._constants[_node_of(tensor)]

    def constant(self, tensor: str) -> np.ndarray | None:
        """The value of ``tensor``, or None where it depends on the inputs."""
        return self.values([tensor])[0] if self.is_constant(tensor) else None

    def values(
        self,
        tensors: Iterable[str],
        inputs: Mapping[str, np.ndarray] | None = None,
        replaced: Mapping[str, np.ndarray] | None = None,
    ) -> list[np.ndarray]:
        """What ``tensors`` hold for one sample.

        Args:
            tensors: names of tensors, "x" or "x:0".
            inputs: arrays ``[batch_size, ...]`` by the model's input names; not needed for constants.
            replaced: values to take in place of those of the graph's constants, by the constants' names.
        """
        feeds = {self.inputs[name].name: array for name, array in (inputs or {}).items()}
        feeds |= {_full(name): array for name, array in (replaced or {}).items()}
        return self._session.run([_full(tensor) for tensor in tensors], feeds)

    def vectors(self) -> dict[str, np.ndarray]:
        """The float constants of one axis by name: biases, and what normalisations hold."""
        return {
            node.name: tf.make_ndarray(node.attr["value"].tensor)
            for node in self.graph_def.node
            if node.op == "Const"
            and node.attr["dtype"].type == tf.float32.as_datatype_enum
            and len(node.attr["value"].tensor.tensor_shape.dim) == 1
        }

    def baked(self) -> FrozenGraph:
        """The same graph with every kernel that is computed from constants replaced by its value.

        So quantized kernels reach the converter as plain numbers, and it need not compute them.
        """
        computed = {
            node.name: node.input[1]
            for node in self.graph_def.node
            if node.op in KERNEL_OPERATIONS and self._is_computed(node.input[1])
        }
        if not computed:
            return self
        tensors = sorted(set(computed.values()))
        with self._open() as session:
            values = session.run([_full(tensor) for tensor in tensors])
        baked = {
            tensor: _constant_node(f"{tensor.replace(':', '_')}/baked", value)
            for tensor, value in zip(tensors, values, strict=True)
        }
        graph_def = GraphDef(versions=self.graph_def.versions, library=self.graph_def.library)
        graph_def.node.extend([*baked.values(), *self.graph_def.node])
        for node in graph_def.node:
            if node.name in computed:
                node.input[1] = baked[computed[node.name]].name
        ends = (*self.inputs.values(), *self.outputs.values())
        return FrozenGraph(needed(graph_def, [info.name for info in ends]), self.inputs, self.outputs)

    def _is_computed(self, tensor: str) -> bool:
        return self.is_constant(tensor) and self.source(tensor).op != "Const"

    def save(self, folder: str | Path) -> None:
        """Writes a SavedModel whose signature has the model's input and output names."""
        saved = SavedModel(saved_model_schema_version=1)
        graph = saved.meta_graphs.add(graph_def=self.graph_def)
        graph.meta_info_def.tags.append("serve")
        graph.meta_info_def.tensorflow_version = tf.__version__
        signature = graph.signature_def["serving_default"]
        signature.method_name = "tensorflow/serving/predict"
        for name, info in self.inputs.items():
            signature.inputs[name].CopyFrom(info)
        for name, info in self.outputs.items():
            signature.outputs[name].CopyFrom(info)
        Path(folder).mkdir(parents=True, exist_ok=True)
        Path(folder, "saved_model.pb").write_bytes(saved.SerializeToString())


def data_inputs(node: NodeDef) -> list[str]:
    return [tensor for tensor in node.input if not tensor.startswith("^")]


def needed(graph_def: GraphDef, tensors: Iterable[str]) -> GraphDef:
    """The nodes that ``tensors`` depend on, without control dependencies."""
    nodes = {node.name: node for node in graph_def.node}
    found: set[str] = set()
    waiting = deque(map(_node_of, tensors))
    while waiting:
        name = waiting.popleft()
        if name not in found:
            found.add(name)
            waiting.extend(map(_node_of, data_inputs(nodes[name])))
    kept = GraphDef(versions=graph_def.versions, library=graph_def.library)
    for node in graph_def.node:
        if node.name in found:
            kept.node.add().CopyFrom(node)
            kept.node[-1].input[:] = data_inputs(node)
    return kept


def _constant_node(name: str, value: np.ndarray) -> NodeDef:
    node = NodeDef(name=name, op="Const")
    node.attr["dtype"].type = tf.as_dtype(value.dtype).as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
    return node


def _is_repeatable(op: str) -> bool:
    """Whether an operation gives the same numbers at every call with the same operands."""
    known = op_def_registry.get(op)
    if known is None or known.is_stateful or op in ("Placeholder", "NoOp"):
        return False
    return all(output.type != tf.variant.as_datatype_enum for output in known.output_arg)  # lists of tensors


def _node_of(tensor: str) -> str:
    return tensor.partition(":")[0]


def _full(tensor: str) -> str:
    return tensor if ":" in tensor else f"{tensor}:0"
