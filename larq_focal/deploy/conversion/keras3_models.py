"""Converting and auditing models of Keras 3, on any backend: larq_focal's own writer, and Keras as the reference."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from larq_focal.deploy.audit.report import Audit
from larq_focal.deploy.conversion.accepted import write_accepted
from larq_focal.deploy.conversion.conversion import Conversion
from larq_focal.deploy.conversion.conversion_error import ConversionError, NotWritable
from larq_focal.deploy.convert_graph import OWN, check_fit, graph_content, int8_content
from larq_focal.deploy.graph_audit import audit_graph
from larq_focal.deploy.graph_samples import Data, by_input
from larq_focal.deploy.int8_rest import Int8Options
from larq_focal.messages import short
from larq_focal.network.graph import QuantGraph
from larq_focal.network.load import as_graph, load_keras_model
from larq_focal.network.names import unique
from larq_focal.network.tflite.metadata import FileMetadata
from larq_focal.nn import keras


def convert_by_graph(
    model: keras.Model | str | Path,
    path: str | Path,
    *,
    data=None,
    strict: bool = False,
    seed: int = 0,
    trust: bool = False,
    int8: Int8Options | None = None,
    metadata: FileMetadata = FileMetadata(),  # noqa: B008 (it never changes)
    packed: bool = True,
) -> Conversion:
    """As ``larq_focal.convert``, for a model of Keras 3.

    With a rest of int8, the file with a float rest is held against Keras, and then that of int8 against the same
    network with its roundings.
    """
    read = _read(model, trust)
    options = {"output_names": read.output_names, "batch_size": read.batch_size, "metadata": metadata}
    options["packed"] = packed
    content = graph_content(read.graph, **options)
    check_fit(metadata, read.graph)
    data = by_input(read.graph, data)
    audit = read.audit(content, data, seed)
    if int8 is not None and audit.passed:
        content, audit = int8_content(read.graph, int8, data=data, seed=seed, **options)
    return write_accepted(content, path, audit, strict, OWN)


def audit_file(model: keras.Model | str | Path, content: bytes, data, seed: int, trust: bool) -> Audit:
    """As ``larq_focal.audit``, for a model of Keras 3 and the content of a file."""
    read = _read(model, trust)
    return read.audit(content, by_input(read.graph, data), seed)


@dataclass(frozen=True, eq=False)
class _Read:
    """A model and the graph that it was read as."""

    model: keras.Model
    graph: QuantGraph

    @property
    def batch_size(self) -> int:
        """How many samples a converted model takes at a time: 1, or what its inputs fix."""
        sizes = {tensor.shape[0] for tensor in _inputs_of(self.model)} - {None}
        if len(sizes) > 1:
            raise ConversionError(
                f"The inputs of '{self.model.name}' fix different batch sizes, {sorted(sizes)}: rebuild the model with "
                "one for all."
            )
        return sizes.pop() if sizes else 1

    @property
    def output_names(self) -> tuple[str, ...] | None:
        """As Keras names the outputs; None for a subclassed model, whose outputs have no names."""
        if isinstance(self.model, keras.Sequential):
            return (self.model.layers[-1].name,)
        if not _inputs_of(self.model):
            return None
        has_keys = isinstance(self.model.output, dict)
        return unique(sorted(self.model.output) if has_keys else self.model.output_names)

    def audit(self, content: bytes, data: Data | None, seed: int) -> Audit:
        return audit_graph(self.graph, content, data, seed, self._outputs)

    def _outputs(self, data: Data) -> list[np.ndarray]:
        """What the model computes, in the calls that the file makes: a quantizer may look at the whole batch."""
        arrays: Any = [data[op.name] for op in self.graph.inputs]
        is_functional = bool(_inputs_of(self.model)) and not isinstance(self.model, keras.Sequential)
        if is_functional:
            arrays = keras.tree.pack_sequence_as(self.model.input, arrays)
        elif len(arrays) == 1:
            (arrays,) = arrays
        outputs = self.model.predict(arrays, batch_size=self.batch_size, verbose=0)
        return [np.asarray(output, np.float32) for output in keras.tree.flatten(outputs)]


def _inputs_of(model: keras.Model) -> list:
    """The symbolic inputs, none for a subclassed model."""
    return list(getattr(model, "inputs", None) or ())


def _read(model: keras.Model | str | Path, trust: bool) -> _Read:
    if isinstance(model, str | Path):
        model = load_keras_model(model, trust=trust)
    if not isinstance(model, keras.Model):
        raise ConversionError(f"Expected a Keras model or the path of one, not {type(model).__name__}.")
    _check(model)
    try:
        return _Read(model, as_graph(model))
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, ArithmeticError) as error:
        raise NotWritable(f"'{model.name}' was not converted. It cannot be read as a graph: {short(error)}") from error


def _check(model: keras.Model) -> None:
    """Refuses what cannot be converted.

    Raises:
        ConversionError: the model has layers that compute in 16 bits, or weights that are not finite.
    """
    for layer in model._flatten_layers(include_self=False):
        if layer.compute_dtype in ("float16", "bfloat16"):
            raise ConversionError(
                f"The layer '{layer.name}' computes in {layer.compute_dtype}, which files do not hold: rebuild the "
                "model under the float32 policy and copy its weights."
            )
    for weight in model.weights:
        if "float" in str(weight.dtype) and not np.isfinite(keras.ops.convert_to_numpy(weight)).all():
            raise ConversionError(
                f"The weight '{weight.path}' of '{model.name}' holds values that are not finite: the training "
                "diverged. Train again with a lower learning rate."
            )
