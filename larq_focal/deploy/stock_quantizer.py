"""What stock tools make of a float file: integers of 8, 4 and 2 bits by Google's quantizer for LiteRT.

It is the package ``ai-edge-quantizer``, or ``litert-quantizer`` as its newer versions are called.
"""

from __future__ import annotations

import io
import tempfile
import warnings
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from larq_focal.files import written_whole

_PACKAGES = ("litert_quantizer", "ai_edge_quantizer")
INSTALL = "pip install ai-edge-quantizer"


class QuantizerMissing(ImportError):
    """The package is not installed; the message says how to get it."""


def is_installed() -> bool:
    """Whether the quantizer is there, which is not imported for this."""
    return any(map(find_spec, _PACKAGES))


def quantize_stock(source: str | Path, path: str | Path, form: str, representative: Sequence[np.ndarray]) -> Path:
    """Writes a float TensorFlow Lite file with weights of few bits, and returns its path.

    Args:
        source: the float file, of one input.
        path: where the result goes.
        form: one of ``STOCK_FORMS``.
        representative: samples ``[n, ...]`` from which the ranges of values are taken, where the form has integers
            between the layers.

    Raises:
        QuantizerMissing: the package is not installed.
        ValueError: there is no such form, or the quantizer does not take the file.
    """
    if form not in STOCK_FORMS:
        raise ValueError(f"There is no stock form '{form}': choose one of {', '.join(STOCK_FORMS)}.")
    package = next(filter(find_spec, _PACKAGES), None)
    if package is None:
        raise QuantizerMissing(f"'{source}' is quantized by ai-edge-quantizer, which is not installed: {INSTALL}")
    qtyping, quantizer, recipes = (
        import_module(f"{package}.{name}") for name in ("qtyping", "quantizer", "recipe_manager")
    )
    manager = recipes.RecipeManager()
    STOCK_FORMS[form](manager, qtyping.TFLOperationName)
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own calls
        named = Path(folder) / "named.tflite"
        named.write_bytes(_named(Path(source).read_bytes()))
        try:
            work = quantizer.Quantizer(str(named), manager.get_quantization_recipe())
            ranges = work.calibrate(_calls(named, representative), num_threads=1) if work.need_calibration else None
            done = work.quantize(ranges, enable_progress_bar=False, enable_progress_report=False)
        except (RuntimeError, KeyError, NotImplementedError) as error:
            raise ValueError(f"'{source}': {package} could not make {form} of it ({error}).") from error
    with written_whole(path) as file:
        file.write(done.quantized_model)
    return Path(path)


def _static_int8(manager: Any, kinds: Any) -> None:
    manager.add_static_config(".*", kinds.ALL_SUPPORTED, activation_num_bits=8, weight_num_bits=8)


def _int4_weights(manager: Any, kinds: Any) -> None:
    manager.add_dynamic_config(".*", kinds.ALL_SUPPORTED, num_bits=4)


def _int2_dense(manager: Any, kinds: Any) -> None:
    """LiteRT computes weights of 2 bits in dense layers alone: convolutions with them give NaN (2.3)."""
    _int4_weights(manager, kinds)
    manager.add_dynamic_config(".*", kinds.FULLY_CONNECTED, num_bits=2)


STOCK_FORMS: dict[str, Callable[[Any, Any], None]] = {
    "int8": _static_int8,
    "int4": _int4_weights,
    "int2": _int2_dense,
}
"""By name: what the quantizer is asked for. Weights and values of 8 bits; weights of 4 bits; in dense layers of 2."""


def _calls(path: Path, samples: Sequence[np.ndarray]) -> dict[str, list[dict[str, np.ndarray]]]:
    """The samples one by one, for the signature of the file."""
    from ai_edge_litert.interpreter import Interpreter

    ((key, signature),) = Interpreter(str(path)).get_signature_list().items()
    (name,) = signature["inputs"]
    return {key: [{name: np.asarray(sample, np.float32)[np.newaxis]} for sample in samples]}


def _named(content: bytes) -> bytes:
    """With a name for each tensor, which the quantizer asks for."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    for index, tensor in enumerate(model.subgraphs[0].tensors):
        tensor.name = tensor.name or f"constant_{index}"
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
